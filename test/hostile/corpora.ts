import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { encode as encodePng } from "fast-png";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import jpeg from "jpeg-js";
import { ModelProtoSchema } from "onnx-buf";
import { readCascade } from "../../src/cascade/folder.js";
import type { Backend } from "../../src/compute/backend.js";
import { Deadline } from "../../src/compute/deadline.js";
import type { RandomSource } from "../../src/compute/random.js";
import { parseCifarBatch } from "../../src/data/cifar10.js";
import { readIdx } from "../../src/data/idx.js";
import { readImageFolder } from "../../src/data/images/image-folder.js";
import { readNpzDataset } from "../../src/data/npz-dataset.js";
import { readNumbers } from "../../src/data/numbers-file.js";
import { readTable } from "../../src/data/table.js";
import { readTar } from "../../src/data/tar.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { loadModelFolder } from "../../src/formats/model-folder.js";
import { readVnnlib } from "../../src/formats/vnnlib/read.js";
import { checkCertificate } from "../../src/library/check-certificate.js";
import { readRun } from "../../src/library/report.js";
import type { Network } from "../../src/network/network.js";
import { renderPage } from "../../src/report/page/render-page.js";
import { figuresOf } from "../../src/report/page/run-figures.js";
import { MEASURED_FILES, readMeasured } from "../../src/runs/measured-files.js";
import { decodeCheckpoint } from "../../src/train/checkpoint.js";
import type { OptimizerSettings } from "../../src/train/optimizer.js";
import { cifarBytes, idxBytes } from "../data/fixtures.js";
import { tarBytes } from "../data/tar-bytes.js";
import { protoOf } from "../formats/onnx-change.js";
import { mutated, mutatedText, mutatedTree } from "./mutate.js";

/** Files of one kind: what valid ones are, how they are changed, and what reads them. */
export interface Corpus {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Beside changes of bytes: changes of what is within, packed and summed again as the format wants it. */
  readonly within?: (seed: Uint8Array, source: RandomSource) => Uint8Array;
  read(bytes: Uint8Array): unknown;
}

/** What the corpora are made of, and where. */
export interface Corpora {
  readonly folder: string;
  readonly backend: Backend;
  /** A run folder with all that is measured of it. */
  readonly run: string;
  readonly network: Network;
  readonly optimizer: OptimizerSettings;
  /** A model, its certificate, and models as ONNX. */
  readonly model: string;
  readonly certificate: string;
  readonly onnx: readonly Uint8Array[];
}

const text =
  (change: (text: string, source: RandomSource) => string) => (seed: Uint8Array, source: RandomSource) =>
    strToU8(change(strFromU8(seed), source));
