import { expect } from "vitest";
import type { Backend, Tensor } from "../../../src/compute/backend.js";
import { indexedOwners, OWN, type Owners, repeatOwners, SHARED } from "../../../src/compute/owners.js";
import { type RandomSource, random } from "../../../src/compute/random.js";
import { build, type Matrix } from "../oracle.js";

/** A way of owning rows, with the numbers of rows and columns that it fits. */
export interface Ownership {
  readonly name: string;
  readonly owners: Owners;
  readonly rows: number;
  readonly columns: number;
}

/** All four kinds, with owners of no rows, of one, and indexed owners out of order. */
export const OWNERSHIPS: readonly Ownership[] = [
  { name: "own", owners: OWN, rows: 7, columns: 7 },
  { name: "shared", owners: SHARED, rows: 9, columns: 1 },
  { name: "repeat 5", owners: repeatOwners(5), rows: 15, columns: 3 },
  { name: "repeat 1", owners: repeatOwners(1), rows: 4, columns: 4 },
  {
    name: "indexed, unsorted, one column empty",
    owners: indexedOwners(Int32Array.of(3, 3, 0, 1, 0, 3, 4, 4, 1, 0, 3)),
    rows: 11,
    columns: 5,
  },
  { name: "indexed, no rows", owners: indexedOwners(new Int32Array(0)), rows: 0, columns: 3 },
];

/** The backend under test, random matrices that either arithmetic holds exactly, and the comparison. */
export class Bench {
  readonly relative: number;
  readonly random: RandomSource;
  readonly #makeBackend: () => Promise<Backend>;
  #backend: Promise<Backend> | null = null;

  constructor(makeBackend: () => Promise<Backend>, relative: number) {
    this.#makeBackend = makeBackend;
    this.relative = relative;
    this.random = random(2018, "conformance");
  }

  /** The one backend of this suite, made at its first use. */
  backend(): Promise<Backend> {
    this.#backend ??= this.#makeBackend();
    return this.#backend;
  }

  /** Another instance, to which no tensor of the first belongs. */
  another(): Promise<Backend> {
    return this.#makeBackend();
  }

  /** Standard normal entries, rounded to float32 so that every backend starts from the same numbers. */
  matrix(features: number, rows: number, scale = 1): Matrix {
    return build(features, rows, () => Math.fround(scale * this.random.normal()));
  }

  /** Entries no nearer to zero than `gap`, for derivatives beside kinks. */
  matrixAwayFromZero(features: number, rows: number, gap = 0.05): Matrix {
    return build(features, rows, () => {
      const entry = this.random.normal();
      return Math.fround(entry + Math.sign(entry) * gap);
    });
  }

  positiveMatrix(features: number, rows: number): Matrix {
    return build(features, rows, () => Math.fround(0.1 + Math.abs(this.random.normal())));
  }

  async upload(x: Matrix): Promise<Tensor> {
    return (await this.backend()).upload(x.features, x.rows, x.values);
  }

  /** Runs an operation on uploaded matrices and reads its result. */
  async run(
    inputs: readonly Matrix[],
    operation: (backend: Backend, tensors: Tensor[]) => Tensor,
  ): Promise<Matrix> {
    const backend = await this.backend();
    const tensors = inputs.map((x) => backend.upload(x.features, x.rows, x.values));
    const result = operation(backend, tensors);
    const matrix = await this.read(result);
    for (const tensor of [...tensors, result]) tensor.dispose();
    return matrix;
  }

  async read(tensor: Tensor): Promise<Matrix> {
    const values = await (await this.backend()).read(tensor);
    return { features: tensor.features, rows: tensor.rows, values: Array.from(values) };
  }

  /** Compares shapes and entries; both NaN, or both the same infinity, are equal. */
  expectClose(got: Matrix, expected: Matrix, what: string, relative = this.relative): void {
    expect([got.features, got.rows], `${what}: shape`).toEqual([expected.features, expected.rows]);
    const scale = Math.max(1, ...expected.values.filter(Number.isFinite).map(Math.abs));
    for (let i = 0; i < expected.values.length; i++) {
      if (Object.is(got.values[i], expected.values[i])) continue;
      const error = Math.abs(got.values[i] - expected.values[i]) / scale;
      if (!(error <= relative)) {
        expect.fail(
          `${what}: entry ${i} is ${got.values[i]}, expected ${expected.values[i]} (error ${error})`,
        );
      }
    }
  }

  /** Tolerance against finite differences, whose own error is about 1e-8. */
  get gradientTolerance(): number {
    return Math.max(2e-6, 4 * this.relative);
  }
}
