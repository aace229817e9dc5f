import type { Activation } from "../../../src/activations/index.js";
import type { NormOrder } from "../../../src/compute/backend.js";
import type { CropWindow } from "../../../src/compute/crop-window.js";
import type { Elementwise } from "../../../src/compute/elementwise.js";
import { type Conv2dGeometry, outFeatures, weightsPerOutput } from "../../../src/compute/geometry.js";
import type { Noise } from "../../../src/compute/noise.js";
import { indexedOwners, OWN, type Owners, repeatOwners, SHARED } from "../../../src/compute/owners.js";
import type { RandomSource } from "../../../src/compute/random.js";
import { noise } from "../../../src/compute/random-noise.js";
import { ACTIVATIONS } from "../conformance/activations.js";
import type { Operand, PairedBackend } from "./paired-backend.js";

/** Around vectors, register tiles and blocks of them, and none at all. */
const SIZES = [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 33, 48, 49, 97];
/** What is no size; those that no memory holds are for `World.endless`. */
const ODD_SIZES = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 1e308];
/** Numbers at the ends of an arithmetic, and what is none. */
const ODD_VALUES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-40, 3e38, -1e30];

/** How entries are drawn. Dyadic ones are multiples of 1/8: their products are exact in either arithmetic. */
export type Entries = "normal" | "dyadic" | "positive" | "odd";

/** Arguments of one call, drawn at random; in a wild one some of them are what no call may take. */
export class Draw {
  readonly from: RandomSource;
  readonly bench: PairedBackend;
  readonly wild: boolean;

  constructor(from: RandomSource, bench: PairedBackend, wild: boolean) {
    this.from = from;
    this.bench = bench;
    this.wild = wild;
  }

