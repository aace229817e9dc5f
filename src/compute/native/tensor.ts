import { BackendError } from "../../errors.js";
import type { Dtype, FloatArray, MemoryUse, Tensor } from "../backend.js";
import type { Size } from "../shape-checks.js";
import { type EngineOptions, openEngine } from "./addon.js";
import type { Engine } from "./engine.js";
import type { TensorNumber } from "./engine-types.js";

/** A tensor of the native backend: a shape over a number that the addon knows entries by. */
export class NativeTensor implements Tensor {
  readonly features: number;
  readonly rows: number;
  readonly memory: NativeMemory;
  /** 0 once released. */
  #number: TensorNumber;

  constructor(memory: NativeMemory, shape: Size, number: TensorNumber) {
    this.memory = memory;
    this.features = shape.features;
    this.rows = shape.rows;
    this.#number = number;
  }

  get disposed(): boolean {
    return this.#number === 0 || this.memory.closed;
  }

  /** The addon's number. Throws a `BackendError` after release. */
  get number(): TensorNumber {
    if (this.#number === 0) {
      throw new BackendError(`tensor [${this.features}, ${this.rows}] was used after its release`);
    }
    return this.#number;
  }

  dispose(): void {
    const number = this.#number;
    this.#number = 0;
    if (number !== 0) this.memory.forget(number);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Where the tensors of one native backend come from, and the check that a tensor is one of them. */
export class NativeMemory {
  readonly dtype: Dtype;
  readonly #engine: Engine;
  #closed = false;

  constructor(options: EngineOptions) {
    this.dtype = options.dtype;
    this.#engine = openEngine(options);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The addon's side. Throws a `BackendError` after `close`. */
  get engine(): Engine {
    this.checkOpen();
    return this.#engine;
  }

  /** Throws a `BackendError` after `close`. */
  checkOpen(): void {
    if (this.#closed) throw new BackendError("the native backend was used after its release");
  }

  use(resetPeak: boolean): MemoryUse {
    if (this.#closed) return { liveBytes: 0, peakBytes: 0, scratchBytes: 0 };
    const [liveBytes, peakBytes, scratchBytes] = this.#engine.memory(resetPeak);
    return { liveBytes, peakBytes, scratchBytes };
  }

  /** Releases every tensor, the memory and the threads. What is still awaited rejects with a `BackendError`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#engine.dispose();
  }

  /** A new tensor that holds a copy of the values. */
  copy(shape: Size, values: ArrayLike<number>): NativeTensor {
    const direct =
      values instanceof Float32Array || values instanceof Float64Array || values instanceof Int32Array;
    const array: FloatArray | Int32Array = direct ? values : Float64Array.from(values);
    return this.give(shape, this.engine.upload(shape.features, shape.rows, array));
  }

  /** The tensor of a result. */
  give(shape: Size, number: TensorNumber): NativeTensor {
    return new NativeTensor(this, shape, number);
  }

  /** The tensor, checked: of this backend and not released; else a `BackendError`. */
  take(tensor: Tensor): NativeTensor {
    if (!(tensor instanceof NativeTensor) || tensor.memory !== this) {
      const other = tensor instanceof NativeTensor ? `native (${tensor.memory.dtype})` : "another kind";
      throw new BackendError(
        `tensor [${tensor?.features}, ${tensor?.rows}] belongs to another backend: expected one of this native ` +
          `backend (${this.dtype}), got one of ${other}; read it there and upload it here`,
      );
    }
    if (this.#closed || tensor.disposed) {
      this.engine;
      tensor.number;
    }
    return tensor;
  }

  takeOptional(tensor: Tensor | null): NativeTensor | null {
    return tensor === null ? null : this.take(tensor);
  }

  forget(number: TensorNumber): void {
    if (!this.#closed) this.#engine.release(number);
  }
}

/** The number of a tensor that may be left out. */
export function optionalNumber(tensor: NativeTensor | null): TensorNumber {
  return tensor === null ? 0 : tensor.number;
}
