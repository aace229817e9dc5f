import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cifarBytes, idxBytes } from "../data/fixtures.js";

/** A few examples in the files of MNIST and CIFAR-10, for `--data-dir` with this folder. */
export function writePublishedData(folder: string): void {
  const [cifar, mnist] = [join(folder, "cifar10"), join(folder, "mnist")];
  mkdirSync(cifar, { recursive: true });
  for (const name of [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`).concat("test_batch")) {
    writeFileSync(join(cifar, `${name}.bin`), cifarBytes(2));
  }
  mkdirSync(mnist);
  for (const split of ["train", "t10k"]) {
    const pixels = Uint8Array.from({ length: 2 * 784 }, (_, i) => i % 251);
    writeFileSync(join(mnist, `${split}-images-idx3-ubyte`), idxBytes([2, 28, 28], pixels));
    writeFileSync(join(mnist, `${split}-labels-idx1-ubyte`), idxBytes([2], [3, 8]));
  }
}
