import type { Backend, Dtype } from "../backend.js";
import { backwardByOperations, tensorsOfChain } from "../backward.js";
import * as rules from "../shape-rules/index.js";
import { adamOperations } from "./adam.js";
import { conv2dOperations } from "./conv2d.js";
import { conv2dSelectOperations } from "./conv2d-select.js";
import { cropOperations } from "./crop.js";
import { encloseOperations } from "./enclose.js";
import { entryOperations } from "./entries.js";
import { featureOperations } from "./features.js";
import { ProductScratch } from "./gathered-product.js";
import { lossOperations } from "./loss.js";
import { matrixOperations } from "./matrix.js";
import { selectionOperations } from "./max-pool.js";
import { medianOperations } from "./median.js";
import { noiseOperations } from "./noise.js";
import { normOperations } from "./norms.js";
import { measurePeak } from "./peak.js";
import { reductionOperations } from "./reductions.js";
import { relaxationOperations } from "./relaxations.js";
import { rowOperations } from "./rows.js";
import { PortableMemory } from "./tensor.js";

/**
 * The backend in plain TypeScript: runs wherever JavaScript does, on one thread, at once. Every sum accumulates in
 * double; with `float32` each result is rounded once, when it is stored.
 */
export function createPortableBackend(options: { readonly dtype?: Dtype } = {}): Backend {
  const dtype = options.dtype ?? "float64";
  const memory = new PortableMemory(dtype);
  const scratch = new ProductScratch();
  let double: Backend | undefined;
  const backend: Backend = {
    name: "portable",
    dtype,
    threads: 1,
    multiplyAddsAtOnce: 2 ** 27,
    machine: "TypeScript",
    memory: (resetPeak = false) => memory.use(resetPeak),
    async finish() {
      memory.checkOpen();
      return performance.now() / 1000;
    },
    inDouble() {
      if (dtype === "float64") return backend;
      memory.checkOpen();
      double ??= createPortableBackend({ dtype: "float64" });
      return double;
    },
    dispose() {
      double?.dispose();
      memory.close();
    },
    async peakGflops() {
      memory.checkOpen();
      return measurePeak();
    },
    upload: (features, rows, values) => memory.copy(rules.upload(features, rows, values), values),
    filled(features, rows, value) {
      const out = memory.zeros(rules.filled(features, rows));
      if (value !== 0) out.values.fill(value);
      return out;
    },
    read: async (tensor) => memory.take(tensor).values.slice(),
    reshape(tensor, features, rows) {
      const from = memory.take(tensor);
      const shape = rules.reshape(from, features, rows);
      return from.view(shape.features, shape.rows);
    },
    ...matrixOperations(memory, scratch),
    ...conv2dOperations(memory, scratch),
    ...conv2dSelectOperations(memory),
    ...featureOperations(memory),
    ...entryOperations(memory),
    ...rowOperations(memory),
    ...reductionOperations(memory),
    ...normOperations(memory),
    ...cropOperations(memory),
    ...encloseOperations(memory),
    ...medianOperations(memory),
    ...noiseOperations(memory),
    ...relaxationOperations(memory),
    ...selectionOperations(memory),
    ...lossOperations(memory),
    ...adamOperations(memory),
    backward(start, steps, end) {
      for (const tensor of tensorsOfChain(start, steps, end)) memory.take(tensor);
      return backwardByOperations(backend, start, steps, end);
    },
  };
  return backend;
}