  chance(share: number): boolean {
    return this.from.uniform() < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.from.integer(choices.length)];
  }

  between(least: number, most: number): number {
    return least + this.from.integer(most - least + 1);
  }

  get astray(): boolean {
    return this.wild && this.chance(0.25);
  }

  size(): number {
    return this.pick(SIZES);
  }

  /** A size that is passed as it is. */
  stated(size: number): number {
    if (!this.astray) return size;
    return this.chance(0.5) ? this.pick(ODD_SIZES) : size + this.between(-1, 1);
  }

  value(): number {
    return this.chance(0.05) ? this.pick(ODD_VALUES) : Math.fround(this.from.normal());
  }

  entries(count: number, kind: Entries): number[] {
    const { from } = this;
    return Array.from({ length: count }, () => {
      if (kind === "dyadic") return this.between(-24, 24) / 8;
      if (kind === "odd" && this.chance(0.2)) return this.pick(ODD_VALUES);
      const entry = Math.fround(Math.max(-4, Math.min(4, from.normal())));
      return kind === "positive" ? 0.125 + Math.abs(entry) : entry;
    });
  }

  /** A new tensor. */
  fresh(features: number, rows: number, kind: Entries = "normal"): Operand {
    return this.bench.upload(features, rows, this.entries(features * rows, kind));
  }

  /** One that is there, or else a new one; null leaves a size free. */
  tensor(features: number | null = null, rows: number | null = null): Operand {
    const fits = this.bench.live.filter(
      (x) => (features === null || x.features === features) && (rows === null || x.rows === rows),
    );
    if (fits.length > 0 && this.chance(0.7)) return this.pick(fits);
    // Large enough to be shared among threads.
    const wide = features === null && rows === null && this.chance(0.03);
    if (wide) return this.chance(0.5) ? this.fresh(67, 1031) : this.fresh(1031, 67);
    return this.fresh(features ?? this.size(), rows ?? this.size(), this.chance(0.06) ? "odd" : "normal");
  }

  like(x: Operand): Operand {
    return this.tensor(x.features, x.rows);
  }

  index(length: number, from: number, below: number): Int32Array {
    const index = Int32Array.from({ length: below > from ? length : 0 }, () => this.between(from, below - 1));
    if (this.astray && index.length > 0) {
      index[this.from.integer(index.length)] = this.pick([from - 1, below, -(2 ** 31), 2 ** 31 - 1]);
    }
    return this.astray ? index.slice(1) : index;
  }

  /** Owners of so many rows, and of how many columns. */
  owners(rows: number): { readonly owners: Owners; readonly columns: number } {
    if (this.astray) return this.oddOwners(rows);
    switch (this.from.integer(4)) {
      case 0:
        return { owners: OWN, columns: rows };
      case 1:
        return { owners: SHARED, columns: 1 };
      case 2: {
        if (rows === 0)
          return this.pick([
            { owners: repeatOwners(0), columns: 3 },
            { owners: repeatOwners(4), columns: 0 },
          ]);
        const times = this.pick([1, 2, 3, 4, 5, 8, 16, rows].filter((n) => rows % n === 0));
        return { owners: repeatOwners(times), columns: rows / times };
      }
      default: {
        const columns = 1 + this.size();
        const column = Int32Array.from({ length: rows }, () => this.from.integer(columns));
        return { owners: indexedOwners(this.chance(0.5) ? column.sort() : column), columns };
      }
    }
  }

  private oddOwners(rows: number): { readonly owners: Owners; readonly columns: number } {
    return this.pick([
      { owners: OWN, columns: rows + 1 },
      { owners: SHARED, columns: 2 },
      { owners: repeatOwners(this.pick([...ODD_SIZES, 2 ** 31])), columns: rows },
      { owners: repeatOwners(2), columns: rows },
      { owners: indexedOwners(new Int32Array(rows + 1)), columns: 1 },
      { owners: indexedOwners(new Int32Array(rows).fill(-1)), columns: 3 },
      { owners: indexedOwners(new Int32Array(rows).fill(3)), columns: 3 },
    ]);
  }

  geometry(): Conv2dGeometry {
    const groups = this.pick([1, 1, 1, 2, 3]);
    const side = () => {
      const [size, kernel] = [this.between(1, 7), this.between(1, 4)];
      const [stride, pad, dilation] = [this.between(1, 3), this.between(0, 2), this.pick([1, 1, 2])];
      const natural = Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
      return {
        size,
        kernel,
        stride,
        pad,
        dilation,
        out: Math.max(1, natural + this.pick([0, 0, 0, -1, 1, 2])),
      };
    };
    const [y, x] = [side(), side()];
    return {
      inChannels: groups * this.between(1, 3),
      inHeight: y.size,
      inWidth: x.size,
      outChannels: groups * this.between(1, 3),
      outHeight: y.out,
      outWidth: x.out,
      kernelHeight: y.kernel,
      kernelWidth: x.kernel,
      strideHeight: y.stride,
      strideWidth: x.stride,
      padTop: y.pad,
      padLeft: x.pad,
      dilationHeight: y.dilation,
      dilationWidth: x.dilation,
      groups,
    };
  }

  /** The same geometry, or in a wild call one that is none. */
  spoiled(geometry: Conv2dGeometry): Conv2dGeometry {
    if (!this.astray) return geometry;
    const field = this.pick(Object.keys(geometry) as (keyof Conv2dGeometry)[]);
    return { ...geometry, [field]: this.pick([...ODD_SIZES, 0, 2 ** 30, 2 ** 31, geometry[field] + 1]) };
  }

  kernelOf(geometry: Conv2dGeometry): Operand {
    return this.tensor(geometry.outChannels, weightsPerOutput(geometry));
  }

  pooling(): Conv2dGeometry {
    const geometry = this.geometry();
    const { inChannels } = geometry;
    return { ...geometry, outChannels: inChannels, groups: inChannels };
  }

  /** Outputs of a geometry, by number. */
  places(geometry: Conv2dGeometry): Int32Array {
    return this.index(this.size(), 0, outFeatures(geometry));
  }

  window(rows: number): CropWindow {
    const [height, width] = [this.between(1, 6), this.between(1, 6)];
    const place = () => {
      const at = Int32Array.from({ length: rows }, () => this.between(-4, 7));
      if (rows > 0 && this.chance(0.1)) at[0] = this.pick([-(2 ** 31), 2 ** 31 - 1]);
      return at;
    };
    const window = {
      channels: this.between(1, 3),
      height,
      width,
      patchHeight: this.between(1, 6),
      patchWidth: this.between(1, 6),
      top: place(),
      left: place(),
    };
    if (!this.astray) return window;
    return this.pick([
      { ...window, left: window.left.slice(1) },
      { ...window, patchHeight: this.pick(ODD_SIZES) },
      { ...window, channels: 0 },
    ]);
  }

  activation(): Activation {
    return this.pick(ACTIVATIONS);
  }

  elementwise(): Elementwise {
    if (this.astray) return { kind: "leaky-relu", slope: Number.NaN };
    return this.chance(0.7)
      ? this.activation()
      : this.pick([{ kind: "abs" }, { kind: "sign" }, { kind: "square" }]);
  }

  order(): NormOrder {
    return this.astray
      ? (this.pick([0, 3, Number.NaN]) as NormOrder)
      : this.pick([1, 2, Number.POSITIVE_INFINITY]);
  }

  noise(columns: number): Noise {
    const own = noise(this.pick(["cauchy", "normal"]), this.between(0, 2 ** 20), "fuzz");
    if (this.chance(0.5)) return own;
    const examples = Array.from({ length: columns }, () => this.pick([0, 1, 2, 70_000, 2 ** 31 - 1]));
    if (this.astray) return { ...own, examples: [...examples, this.pick([0, -1, 0.5])] };
    return { ...own, examples };
  }
}