const json = text((seed, source) =>
  source.integer(3) ? JSON.stringify(mutatedTree(JSON.parse(seed), source)) : mutatedText(seed, source),
);
const packed =
  (change: (bytes: Uint8Array, source: RandomSource) => Uint8Array) =>
  (seed: Uint8Array, source: RandomSource) => {
    const inner = gzipSync(change(gunzipSync(seed), source), { level: 1 });
    return source.integer(4)
      ? inner
      : Buffer.concat(Array.from({ length: 1 + source.integer(20) }, () => inner));
  };

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Every reader of files, each with its corpus. */
export function corporaIn(made: Corpora): Corpus[] {
  const { folder, backend, run, network, optimizer } = made;
  let files = 0;
  const at = (ending: string, bytes: Uint8Array): string => {
    const path = join(folder, `f${files++ % 4}${ending}`);
    writeFileSync(path, bytes);
    return path;
  };
  const file = (ending: string, read: (path: string) => unknown) => (bytes: Uint8Array) =>
    read(at(ending, bytes));
  /** A file of a folder of others, changed. */
  const among = (name: string, read: (folder: string) => unknown) => (bytes: Uint8Array) => {
    const path = join(run, name);
    const before = readFileSync(path);
    writeFileSync(path, bytes);
    try {
      return Promise.resolve(read(run)).finally(() => writeFileSync(path, before));
    } catch (error) {
      writeFileSync(path, before);
      throw error;
    }
  };
  const withDeadline = (path: string) => {
    const stop = Deadline.in(1.5);
    return stop.unlessPassed(() => loadModelFile(path, backend, stop));
  };
  const images = idxBytes([3, 4, 4], range(48));
  const safetensors = readFileSync(made.model);
  const vnnlib = strToU8(VNNLIB);
  const certificate = readFileSync(made.certificate);
  const page = async (path: string) => {
    const record = await readRun(path);
    figuresOf(record);
    const html = renderPage(record);
    if (/ (d|x|y|cx|cy|width|height|style)="[^"]*(NaN|undefined|Infinity)/.test(html)) {
      throw new Error("the page draws what is no number");
    }
  };
  return [
    { name: "idx", seeds: [images], read: file("-idx3-ubyte", (path) => readIdx(path, 3)) },
    {
      name: "idx.gz",
      seeds: [gzipSync(images)],
      within: packed(mutated),
      read: file("-idx3-ubyte.gz", (path) => readIdx(path, 3)),
    },
    { name: "cifar", seeds: [cifarBytes(2)], read: (bytes) => parseCifarBatch(bytes, "batch") },
    {
      name: "tar",
      seeds: [tarBytes({ "a.bin": cifarBytes(1), b: images })],
      read: (bytes) => readTar(bytes, "tar"),
    },
    {
      name: "npz",
      seeds: [zipSync(npyEntries()), zipSync(npyEntries(), { level: 0 })],
      within: mutatedZip,
      read: file(".npz", (path) => readNpzDataset(path, "test")),
    },
    {
      name: "npy",
      seeds: [
        npy("<f8", "(2, 3)", new Float64Array(6).fill(0.5)),
        npy("<U3", "(4,)", new Uint32Array(12).fill(97)),
      ],
      within: mutatedNpy,
      read: file(".npy", (path) => readNumbers(path, "epsilon", path)),
    },
    {
      name: "numbers.json",
      seeds: [strToU8("[[0.1, 0.2], [0.3, 4e-1]]")],
      within: json,
      read: file(".json", (path) => readNumbers(path, "epsilon", path)),
    },
    {
      name: "csv",
      seeds: [
        strToU8("a,b,label\n0.5,1e-2,cat\n1,-2,dog\n3,4,cat\n"),
        strToU8('a,"b ""x""",y\n1,2,0\n3,4,1\n'),
      ],
      within: text(mutatedText),
      read: file(".csv", (path) => readTable(path, "test")),
    },
    ...imageCorpora(folder),
    {
      name: "safetensors",
      seeds: [safetensors],
      within: mutatedSafetensors,
      read: file(".safetensors", (path) => loadModelFile(path)),
    },
    {
      name: "safetensors.gz",
      seeds: [gzipSync(safetensors)],
      within: packed(mutatedSafetensors),
      read: file(".safetensors.gz", (path) => loadModelFile(path)),
    },
    { name: "onnx", seeds: made.onnx, within: mutatedOnnx, read: file(".onnx", withDeadline) },
    {
      name: "vnnlib",
      seeds: [vnnlib],
      within: text(mutatedText),
      read: file(".vnnlib", readVnnlib),
    },
    {
      name: "vnnlib.gz",
      seeds: [gzipSync(vnnlib)],
      within: packed(text(mutatedText)),
      read: file(".vnnlib.gz", readVnnlib),
    },
    {
      name: "certificate",
      seeds: [certificate],
      within: json,
      read: file(".json", (path) => checkCertificate(path, made.model)),
    },
    {
      name: "config.json",
      seeds: [readFileSync(join(run, "config.json"))],
      within: json,
      read: among("config.json", loadModelFolder),
    },
    {
      name: "run.json",
      seeds: [readFileSync(join(run, "run.json"))],
      within: json,
      read: among("run.json", page),
    },
    ...Object.entries(MEASURED_FILES)
      .filter(([, name]) => readdirSync(run).includes(name))
      .map(([kind, name]) => ({
        name,
        seeds: [readFileSync(join(run, name))],
        within: json,
        read: among(name, async (path) => {
          await readMeasured(path, kind as keyof typeof MEASURED_FILES).finally(() => page(path));
        }),
      })),
    {
      name: "checkpoint",
      seeds: [readFileSync(join(run, "checkpoint.safetensors"))],
      within: mutatedSafetensors,
      read: (bytes) => decodeCheckpoint(network, optimizer, bytes, "checkpoint"),
    },
    {
      name: "cascade.json",
      seeds: [readFileSync("models/mnist-small-0.1/cascade.json")],
      within: json,
      read: (bytes) => {
        const place = join(folder, "cascade");
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, "cascade.json"), bytes);
        return readCascade(place);
      },
    },
  ];
}

