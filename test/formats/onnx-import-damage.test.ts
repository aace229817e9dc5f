import type { ModelProto } from "onnx-buf";
import { afterAll, describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { AutodualError } from "../../src/errors.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { changed, protoOf } from "./onnx-change.js";
import { GALLERY } from "./onnx-example-graphs.js";
import { fileOf } from "./onnx-import-oracle.js";

const TRUNCATIONS = 60;
const FLIPS = 140;
/** Milliseconds; a tenth of it on a machine that does nothing else. */
const LONGEST = 3000;
/** Kilobytes that the process may grow by over all files together. */
const MOST_MEMORY = 2 ** 20;

const backend = createPortableBackend();
const memory = () => process.resourceUsage().maxRSS;
const before = memory();
const found = { imported: 0, refused: 0 };

/** A damaged file becomes a network that is its graph's, or is refused in one line. */
async function expectDecision(bytes: Uint8Array, what: string): Promise<void> {
  const start = performance.now();
  try {
    await importCheckedOnnx(backend, bytes, "m.onnx");
    found.imported++;
  } catch (error) {
    expect(error, `${what}: ${(error as Error).stack}`).toBeInstanceOf(AutodualError);
    expect((error as Error).message, what).toMatch(/^m\.onnx: [^\n\r]+$/);
    found.refused++;
  }
  expect(performance.now() - start, what).toBeLessThan(LONGEST);
}

/** Lists of whole numbers of a file: shapes, attributes, tensors of integers. */
function integersOf(file: ModelProto): bigint[][] {
  const { node, initializer } = file.graph!;
  const attributes = node.flatMap(({ attribute }) => attribute);
  const tensors = [...initializer, ...attributes.flatMap(({ t }) => (t ? [t] : []))];
  return [
    ...attributes.map(({ ints }) => ints),
    ...tensors.flatMap(({ int64Data, dims }) => [int64Data, dims]),
  ].filter(({ length }) => length > 0);
}

const NUMBERS = [0n, -1n, 7n, 2n ** 22n + 1n, 2n ** 31n, 2n ** 62n, -(2n ** 63n)];

describe.each(GALLERY.map((one) => [one.name, fileOf(one)] as const))("%s", (name, bytes) => {
  it(`is told from ${TRUNCATIONS} truncations and ${FLIPS} files with flipped bits`, async () => {
    const source = random(7, name);
    for (let i = 0; i < TRUNCATIONS; i++) {
      await expectDecision(bytes.subarray(0, source.integer(bytes.length)), `truncation ${i}`);
    }
    for (let i = 0; i < FLIPS; i++) {
      const damaged = Uint8Array.from(bytes);
      for (let flips = 1 + source.integer(3); flips > 0; flips--) {
        damaged[source.integer(damaged.length)] ^= 1 << source.integer(8);
      }
      await expectDecision(damaged, `flips ${i}`);
    }
  });

  it("is told from files with another number in any list", async () => {
    const lists = integersOf(protoOf(bytes));
    for (const [i, list] of lists.entries()) {
      for (let at = 0; at < Math.min(list.length, 4); at++) {
        for (const number of NUMBERS) {
          const file = changed(bytes, (other) => {
            integersOf(other)[i][at] = number;
          });
          await expectDecision(file, `list ${i}[${at}] = ${number}`);
        }
      }
    }
  });

  it("is told from files with another input, type, operator set or operator", async () => {
    const { initializer, node } = protoOf(bytes).graph!;
    const changes: [string, (file: ModelProto) => void][] = [
      ...NUMBERS.flatMap((extent) =>
        [0, 1, 2, 3].map((axis): [string, (file: ModelProto) => void] => [
          `extent ${axis} = ${extent}`,
          (file) => {
            const type = file.graph!.input[0].type!.value;
            const dimension = type.case === "tensorType" ? type.value.shape!.dim[axis] : undefined;
            if (dimension) dimension.value = { case: "dimValue", value: extent };
          },
        ]),
      ),
      ...initializer.flatMap((_, i) =>
        [1, 6, 7, 9, 10, 11, 16, 99].map((type): [string, (file: ModelProto) => void] => [
          `type of ${i} = ${type}`,
          (file) => {
            file.graph!.initializer[i].dataType = type;
          },
        ]),
      ),
      ...Array.from({ length: 16 }, (_, i): [string, (file: ModelProto) => void] => [
        `operator set ${i + 7}`,
        (file) => {
          file.opsetImport[0].version = BigInt(i + 7);
        },
      ]),
      ...node.flatMap((_, i) =>
        node.map((other, j): [string, (file: ModelProto) => void] => [
          `node ${i} as node ${j}`,
          (file) => {
            file.graph!.node[i].opType = other.opType;
            file.graph!.node[i].attribute = other.attribute;
          },
        ]),
      ),
    ];
    for (const [what, change] of changes) await expectDecision(changed(bytes, change), what);
  });
});

afterAll(() => {
  expect(found.imported + found.refused).toBeGreaterThan(GALLERY.length * (TRUNCATIONS + FLIPS));
  expect(found.imported).toBeGreaterThan(500);
  expect(memory() - before).toBeLessThan(MOST_MEMORY);
});
