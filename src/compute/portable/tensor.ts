import { BackendError, OutOfMemoryError } from "../../errors.js";
import type { Dtype, FloatArray, MemoryUse, Tensor } from "../backend.js";
import type { Size } from "../shape-checks.js";

/** Entries shared by a tensor and its views. */
interface Storage {
  readonly values: FloatArray;
  views: number;
}

/** A tensor of the portable backend: a shape over shared storage, row-major `[features, rows]`. */
export class PortableTensor implements Tensor {
  readonly features: number;
  readonly rows: number;
  readonly memory: PortableMemory;
  #storage: Storage | null;

  constructor(memory: PortableMemory, features: number, rows: number, storage: Storage) {
    this.memory = memory;
    this.features = features;
    this.rows = rows;
    this.#storage = storage;
    storage.views++;
  }

  get disposed(): boolean {
    return this.#storage === null || this.memory.closed;
  }

  /** The storage itself. Throws a `BackendError` after release. */
  get values(): FloatArray {
    return this.#live().values;
  }

  /** The same entries under another shape. */
  view(features: number, rows: number): PortableTensor {
    return new PortableTensor(this.memory, features, rows, this.#live());
  }

  dispose(): void {
    if (this.#storage === null) return;
    const storage = this.#storage;
    this.#storage = null;
    if (--storage.views === 0) this.memory.forget(storage.values.byteLength);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): Storage {
    this.memory.checkOpen();
    if (this.#storage === null) {
      throw new BackendError(`tensor [${this.features}, ${this.rows}] was used after its release`);
    }
    return this.#storage;
  }
}

/** Where the tensors of one portable backend come from, and the check that a tensor is one of them. */
export class PortableMemory {
  readonly dtype: Dtype;
  #bytes = 0;
  #peak = 0;
  #closed = false;

  constructor(dtype: Dtype) {
    this.dtype = dtype;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes of the tensors not yet released. A reset begins the peak anew from there. */
  use(resetPeak: boolean): MemoryUse {
    const use = { liveBytes: this.#bytes, peakBytes: this.#peak, scratchBytes: 0 };
    if (resetPeak) this.#peak = this.#bytes;
    return use;
  }

  /** Counts every tensor as released. Storage goes when its tensors do. */
  close(): void {
    this.#closed = true;
    this.#bytes = 0;
  }

  /** Throws a `BackendError` after `close`. */
  checkOpen(): void {
    if (this.#closed) throw new BackendError("the portable backend was used after its release");
  }

  /** A new tensor of zeros. Throws an `OutOfMemoryError` where JavaScript has no such array. */
  zeros(shape: Size): PortableTensor {
    return this.#own(shape, this.#array(shape, shape.features * shape.rows));
  }

  /** A new tensor that holds a copy of the values. */
  copy(shape: Size, values: ArrayLike<number>): PortableTensor {
    return this.#own(shape, this.#array(shape, values));
  }

  /** The tensor, checked: of this backend and not released; else a `BackendError`. */
  take(tensor: Tensor): PortableTensor {
    this.checkOpen();
    if (!(tensor instanceof PortableTensor) || tensor.memory !== this) {
      const other = tensor instanceof PortableTensor ? `portable (${tensor.memory.dtype})` : "another kind";
      throw new BackendError(
        `tensor [${tensor?.features}, ${tensor?.rows}] belongs to another backend: expected one of this ` +
          `portable backend (${this.dtype}), got one of ${other}; read it there and upload it here`,
      );
    }
    if (tensor.disposed) tensor.values;
    return tensor;
  }

  takeOptional(tensor: Tensor | null): PortableTensor | null {
    return tensor === null ? null : this.take(tensor);
  }

  forget(bytes: number): void {
    if (!this.#closed) this.#bytes -= bytes;
  }

  #array(shape: Size, of: number | ArrayLike<number>): FloatArray {
    this.checkOpen();
    const Numbers = this.dtype === "float64" ? Float64Array : Float32Array;
    try {
      return typeof of === "number" ? new Numbers(of) : new Numbers(of);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new OutOfMemoryError(
        `portable backend: out of memory: no array holds [${shape.features}, ${shape.rows}]; take less at a time`,
        { cause: error },
      );
    }
  }

  #own(shape: Size, values: FloatArray): PortableTensor {
    this.#bytes += values.byteLength;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return new PortableTensor(this, shape.features, shape.rows, { values, views: 0 });
  }
}
