import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { downloadDataset } from "../../src/data/download.js";
import { loadDataset } from "../../src/data/load.js";
import { UsageError } from "../../src/errors.js";
import { cifarBytes, expectError, idxBytes, temporaryFolder } from "./fixtures.js";
import { tarBytes } from "./tar-bytes.js";

const root = temporaryFolder();
let runs = 0;

/** Options with a cache folder of their own, and that folder. */
function setting(answer: (url: string) => Response | Promise<Response>) {
  const cache = join(root, String(runs++));
  const urls: string[] = [];
  const fetch = async (url: string) => {
    urls.push(url);
    return answer(url);
  };
  return { cache, urls, options: { env: { XDG_CACHE_HOME: cache }, fetch } };
}

/** Files of the right counts, each image filled with one number. */
function fashion(url: string): Response {
  const count = url.includes("train") ? 60_000 : 10_000;
  const bytes = url.includes("images")
    ? idxBytes([count, 28, 28], new Uint8Array(count * 784).fill(7))
    : idxBytes([count], new Uint8Array(count).fill(1));
  return new Response(gzipSync(bytes, { level: 1 }));
}

function leftovers(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => statSync(join(folder, name)).isFile())
    : [];
}

describe("downloadDataset", () => {
  test("puts checked files into the cache, and keeps what is there", async () => {
    const { cache, urls, options } = setting(fashion);
    const received: number[] = [];
    const folder = await downloadDataset("fashion-mnist", {
      ...options,
      onProgress: (progress) => received.push(progress.received),
    });
    expect(folder).toBe(join(cache, "autodual/fashion-mnist"));
    expect(readdirSync(folder).sort()).toEqual([
      "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte.gz",
    ]);
    expect(received.length).toBeGreaterThanOrEqual(4);
    const dataset = await loadDataset("fashion-mnist", { split: "test", dataDir: join(cache, "autodual") });
    expect(dataset.count).toBe(10_000);
    expect(dataset.published).toBeUndefined();
    urls.length = 0;
    await downloadDataset("fashion-mnist", options);
    expect(urls).toEqual([]);
  });

  test("bytes with another checksum, too few examples or no gzip leave nothing behind", async () => {
    const other = setting(fashion);
    await expectError(() => downloadDataset("mnist", other.options), ["train-images", "SHA-256", "found"]);
    expect(leftovers(other.cache)).toEqual([]);
    const few = setting(() => new Response(gzipSync(idxBytes([1, 28, 28], new Uint8Array(784)))));
    await expectError(() => downloadDataset("mnist", few.options), ["expected 60000 examples", "found 1"]);
    expect(leftovers(few.cache)).toEqual([]);
    const page = setting(() => new Response("<html>"));
    await expectError(() => downloadDataset("mnist", page.options), ["gzip"]);
    expect(leftovers(page.cache)).toEqual([]);
  });

  test("CIFAR-10 comes out of its archive", async () => {
    const batches = Object.fromEntries(
      ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"].map(
        (name) => [`cifar-10-batches-bin/${name}.bin`, cifarBytes(2)],
      ),
    );
    const { cache, options, urls } = setting(() => new Response(gzipSync(tarBytes(batches))));
    await expectError(
      () => downloadDataset("cifar10", options),
      ["data_batch_1.bin", "10000 examples", "found 2"],
    );
    expect(urls).toHaveLength(1);
    expect(leftovers(cache)).toEqual([]);
    const without = setting(() => new Response(gzipSync(tarBytes({ "readme.html": Uint8Array.of(1) }))));
    await expectError(() => downloadDataset("cifar10", without.options), ["data_batch_1.bin in the archive"]);
  });

  test("a dead network, an HTTP fault and a broken stream are told in one line", async () => {
    const dead = setting(() => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("x\ny"), { code: "ENOTFOUND" }) });
    });
    await expectError(() => downloadDataset("mnist", dead.options), ["https://", "ENOTFOUND", dead.cache]);
    const gone = setting(() => new Response("", { status: 404 }));
    await expectError(() => downloadDataset("mnist", gone.options), ["404"]);
    const broken = setting(
      () =>
        new Response(
          new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) }),
        ),
    );
    await expectError(() => downloadDataset("mnist", broken.options), ["terminated"]);
    expect([dead, gone, broken].flatMap(({ cache }) => leftovers(cache))).toEqual([]);
  });

  test("an abort stops it and leaves nothing behind", async () => {
    const controller = new AbortController();
    const { cache, options } = setting(
      () =>
        new Response(
          new ReadableStream({
            pull(stream) {
              stream.enqueue(new Uint8Array(10));
              controller.abort();
            },
          }),
        ),
    );
    const run = () => downloadDataset("mnist", { ...options, signal: controller.signal });
    await expectError(run, ["stopped"], UsageError);
    expect(leftovers(cache)).toEqual([]);
  });

  test("other names are refused", async () => {
    await expectError(
      () => downloadDataset("glyphs"),
      ["mnist, cifar10, fashion-mnist", "glyphs"],
      UsageError,
    );
  });
});
