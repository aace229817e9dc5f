import type {
  Backend,
  BackwardEnd,
  BackwardStart,
  BackwardStep,
  Reading,
  Tensor,
} from "../../../src/compute/backend.js";
import { outFeatures } from "../../../src/compute/geometry.js";
import type { Draw } from "./draw.js";
import type { Call, Operand } from "./paired-backend.js";

/** Takes the next tensors of those that were drawn, in their order. */
type Take = () => Tensor;

/** A chain that is drawn step by step: what it reads, and how it is written down on a backend. */
class Drawing {
  readonly inputs: Operand[] = [];
  readonly steps: ((take: Take) => BackwardStep)[] = [];
  readonly waiting = new Map<number, number>();
  features: number;
  readonly d: Draw;
  readonly rows: number;

  constructor(d: Draw, features: number, rows: number) {
    this.d = d;
    this.features = features;
    this.rows = rows;
  }

  /** Small entries, so that a chain of products stays small. */
  small(features: number, rows: number): void {
    const { d } = this;
    this.inputs.push(
      d.bench.upload(
        features,
        rows,
        d.entries(features * rows, "dyadic").map((entry) => entry / 8),
      ),
    );
  }

  /** Whole columns, or patches of images as viewers see them. */
  reading(count: number): Reading {
    const { d, features } = this;
    const { owners, columns } = d.owners(this.rows);
    if (features === 0 || features > 200 || d.chance(0.7)) {
      for (let i = 0; i < count; i++) this.small(features, columns);
      return { owners };
    }
    const examples = d.owners(columns);
    const patchWidth = d.pick([1, 2, 3, 4].filter((n) => features % n === 0));
    const window = { ...d.window(columns), channels: features / patchWidth, patchHeight: 1, patchWidth };
    for (let i = 0; i < count; i++)
      this.small(window.channels * window.height * window.width, examples.columns);
    return { owners, sight: { window, examples: examples.owners } };
  }

  add(): void {
    const { d } = this;
    const slot = d.astray ? d.pick([64, -1, 0.5]) : d.between(0, 3);
    switch (d.from.integer(9)) {
      case 0: {
        const next = 1 + d.from.integer(20);
        this.small(this.features, next);
        this.features = next;
        this.steps.push((take) => ({ kind: "linear", weight: take() }));
        return;
      }
      case 1: {
        const own = this.reading(2);
        this.steps.push((take) => ({ kind: "enclose", slope: take(), radius: take(), ...own }));
        return;
      }
      case 2: {
        const own = this.reading(3);
        this.steps.push((take) => ({
          kind: "enclose",
          slope: take(),
          radius: take(),
          shift: take(),
          ...own,
        }));
        return;
      }
      case 3: {
        const own = this.reading(4);
        this.steps.push((take) => ({
          kind: "lines",
          lower: take(),
          upper: take(),
          even: take(),
          odd: take(),
          ...own,
        }));
        return;
      }
      case 4: {
        const own = this.reading(1);
        const scales = d.chance(0.5);
        this.steps.push((take) =>
          scales ? { kind: "scale", scale: take(), ...own } : { kind: "offset", offset: take(), ...own },
        );
        return;
      }
      case 5: {
        const index = d.index(1 + d.from.integer(12), -1, this.features);
        this.features = index.length;
        this.steps.push(() => ({ kind: "gather", index }));
        return;
      }
      case 6: {
        const geometry = d.geometry();
        if (outFeatures(geometry) > 400) return;
        const index = d.index(outFeatures(geometry), -1, this.features);
        this.steps.push(() => ({ kind: "gather", index }));
        this.small(
          geometry.outChannels,
          (geometry.inChannels / geometry.groups) * geometry.kernelHeight * geometry.kernelWidth,
        );
        this.features = geometry.inChannels * geometry.inHeight * geometry.inWidth;
        const spoiled = d.spoiled(geometry);
        this.steps.push((take) => ({ kind: "conv2d", weight: take(), geometry: spoiled }));
        return;
      }
      case 7: {
        if (this.waiting.has(slot)) return;
        const index = d.chance(0.5) ? d.index(1 + d.from.integer(12), -1, this.features) : undefined;
        this.waiting.set(slot, index ? index.length : this.features);
        this.steps.push(() => ({ kind: "copy", slot, ...(index && { index }) }));
        return;
      }
      default: {
        if (this.waiting.has(slot)) return;
        // Stored, and another branch taken up in its place.
        const [other] = this.waiting.keys();
        if (other === undefined) return;
        this.steps.push(
          () => ({ kind: "store", slot }),
          () => ({ kind: "load", slot: other }),
        );
        const features = this.waiting.get(other) as number;
        this.waiting.delete(other);
        this.waiting.set(slot, this.features);
        this.features = features;
      }
    }
  }

  /** Adds what waits, as features that are there. */
  join(): void {
    for (const [slot, features] of this.waiting) {
      const index = Int32Array.from({ length: this.features }, () => this.d.between(-1, features - 1));
      this.steps.push(() => ({ kind: "add", slot, index }));
    }
  }
}

/** A chain of a few steps. */
export function chain(d: Draw): Call {
  const rows = d.size();
  const lines = d.chance(0.4);
  const matrix = lines ? d.fresh(1 + d.from.integer(9), 1 + d.from.integer(20), "dyadic") : null;
  const index = matrix ? d.index(rows, 0, matrix.features) : new Int32Array(0);
  const start = matrix ?? d.fresh(1 + d.from.integer(20), rows, "dyadic");
  const drawing = new Drawing(d, lines ? start.rows : start.features, lines ? index.length : rows);
  for (let i = d.between(0, 6); i > 0; i--) drawing.add();
  if (!d.astray) drawing.join();
  const withCentre = d.chance(0.5);
  const own = drawing.reading(withCentre ? 2 : 1);
  const order = d.order();
  const run = (backend: Backend, [first, ...rest]: Tensor[]): readonly Tensor[] => {
    const take: Take = () => rest.shift() as Tensor;
    const from: BackwardStart = lines ? { kind: "lines", matrix: first, index } : { kind: "rows", nu: first };
    const steps = drawing.steps.map((step) => step(take));
    const end: BackwardEnd = { radius: take(), ...(withCentre && { centre: take() }), ...own, order };
    return [backend.backward(from, steps, end)];
  };
  return { name: "backward", inputs: [start, ...drawing.inputs], run, times: 16 };
}
