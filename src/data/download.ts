import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError, UsageError } from "../errors.js";
import { makeFolder } from "../formats/make-folder.js";
import { KNOWN_DATASETS, type KnownDataset, type KnownFile } from "./checks.js";
import { cacheFolder, findFile, type PlaceOptions } from "./locate.js";
import { parsePublishedFile, readPublishedFile } from "./published.js";
import { unpackBytes } from "./read-bytes.js";
import { readTar } from "./tar.js";

/** Where each data set is published: a folder of gzipped IDX files, or an archive of CIFAR's batches. */
export const SOURCES = {
  mnist: "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "fashion-mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  cifar10: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
} as const satisfies Record<KnownDataset["name"], string>;

/** Options of `downloadDataset`. */
export interface DownloadOptions extends PlaceOptions {
  /** Instead of the global one. */
  readonly fetch?: (url: string, init: { signal?: AbortSignal | undefined }) => Promise<Response>;
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive; `total` is absent where the server does not tell. */
  readonly onProgress?: (progress: { url: string; received: number; total?: number | undefined }) => void;
}

/**
 * Downloads a published data set into the user's cache folder and returns the folder. Files that are there and
 * complete are kept; each new one is checked, written beside its place and renamed, so that nothing half-written
 * stays behind.
 *
 * Throws UsageError for a name that cannot be downloaded or when `signal` aborts, FormatError when the network or
 * a check fails.
 */
export async function downloadDataset(name: string, options: DownloadOptions = {}): Promise<string> {
  const known = KNOWN_DATASETS.find((candidate) => candidate.name === name);
  if (!known) {
    const names = KNOWN_DATASETS.map((candidate) => candidate.name).join(", ");
    throw new UsageError(`data ${name}: expected one of ${names} for a download, found ${name}`);
  }
  const folder = join(cacheFolder(options), known.folders[0]!);
  const wanted: KnownFile[] = [];
  for (const file of [...known.files.train, ...known.files.test]) {
    if (!(await isComplete(known, file, folder))) wanted.push(file);
  }
  if (wanted.length === 0) return folder;
  if (known.layout === "idx") {
    for (const file of wanted) {
      const url = `${SOURCES[known.name]}${file.name}.gz`;
      const bytes = await fetchBytes(url, folder, options);
      await keep(known, file, await unpackBytes(bytes, url), url, join(folder, `${file.name}.gz`), bytes);
    }
    return folder;
  }
  const url = SOURCES[known.name];
  const archive = readTar(await unpackBytes(await fetchBytes(url, folder, options), url), url);
  for (const file of wanted) {
    const bytes = [...archive].find(([path]) => basename(path) === file.name)?.[1];
    if (!bytes) throw new FormatError(`${url}: expected ${file.name} in the archive, found none`);
    await keep(known, file, bytes, `${url}: ${file.name}`, join(folder, file.name), bytes);
  }
  return folder;
}

async function isComplete(known: KnownDataset, file: KnownFile, folder: string): Promise<boolean> {
  const path = findFile(folder, file);
  if (path === null) return false;
  try {
    return (await readPublishedFile(known, file, path)).state === "complete";
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/** Checks the unpacked bytes and puts the bytes `kept` at `path`. */
async function keep(
  known: KnownDataset,
  file: KnownFile,
  unpacked: Uint8Array,
  where: string,
  path: string,
  kept: Uint8Array,
): Promise<void> {
  const { state, count } = parsePublishedFile(known, file, unpacked, where);
  if (state === "partial") {
    throw new FormatError(`${where}: expected ${file.count} examples, found ${count}; fetch it again`);
  }
  const folder = join(path, "..");
  const beside = join(folder, `.${basename(path)}.${randomUUID()}`);
  try {
    const fault = makeFolder(folder);
    if (fault !== null) throw new Error(fault);
    await writeFile(beside, kept);
    await rename(beside, path);
  } catch (error) {
    throw new FormatError(`${path}: expected to write the download there, found ${(error as Error).message}`);
  } finally {
    await rm(beside, { force: true });
  }
}

async function fetchBytes(url: string, folder: string, options: DownloadOptions): Promise<Uint8Array> {
  const { signal, onProgress } = options;
  const mend = `check the network, or put the files into ${folder}`;
  try {
    const response = await (options.fetch ?? fetch)(url, { ...(signal && { signal }) });
    if (!response.ok || !response.body) {
      throw new FormatError(`${url}: expected a download, found HTTP status ${response.status}; ${mend}`);
    }
    const length = response.headers.get("content-length");
    const total = length === null ? undefined : Number(length);
    const parts: Uint8Array[] = [];
    let received = 0;
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (signal?.aborted) throw signal.reason;
      parts.push(part);
      received += part.length;
      onProgress?.({ url, received, total });
    }
    return Buffer.concat(parts);
  } catch (error) {
    if (signal?.aborted)
      throw new UsageError(`${url}: the download was stopped; no part of the file was kept`);
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${url}: expected a download, found ${networkFault(error)}; ${mend}`);
  }
}

/** `fetch` hides the fault, such as ENOTFOUND, in the error's cause. */
function networkFault(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } };
  return (cause?.code ?? cause?.message ?? message ?? String(error)).split("\n")[0]!;
}