const VNNLIB = `; a property
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (<= X_0 0.5))
(assert (>= X_0 -0.5e-1))
(assert (and (<= X_1 1) (>= X_1 0)))
(assert (or (and (<= Y_0 0.25) (>= Y_1 (+ Y_0 1e-3))) (and (>= (* 2 Y_0) (- Y_1 1)) (<= X_0 0.25))))
`;

function npy(type: string, shape: string, values: ArrayBufferView): Uint8Array {
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = `${dictionary.padEnd(117)}\n`;
  const bytes = new Uint8Array(128 + values.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  bytes.set(strToU8(header), 10);
  bytes.set(new Uint8Array(values.buffer), 128);
  return bytes;
}

function npyEntries(): Record<string, Uint8Array> {
  return {
    "x.npy": npy(
      "<f4",
      "(4, 1, 2, 2)",
      Float32Array.from(range(16), (i) => i / 16),
    ),
    "y.npy": npy("<i8", "(4,)", BigInt64Array.of(0n, 1n, 2n, 1n)),
    "classes.npy": npy(
      "<U3",
      "(3,)",
      Uint32Array.from(range(9), (i) => 97 + i),
    ),
    "lower.npy": npy("<f8", "()", Float64Array.of(0)),
    "upper.npy": npy("<f8", "()", Float64Array.of(1)),
  };
}

const SHAPES = [
  "(4, 4)",
  "(-2, -8)",
  "(99999999999, 1)",
  "(1e3,)",
  "(0, 16)",
  "(16, 0, 3)",
  "(",
  "(2,".repeat(40),
  "(4.0, 4)",
];
const TYPES = ["<U0", "<U2147483647", "|S0", "|O", ">f4", "<c8", "|u1", "<f2", "<i9"];

function mutatedNpy(seed: Uint8Array, source: RandomSource): Uint8Array {
  if (source.integer(3) === 0) return mutated(seed, source);
  const header = strFromU8(seed.subarray(10, 128));
  const changed = (
    source.integer(2)
      ? header.replace(/'shape': \([^)]*\)/, `'shape': ${SHAPES[source.integer(SHAPES.length)]}`)
      : header.replace(/'descr': '[^']*'/, `'descr': '${TYPES[source.integer(TYPES.length)]}'`)
  ).replace("False", source.integer(3) ? "False" : "True");
  const bytes = Buffer.concat([
    seed.subarray(0, 10),
    strToU8(`${changed.trimEnd().padEnd(117)}\n`),
    seed.subarray(128),
  ]);
  bytes.writeUInt16LE(Math.min(0xffff, bytes.length - 10 - (seed.length - 128)), 8);
  return bytes;
}

/** Arrays changed within, or entries of the directory that say other sizes and places. */
function mutatedZip(seed: Uint8Array, source: RandomSource): Uint8Array {
  if (source.integer(2)) {
    const entries = Object.entries(unzipSync(seed));
    const chosen = source.integer(entries.length);
    return zipSync(
      Object.fromEntries(
        entries.map(([name, bytes], i) => [name, i === chosen ? mutatedNpy(bytes, source) : bytes]),
      ),
      { level: source.integer(2) ? 6 : 0 },
    );
  }
  const bytes = Buffer.from(seed);
  const directory: number[] = [];
  for (
    let p = bytes.indexOf("PK\x01\x02", "latin1");
    p >= 0;
    p = bytes.indexOf("PK\x01\x02", p + 1, "latin1")
  )
    directory.push(p);
  const [one, other] = [0, 0].map(() => directory[source.integer(directory.length)]);
  const field = [16, 20, 24, 28, 30, 32, 42][source.integer(7)];
  if (source.integer(2)) bytes.copy(bytes, one + field, other + field, other + field + 4);
  else if (field < 28 || field > 32)
    bytes.writeUInt32LE([0, 1, 0xffffffff, 0x7fffffff, 1000][source.integer(5)], one + field);
  else bytes.writeUInt16LE([0, 0xffff, 5][source.integer(3)], one + field);
  return bytes;
}

