import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { FormatError } from "../../src/errors.js";

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "autodual-data-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** IDX bytes: unsigned bytes of the given shape. */
export function idxBytes(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  bytes.set(Uint8Array.from(values), 4 + 4 * shape.length);
  return bytes;
}

/** `count` records of CIFAR's binary version: labels in turn, pixel p of record i is (i + p) mod 256. */
export function cifarBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 3073);
  for (let i = 0; i < count; i++) {
    bytes[i * 3073] = i % 10;
    for (let p = 0; p < 3072; p++) bytes[i * 3073 + 1 + p] = i + p;
  }
  return bytes;
}

type ErrorClass = typeof FormatError | (new (message: string) => Error);

/** Expects an error of the class whose message is one line with all of `parts`. */
export async function expectError(
  run: () => unknown,
  parts: readonly string[],
  ErrorType: ErrorClass = FormatError,
): Promise<void> {
  let caught: unknown;
  try {
    await run();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ErrorType);
  const { message } = caught as Error;
  expect(message).not.toContain("\n");
  for (const part of parts) expect(message).toContain(part);
}
