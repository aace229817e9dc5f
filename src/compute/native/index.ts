import { availableParallelism } from "node:os";
import { BackendError } from "../../errors.js";
import type { Backend, Dtype } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { requireAddon } from "./addon.js";
import { backward } from "./backward.js";
import { entryOperations } from "./entries.js";
import { featureOperations } from "./features.js";
import { lossOperations } from "./loss.js";
import { medianOperations } from "./median.js";
import { noiseOperations } from "./noise.js";
import { normOperations } from "./norms.js";
import { patchOperations } from "./patches.js";
import { measurePeak } from "./peak.js";
import { productOperations } from "./products.js";
import { relaxationOperations } from "./relaxations.js";
import { rowOperations } from "./rows.js";
import { NativeMemory } from "./tensor.js";

export interface NativeOptions {
  /** Default `float32`. */
  readonly dtype?: Dtype;
  /** Default: as many as the machine gives this process. */
  readonly threads?: number;
  /** One of `instructionSets()`; default the first. */
  readonly instructionSet?: string;
  /**
   * Most bytes of tensors and of what the backend holds for its work, that in double precision included; default no limit. A result
   * that goes beyond it, or for which the machine has no more memory, has no numbers, nor has what is made of it: reading either is an
   * `OutOfMemoryError`. Everything else goes on.
   */
  readonly memoryLimit?: number;
  /** For tests: fills every result with NaN before its kernel runs. */
  readonly poison?: boolean;
  /** For tests: begins every tensor 8 bytes after a 64-byte boundary. */
  readonly misalign?: boolean;
}

/** Instruction sets that this machine can run, the fastest first. Throws a `BackendError` where there is no addon. */
export function instructionSets(): readonly string[] {
  return requireAddon().instructionSets();
}

/**
 * The backend in C++: vector instructions, several threads, and a queue, so that only `read` and `finish` wait. Results
 * are the same whatever the number of threads. Throws a `BackendError` where the addon is absent, or for a number of
 * threads, a limit or an instruction set that it does not take.
 */
export function createNativeBackend(options: NativeOptions = {}): Backend {
  return backendBeside(null, options);
}

/** Within the memory of another backend, if one is given. */
function backendBeside(other: NativeMemory | null, options: NativeOptions): Backend {
  const sets = instructionSets();
  const {
    dtype = "float32",
    threads = availableParallelism(),
    instructionSet = sets[0],
    memoryLimit = 0,
    poison = false,
    misalign = false,
  } = options;
  if (!sets.includes(instructionSet)) {
    throw new BackendError(
      `backend native: expected an instruction set that this machine has (${sets.join(", ")}), got ${instructionSet}`,
    );
  }
  const own = { dtype, threads, instructionSet, memoryLimit, poison, misalign };
  const memory = new NativeMemory({ ...own, ...(other && { beside: other.engine }) });
  let double: Backend | undefined;
  const backend: Backend = {
    name: "native",
    dtype,
    threads,
    multiplyAddsAtOnce: 2 ** 33,
    machine: instructionSet,
    memory: (resetPeak = false) => memory.use(resetPeak),
    finish: async () => memory.engine.finish(),
    inDouble() {
      if (dtype === "float64") return backend;
      memory.checkOpen();
      double ??= backendBeside(memory, { ...options, dtype: "float64" });
      return double;
    },
    dispose() {
      double?.dispose();
      memory.close();
    },
    peakGflops: async () => measurePeak(memory.engine),
    upload: (features, rows, values) => memory.copy(rules.upload(features, rows, values), values),
    filled: (features, rows, value) =>
      memory.give(rules.filled(features, rows), memory.engine.filled(features, rows, value)),
    read: async (tensor) => memory.engine.read(memory.take(tensor).number),
    reshape(tensor, features, rows) {
      const from = memory.take(tensor);
      const shape = rules.reshape(from, features, rows);
      return memory.give(shape, memory.engine.reshape(from.number, features, rows));
    },
    backward: (start, steps, end) => backward(memory, start, steps, end),
    ...productOperations(memory),
    ...featureOperations(memory),
    ...entryOperations(memory),
    ...rowOperations(memory),
    ...normOperations(memory),
    ...patchOperations(memory),
    ...relaxationOperations(memory),
    ...lossOperations(memory),
    ...medianOperations(memory),
    ...noiseOperations(memory),
  };
  return backend;
}