function mutatedSafetensors(seed: Uint8Array, source: RandomSource): Uint8Array {
  if (source.integer(4) === 0) return mutated(seed, source);
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = strFromU8(seed.subarray(8, 8 + length));
  const tree = JSON.parse(header);
  const metadata = tree.__metadata__ as Record<string, string>;
  // What stands in the metadata as text, too.
  const key = Object.keys(metadata)[source.integer(Object.keys(metadata).length)];
  if (source.integer(2)) metadata[key] = strFromU8(json(strToU8(metadata[key]), source));
  const changed = source.integer(3)
    ? JSON.stringify(source.integer(2) ? tree : mutatedTree(tree, source))
    : mutatedText(header, source);
  const own = strToU8(changed);
  const bytes = Buffer.concat([Buffer.alloc(8), own, seed.subarray(8 + length)]);
  bytes.writeBigUInt64LE(BigInt(own.length));
  return bytes;
}

function mutatedOnnx(seed: Uint8Array, source: RandomSource): Uint8Array {
  try {
    return toBinary(ModelProtoSchema, mutatedTree(protoOf(seed), source, true));
  } catch {
    // What no message can hold.
    return mutated(seed, source);
  }
}

function imageCorpora(folder: string): Corpus[] {
  const root = join(folder, "images");
  const first = join(root, "cat");
  mkdirSync(first, { recursive: true });
  const data = Uint8Array.from(range(8 * 8 * 3), (i) => i);
  const grey = Uint8Array.from(range(64), (i) => 2 * i);
  const pngs = [
    encodePng({ width: 8, height: 8, channels: 3, data }),
    encodePng({ width: 8, height: 8, channels: 1, data: grey }),
    encodePng({ width: 8, height: 8, channels: 4, data: Uint8Array.from(range(256), () => 255) }),
  ];
  const photo = Buffer.from(range(256).map((i) => (i % 4 === 3 ? 255 : i)));
  const jpegs = [jpeg.encode({ width: 8, height: 8, data: photo }, 90).data];
  const read = (name: string) => (bytes: Uint8Array) => {
    rmSync(first, { recursive: true, force: true });
    mkdirSync(first);
    writeFileSync(join(first, name), bytes);
    return readImageFolder(root, "test");
  };
  return [
    { name: "png", seeds: pngs, within: mutatedPng, read: read("a.png") },
    { name: "jpeg", seeds: jpegs, read: read("a.jpg") },
  ];
}

/** Parts changed, put elsewhere or repeated, their checksums made anew; or pixels changed and packed again. */
function mutatedPng(seed: Uint8Array, source: RandomSource): Uint8Array {
  const bytes = Buffer.from(seed);
  const parts: { kind: string; data: Uint8Array }[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    parts.push({
      kind: bytes.toString("latin1", at + 4, at + 8),
      data: bytes.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  const chosen = parts[source.integer(parts.length)];
  switch (source.integer(4)) {
    case 0:
      chosen.data = mutated(chosen.data, source);
      break;
    case 1:
      parts.splice(source.integer(parts.length + 1), 0, chosen);
      break;
    case 2:
      parts.splice(source.integer(parts.length), 0, {
        kind: ["PLTE", "tRNS", "iCCP", "zTXt", "acTL", "tEXt"][source.integer(6)],
        data: source.integer(2) ? deflateSync(Buffer.alloc(1000)) : Uint8Array.from(range(12)),
      });
      break;
    default: {
      const own = parts.find(({ kind }) => kind === "IDAT") as (typeof parts)[number];
      const pixels = inflateSync(own.data);
      own.data = deflateSync(source.integer(3) ? mutated(pixels, source) : Buffer.alloc(2 ** 24));
    }
  }
  return Buffer.concat([
    seed.subarray(0, 8),
    ...parts.map(({ kind, data }) => {
      const part = Buffer.alloc(12 + data.length);
      part.writeUInt32BE(data.length);
      part.write(kind, 4, "latin1");
      part.set(data, 8);
      part.writeUInt32BE(crc32(part.subarray(4, 8 + data.length)), 8 + data.length);
      return part;
    }),
  ]);
}
