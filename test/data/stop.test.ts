import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import { expect, test } from "vitest";
import { loadDataset } from "../../src/data/load.js";
import { writeNpz } from "../../src/formats/npz.js";
import { Looks } from "../support/looks.js";
import { cifarBytes, idxBytes, temporaryFolder } from "./fixtures.js";

const root = temporaryFolder();

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A table with as many rows. */
function table(name: string, rows: number): string {
  const path = join(root, name);
  writeFileSync(path, `a,b,label\n${"0.25,0.5,1\n".repeat(rows)}`);
  return path;
}

async function npz(): Promise<string> {
  const path = join(root, "some.npz");
  const x = { shape: [3, 2], values: new Float32Array(6).fill(0.5) };
  await writeNpz(path, { x, y: { shape: [3], values: Int32Array.of(0, 1, 0) } });
  return path;
}

function idx(): string {
  const path = folder("idx");
  for (const split of ["train", "t10k"]) {
    writeFileSync(
      join(path, `${split}-images-idx3-ubyte.gz`),
      gzipSync(idxBytes([2, 4, 4], new Uint8Array(32))),
    );
    writeFileSync(join(path, `${split}-labels-idx1-ubyte.gz`), gzipSync(idxBytes([2], Uint8Array.of(0, 1))));
  }
  return path;
}

function cifar(): string {
  const path = folder("cifar");
  writeFileSync(join(path, "test_batch.bin"), cifarBytes(2));
  return path;
}

function images(): string {
  const path = folder("images");
  for (const name of ["cat", "dog"]) {
    mkdirSync(join(path, name));
    const data = new Uint8Array(16).fill(7);
    writeFileSync(join(path, name, "1.png"), encodePng({ width: 4, height: 4, data, channels: 1 }));
  }
  return path;
}

test.each([
  ["images in folders", images],
  ["a table", () => table("some.csv", 10)],
  ["IDX files", idx],
  ["CIFAR-10's files", cifar],
])("%s is not read to its end when its time is over", async (_words, write) => {
  const path = await write();
  const whole = new Looks();
  const { count } = await loadDataset(path, { split: "test", stop: whole });
  expect([count > 0, whole.count > 0]).toEqual([true, true]);
  for (let most = 1; most <= whole.count; most++) {
    const ended = loadDataset(path, { split: "test", stop: new Looks(most) });
    await expect(ended).rejects.toThrow("the time is over");
  }
});

test("what ends nothing is told", async () => {
  const path = table("some.csv", 10);
  for (const stop of [{}, 5, "now"]) {
    await expect(loadDataset(path, { split: "test", stop: stop as never })).rejects.toThrow(
      "loadDataset: stop.throwIfAborted: expected a function",
    );
  }
});

test("a single file of arrays is one part, which is read", async () => {
  const { count } = await loadDataset(await npz(), { split: "test", stop: new Looks(1) });
  expect(count).toBe(3);
});

test("the longer a table is, the more often the clock is looked at", async () => {
  const looksOf = async (rows: number) => {
    const looks = new Looks();
    const { count } = await loadDataset(table("long.csv", rows), { split: "test", stop: looks });
    expect(count).toBe(rows);
    return looks.count;
  };
  // 30,000 and 300,000 bytes, parsed in pieces, and then rows that are taken for numbers.
  const [some, more] = [await looksOf(3000), await looksOf(30_000)];
  expect(some).toBeGreaterThanOrEqual(4);
  expect(more).toBeGreaterThanOrEqual(32);
});

test("a character that two pieces of a table have halves of is read whole", async () => {
  const path = join(root, "names.csv");
  // Two bytes each, from an odd place on.
  const name = "é".repeat(1000);
  writeFileSync(path, `ab,label\n${`1,${name}\n`.repeat(400)}0.5,b\n`);
  const { classNames, count } = await loadDataset(path, { split: "test" });
  expect([count, classNames]).toEqual([401, ["b", name]]);
});
