import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { describeDataset } from "../../src/data/describe.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import { loadDataset } from "../../src/data/load.js";
import { cacheFolder, dataPlaces } from "../../src/data/locate.js";
import { UsageError } from "../../src/errors.js";
import { writeNpz } from "../../src/formats/npz.js";
import { cifarBytes, expectError, idxBytes, temporaryFolder } from "./fixtures.js";

const root = temporaryFolder();
vi.stubEnv("AUTODUAL_DATA", "");
vi.stubEnv("XDG_CACHE_HOME", join(root, "no-cache"));
// So that ../shared/data is none of this machine's.
vi.spyOn(process, "cwd").mockReturnValue(join(root, "working", "folder"));
afterEach(() => {
  vi.stubEnv("AUTODUAL_DATA", "");
});

/** A folder with IDX files of both splits: `count` images of 28 × 28. */
function idxFolder(
  name: string,
  { count = 3, labels, packed = true }: { count?: number; labels?: number; packed?: boolean } = {},
): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const prefix of ["train", "t10k"]) {
    const images = idxBytes([count, 28, 28], new Uint8Array(count * 784).fill(9));
    const values = Uint8Array.from({ length: labels ?? count }, (_, i) => i % 10);
    const put = (file: string, bytes: Uint8Array) =>
      writeFileSync(join(folder, packed ? `${file}.gz` : file), packed ? gzipSync(bytes) : bytes);
    put(`${prefix}-images-idx3-ubyte`, images);
    put(`${prefix}-labels-idx1-ubyte`, idxBytes([values.length], values));
  }
  return folder;
}

describe("loadDataset", () => {
  test("glyphs, limited and seeded", async () => {
    const few = await loadDataset("glyphs", { split: "test", limit: 12, seed: 5 });
    expect(few).toEqual(generateGlyphs({ split: "test", count: 12, seed: 5 }));
    expect((await loadDataset("glyphs", { split: "test", limit: 100_000 })).count).toBe(1000);
  });

  test("a published set in a data folder's subfolder, or in the data folder itself", async () => {
    for (const [packed, name] of [
      [true, "packed/mnist"],
      [false, "plain/mnist"],
    ] as const) {
      const folder = idxFolder(name, { packed });
      for (const dataDir of [folder, join(folder, "..")]) {
        const dataset = await loadDataset("mnist", { split: "test", dataDir });
        expect(dataset).toMatchObject({
          name: "mnist",
          count: 3,
          published: 10_000,
          source: folder,
          classes: 10,
        });
        expect([...dataset.labels]).toEqual([0, 1, 2]);
      }
    }
  });

  test("$AUTODUAL_DATA is searched after --data-dir", async () => {
    idxFolder("first/mnist", { count: 1 });
    idxFolder("second/mnist", { count: 2 });
    vi.stubEnv("AUTODUAL_DATA", join(root, "second"));
    const dataDir = join(root, "first");
    expect((await loadDataset("mnist", { split: "train", dataDir })).count).toBe(1);
    const empty = join(root, "empty");
    mkdirSync(empty, { recursive: true });
    expect((await loadDataset("mnist", { split: "train", dataDir: empty })).count).toBe(2);
  });

  test("CIFAR-10: all five training batches are one split; a partial test batch is taken", async () => {
    const folder = join(root, "c/cifar-10-batches-bin");
    mkdirSync(folder, { recursive: true });
    for (let i = 1; i <= 5; i++) writeFileSync(join(folder, `data_batch_${i}.bin`), cifarBytes(i));
    writeFileSync(join(folder, "test_batch.bin"), cifarBytes(2));
    const dataDir = join(root, "c");
    const train = await loadDataset("cifar10", { split: "train", dataDir });
    expect(train).toMatchObject({ count: 15, published: 50_000, shape: [3, 32, 32] });
    expect([...train.labels]).toEqual([0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4]);
    expect((await loadDataset("cifar10", { split: "test", dataDir, limit: 1 })).count).toBe(1);
    expect((await loadDataset(folder, { split: "test" })).name).toBe("cifar10");
    const { splits, places } = await describeDataset("cifar10", { dataDir });
    expect(splits.test).toMatchObject({ state: "partial", count: 2, source: folder });
    expect(places[0]!.files).toHaveLength(6);
  });

  test("Fashion-MNIST is not taken from MNIST's folder", async () => {
    const dataDir = idxFolder("only/mnist");
    await expectError(
      () => loadDataset("fashion-mnist", { split: "test", dataDir }),
      ["fashion-mnist (test)"],
    );
  });

  test("a folder of IDX files of another size and other labels", async () => {
    const folder = join(root, "letters");
    mkdirSync(folder, { recursive: true });
    for (const [prefix, label] of [
      ["train", 25],
      ["t10k", 3],
    ] as const) {
      writeFileSync(join(folder, `${prefix}-images.idx3-ubyte`), idxBytes([1, 2, 2], [1, 2, 3, 4]));
      writeFileSync(join(folder, `${prefix}-labels.idx1-ubyte`), idxBytes([1], [label]));
    }
    const dataset = await loadDataset(folder, { split: "test" });
    expect(dataset).toMatchObject({ name: "letters", shape: [1, 2, 2], classes: 26, count: 1 });
  });

  test("an npz file, and a folder of them", async () => {
    const folder = join(root, "arrays");
    mkdirSync(folder, { recursive: true });
    const x = { shape: [2, 3], values: new Float32Array(6).fill(0.5) };
    await writeNpz(join(folder, "train.npz"), { x, y: { shape: [2], values: Int32Array.of(0, 6) } });
    await writeNpz(join(folder, "test.npz"), { x, y: { shape: [2], values: Int32Array.of(0, 1) } });
    expect(await loadDataset(folder, { split: "test" })).toMatchObject({
      name: "arrays",
      classes: 7,
      count: 2,
    });
    const file = await loadDataset(join(folder, "test.npz"), { split: "train", limit: 1 });
    const capitals = join(root, "CAPITALS.NPZ");
    await writeNpz(capitals, { x, y: { shape: [2], values: Int32Array.of(0, 1) } });
    expect(await loadDataset(capitals, { split: "test" })).toMatchObject({ name: "CAPITALS", count: 2 });
    expect(file).toMatchObject({ name: "test", split: "train", classes: 2, count: 1 });
    const { kind, splits } = await describeDataset(folder);
    expect(kind).toBe("folder");
    expect(splits.train).toMatchObject({ state: "complete", count: 2 });
  });

  test("bad names, limits, seeds and folders are told in one line", async () => {
    const load = (name: string, options: object) => () => loadDataset(name, { split: "test", ...options });
    await expectError(load("minst", {}), ["glyphs, mnist, cifar10, fashion-mnist", "minst"], UsageError);
    await expectError(load(join(root, "absent.npz"), {}), ["absent.npz"], UsageError);
    for (const limit of [0, -5, 2.5, Number.NaN]) {
      await expectError(load("glyphs", { limit }), ["limit", `found ${limit}`], UsageError);
    }
    await expectError(load("glyphs", { seed: -1 }), ["seed", "-1"], UsageError);
    await expectError(
      load("mnist", { dataDir: join(root, "nowhere") }),
      ["--data-dir", "nowhere"],
      UsageError,
    );
    const empty = join(root, "empty-folder");
    mkdirSync(empty);
    await expectError(load(empty, {}), [empty, "found none of them"]);
    await expectError(load("mnist", { dataDir: empty }), ["t10k-images-idx3-ubyte", empty, "--download"]);
  });

  test("wrong files are told in one line that names them", async () => {
    const uneven = idxFolder("uneven/mnist", { labels: 4 });
    await expectError(() => loadDataset(uneven, { split: "test" }), ["t10k-labels", "3", "found 4"]);
    const false10k = idxFolder("false/mnist", { count: 10_000 });
    await expectError(() => loadDataset(false10k, { split: "test" }), ["t10k-images", "SHA-256", "found"]);
    const { splits, places } = await describeDataset("mnist", { dataDir: false10k });
    expect(splits.test).toMatchObject({ state: "corrupt" });
    expect(splits.train).toMatchObject({ state: "partial", count: 10_000 });
    expect(places[0]!.files.filter(({ state }) => state === "corrupt")).toHaveLength(2);
    const labelled = idxFolder("labels/mnist");
    writeFileSync(join(labelled, "t10k-labels-idx1-ubyte.gz"), gzipSync(idxBytes([3], [0, 10, 1])));
    await expectError(() => loadDataset(labelled, { split: "test" }), ["t10k-labels", "label 1", "found 10"]);
    const small = idxFolder("small/mnist");
    writeFileSync(join(small, "t10k-images-idx3-ubyte.gz"), gzipSync(idxBytes([3, 1, 1], [1, 2, 3])));
    await expectError(() => loadDataset(small, { split: "test" }), ["28 × 28", "found 1 × 1"]);
    writeFileSync(join(small, "train.npz"), "");
    await expectError(() => loadDataset(small, { split: "test" }), ["found npz and idx"]);
  });
});

