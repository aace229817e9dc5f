import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseCifarBatch } from "../../src/data/cifar10.js";
import { readIdx } from "../../src/data/idx.js";
import { readTar } from "../../src/data/tar.js";
import { cifarBytes, expectError, idxBytes, temporaryFolder } from "./fixtures.js";
import { tarBytes } from "./tar-bytes.js";

const folder = temporaryFolder();

function put(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("IDX", () => {
  const whole = idxBytes([2, 1, 3], [1, 2, 3, 4, 5, 6]);

  test("reads plain and gzipped files, whatever their names", async () => {
    for (const [name, bytes] of [
      ["plain", whole],
      ["packed.gz", gzipSync(whole)],
      ["packed-without-suffix", gzipSync(whole)],
    ] as const) {
      const { shape, values } = await readIdx(put(name, bytes), 3);
      expect(shape).toEqual([2, 1, 3]);
      expect([...values]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  test.each([
    ["empty", new Uint8Array(0), ["16 bytes", "found 0"]],
    ["cut-header", whole.subarray(0, 9), ["16 bytes", "found 9"]],
    ["truncated", whole.subarray(0, 20), ["expected 22 bytes", "[2,1,3]", "found 20"]],
    ["too-long", Uint8Array.of(...whole, 7), ["expected 22 bytes", "found 23"]],
    ["floats", Uint8Array.of(0, 0, 0x0d, 3, ...whole.subarray(4)), ["00000803", "found 00000d03"]],
    ["labels-instead", idxBytes([14], new Uint8Array(14)), ["00000803", "found 00000801"]],
    ["text", new TextEncoder().encode("<!doctype html><html>"), ["00000803", "found 3c21646f"]],
    ["half.gz", gzipSync(whole).subarray(0, 20), ["gzip", "unexpected end of file"]],
    ["corrupt.gz", gzipSync(whole).fill(0x55, 14, 24), ["gzip"]],
    ["not-packed.gz", whole, ["gzip", "found other bytes"]],
  ])("%s is refused in one line that names the file", async (name, bytes, parts) => {
    const path = put(name, bytes);
    await expectError(() => readIdx(path, 3), [path, "expected", "found", ...parts]);
  });

  test("a missing file and a folder are refused", async () => {
    await expectError(() => readIdx(join(folder, "absent"), 3), ["absent", "no such file"]);
    await expectError(() => readIdx(folder, 3), [folder, "a folder"]);
  });
});

describe("CIFAR-10", () => {
  test("splits records into labels and planes", () => {
    const { count, pixels, labels } = parseCifarBatch(cifarBytes(3), "batch");
    expect(count).toBe(3);
    expect([...labels]).toEqual([0, 1, 2]);
    expect(pixels[3072 + 5]).toBe(6);
    expect(pixels.length).toBe(3 * 3072);
  });

  test("a cut record, an empty file and a label above 9 are refused", async () => {
    const cut = cifarBytes(2).subarray(0, 3073 + 100);
    await expectError(
      () => parseCifarBatch(cut, "b.bin"),
      ["b.bin", "3073 bytes", "1 records and 100 bytes"],
    );
    await expectError(() => parseCifarBatch(new Uint8Array(0), "b.bin"), ["b.bin", "found 0 bytes"]);
    const labelled = cifarBytes(2);
    labelled[3073] = 10;
    await expectError(() => parseCifarBatch(labelled, "b.bin"), ["b.bin", "record 1", "0 to 9", "found 10"]);
  });
});

describe("tar", () => {
  const files = { "folder/a.bin": Uint8Array.of(1, 2, 3), "folder/b.bin": new Uint8Array(512).fill(7) };

  test("gives the plain files", () => {
    const found = readTar(tarBytes(files), "x.tar");
    expect(Object.fromEntries([...found].map(([name, bytes]) => [name, [...bytes]]))).toEqual(
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, [...bytes]])),
    );
  });

  test("truncated and foreign bytes are refused", async () => {
    const whole = tarBytes(files);
    await expectError(() => readTar(whole.subarray(0, 1500), "x.tar"), ["x.tar", "found 1500 bytes"]);
    await expectError(() => readTar(whole.subarray(0, 2048), "x.tar"), ["x.tar", "break off"]);
    await expectError(() => readTar(new Uint8Array(2048).fill(65), "x.tar"), ["x.tar", "checksum"]);
  });
});