describe("describeDataset", () => {
  test("glyphs", async () => {
    const { kind, shape, splits, places } = await describeDataset("glyphs");
    expect({ kind, shape, places }).toEqual({ kind: "generated", shape: [1, 28, 28], places: [] });
    expect([splits.train.count, splits.test.count]).toEqual([10_000, 1_000]);
  });

  test("a missing set is an answer, an unknown name is an error", async () => {
    const options = { cwd: join(root, "a/b"), env: {}, home: root, platform: "linux" as const };
    const { splits, places, download } = await describeDataset("fashion-mnist", options);
    expect(splits.train).toEqual({ state: "missing", count: 0, source: null });
    expect(places.map(({ origin }) => origin)).toEqual(["../shared/data", "cache"]);
    expect(download!.to).toBe(join(root, ".cache/autodual/fashion-mnist"));
    await expectError(() => describeDataset("minst"), ["glyphs, mnist"], UsageError);
  });
});

describe("places", () => {
  test("in the order of the contract", () => {
    const options = { cwd: root, dataDir: ".", env: { AUTODUAL_DATA: "sets" }, home: "/home/a" };
    expect(dataPlaces({ ...options, platform: "linux" })).toEqual([
      { origin: "--data-dir", path: root },
      { origin: "$AUTODUAL_DATA", path: join(root, "sets") },
      { origin: "../shared/data", path: join(root, "../shared/data") },
      { origin: "cache", path: "/home/a/.cache/autodual" },
    ]);
  });

  test("the cache folder of each system", () => {
    const at = (platform: NodeJS.Platform, env = {}) => cacheFolder({ platform, env, home: "/h" });
    expect(at("linux", { XDG_CACHE_HOME: "/x" })).toBe("/x/autodual");
    expect(at("darwin")).toBe("/h/Library/Caches/autodual");
    expect(at("win32", { LOCALAPPDATA: "/local" })).toBe("/local/autodual");
  });
});
