import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCascade } from "../../src/cascade/folder.js";
import { readIdx } from "../../src/data/idx.js";
import { readImageFolder } from "../../src/data/images/image-folder.js";
import { readNpzDataset } from "../../src/data/npz-dataset.js";
import { readNumbers } from "../../src/data/numbers-file.js";
import { readTable } from "../../src/data/table.js";
import { readCertificate } from "../../src/formats/certificate/file.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { readTextOrExplain } from "../../src/formats/read-file.js";
import { encodeSafetensors } from "../../src/formats/safetensors.js";
import { readVnnlib } from "../../src/formats/vnnlib/read.js";
import { readMeasured } from "../../src/runs/measured-files.js";
import { trainedClasses } from "../../src/runs/models/trained-classes.js";
import { isCascadeRun } from "../../src/train/cascade-run.js";
import { RunFolder } from "../../src/train/run-folder.js";
import { newFolder } from "../cli/run-command.js";
import { type Cost, costOf } from "./cost.js";

const folder = newFolder();
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

/** By the ending that each asks for. */
const READERS: Readonly<Record<string, (path: string) => unknown>> = {
  "-idx3-ubyte": (path) => readIdx(path, 3),
  ".npz": (path) => readNpzDataset(path, "test"),
  ".npy": (path) => readNumbers(path, "epsilon", path),
  ".json": (path) => readNumbers(path, "epsilon", path),
  ".csv": (path) => readTable(path, "test"),
  ".safetensors": (path) => loadModelFile(path),
  ".onnx": (path) => loadModelFile(path, undefined),
  ".vnnlib": readVnnlib,
  ".certificate.json": readCertificate,
  ".txt": (path) => readTextOrExplain(path),
};

function expectRefused(cost: Cost, message: RegExp): void {
  expect(cost.stack).toBeUndefined();
  expect(cost.refusal).toMatch(message);
  expect(cost.refusal).not.toContain("\n");
  // Of some tenths on a machine that does nothing else.
  expect(cost.seconds).toBeLessThan(2);
  expect(cost.memory).toBeLessThan(200 * 2 ** 20);
}

const isPosix = process.platform !== "win32" && existsSync("/dev/zero");

describe.skipIf(!isPosix)("what is no regular file is refused, and not waited for", () => {
  const server = createServer();
  beforeAll(async () => {
    for (const ending of Object.keys(READERS)) {
      spawnSync("mkfifo", [at(`pipe${ending}`)]);
      symlinkSync("/dev/zero", at(`zero${ending}`));
      mkdirSync(at(`folder${ending}`));
      symlinkSync(at(`circle${ending}`), at(`circle${ending}`));
    }
    await new Promise<void>((done) => server.listen(at("socket.onnx"), done));
  });
  afterAll(() => void server.close());

  it.each(Object.entries(READERS))("%s", async (ending, read) => {
    for (const [name, message] of [
      ["pipe", /expected a file, found a pipe; write what comes from it into a file first$/],
      ["zero", /expected a file, found a device$/],
      ["folder", /expected a file, found a folder$/],
      ["none", /no such file$/],
      ["circle", /cannot read: its links lead in a circle$/],
    ] as const) {
      expectRefused(await costOf(() => read(at(`${name}${ending}`))), message);
    }
  });

  it("a socket, and a path below a file", async () => {
    expectRefused(await costOf(() => loadModelFile(at("socket.onnx"))), /expected a file, found a socket$/);
    writeFileSync(at("plain"), "");
    expectRefused(await costOf(() => readVnnlib(at("plain/x.vnnlib"))), /no such file$/);
  });

  it("where a file is only looked at, a pipe is as good as none", async () => {
    const run = at("run");
    mkdirSync(run);
    spawnSync("mkfifo", [join(run, "run.json")]);
    expect(isCascadeRun(run)).toBe(false);
    expect(trainedClasses(join(run, "model.safetensors"))).toBeNull();
    expectRefused(
      await costOf(() => RunFolder.open(run).readRun()),
      /run\.json: expected a file, found a pipe/,
    );
  });
});

describe("files that are longer than they are large", () => {
  const sparse = (name: string, size: number, begin: string | Uint8Array = ""): string => {
    const file = openSync(at(name), "w");
    writeSync(file, Buffer.from(begin));
    ftruncateSync(file, size);
    closeSync(file);
    return at(name);
  };

  it.each(Object.entries(READERS))("%s of 3 GiB, named", async (ending, read) => {
    expectRefused(
      await costOf(() => read(sparse(`large${ending}`, 3 * 2 ** 30))),
      /expected a file of at most (2048|256) MiB, found 3072 MiB$/,
    );
  });

  it.each([
    ["safetensors", "\u0002\0\0\0\0\0\0\0{}", 2 ** 30, READERS[".safetensors"]],
    ["onnx", "\u0008\u0007", 2 ** 30, READERS[".onnx"]],
    ["npz", "PK\u0003\u0004", 2 ** 30, READERS[".npz"]],
    ["json", "{", 255 * 2 ** 20, READERS[".certificate.json"]],
  ] as const)("%s of holes, after a sound beginning", async (ending, begin, size, read) => {
    expectRefused(
      await costOf(() => read(sparse(`holes.${ending}`, size, begin))),
      /that is nearly all holes; /,
    );
  });
});

describe("small packed files that unpack to gigabytes", () => {
  /** A gibibyte of zeros, or of what a text may have any number of. */
  const bomb = (fill: string) => {
    const member = gzipSync(Buffer.alloc(2 ** 24, fill), { level: 9 });
    return Buffer.concat(Array.from({ length: 64 }, () => member));
  };

  it.each([
    [".safetensors.gz", "\0", READERS[".safetensors"]],
    [".onnx.gz", "\0", READERS[".onnx"]],
    [".csv.gz", ",", READERS[".csv"]],
    [".vnnlib.gz", " ", READERS[".vnnlib"]],
    [".json.gz", "[", READERS[".certificate.json"]],
    ["-idx3-ubyte.gz", "\0", READERS["-idx3-ubyte"]],
  ] as const)("%s", async (ending, fill, read) => {
    writeFileSync(at(`bomb${ending}`), bomb(fill));
    expectRefused(
      await costOf(() => read(at(`bomb${ending}`))),
      /expected at most 64 bytes for each packed one, found 64 MiB more than that; if it is meant, unpack it first$/,
    );
  });

  const entries = { "x.npy": deflatable(2 ** 20), "y.npy": deflatable(100) };
  function deflatable(size: number): Uint8Array {
    return new Uint8Array(size);
  }
  const zip = (change: (bytes: Buffer, directory: readonly number[]) => void): Uint8Array => {
    const bytes = Buffer.from(zipSync(entries));
    const directory: number[] = [];
    for (let p = bytes.indexOf("PK\u0001\u0002"); p >= 0; p = bytes.indexOf("PK\u0001\u0002", p + 1))
      directory.push(p);
    change(bytes, directory);
    return bytes;
  };

  it.each([
    [
      "entries that overlap",
      (bytes: Buffer, [a, b]: readonly number[]) => bytes.copy(bytes, b + 42, a + 42, a + 46),
      /entries that do not overlap, found x\.npy and y\.npy$/,
    ],
    [
      "an entry of another size",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt32LE(2 ** 20 - 1, a + 24),
      /x\.npy: expected 1048575 bytes, found more than its 1048575 bytes; the file is corrupt$/,
    ],
    [
      "an entry that says it has 4 GiB",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt32LE(0xfffffffe, a + 24),
      /expected at most 2048 MiB, found/,
    ],
    [
      "an entry that says it has 1 GiB",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt32LE(2 ** 30, a + 24),
      /expected at most 64 bytes for each packed one/,
    ],
    [
      "an entry beyond the end",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt32LE(2 ** 30, a + 20),
      /x\.npy: expected 1073741824 bytes from byte \d+, found the file's end$/,
    ],
    [
      "an entry twice",
      (bytes: Buffer, [, b]: readonly number[]) => bytes.write("x", b + 46),
      /found "x\.npy" twice$/,
    ],
    [
      "a directory that ends early",
      (bytes: Buffer) => bytes.writeUInt16LE(9, bytes.length - 12),
      /expected 9 entries in the zip directory, found 2$/,
    ],
    [
      "an encrypted entry",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt16LE(1, a + 8),
      /x\.npy: is encrypted$/,
    ],
    [
      "an unknown packing",
      (bytes: Buffer, [a]: readonly number[]) => bytes.writeUInt16LE(12, a + 10),
      /x\.npy: expected an entry stored or deflated, found method 12$/,
    ],
  ] as const)(".npz with %s", async (_, change, message) => {
    writeFileSync(at("bomb.npz"), zip(change as (bytes: Buffer, directory: readonly number[]) => void));
    expectRefused(await costOf(() => readNpzDataset(at("bomb.npz"), "test")), message);
  });

  it.each([
    ["IDAT", /its data unpack to more than 200 bytes\)$/],
    ["iCCP", null],
    ["zTXt", null],
  ] as const)("PNG with a gibibyte in its part %s", async (kind, message) => {
    const sound = Buffer.from(encodePng({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }));
    const data = deflateSync(Buffer.alloc(2 ** 26));
    const content = kind === "IDAT" ? data : Buffer.concat([strToU8("name\0\0"), data]);
    const part = Buffer.alloc(12 + content.length);
    part.writeUInt32BE(content.length);
    part.write(kind, 4);
    part.set(content, 8);
    part.writeUInt32BE(crc32(part.subarray(4, 8 + content.length)), 8 + content.length);
    // After the header; the picture's own data are left out where others stand in their place.
    const own = sound.indexOf("IDAT") - 4;
    const rest = kind === "IDAT" ? sound.subarray(own + 12 + sound.readUInt32BE(own)) : sound.subarray(own);
    mkdirSync(at(`images-${kind}/cat`), { recursive: true });
    writeFileSync(at(`images-${kind}/cat/a.png`), Buffer.concat([sound.subarray(0, 33), part, rest]));
    const cost = await costOf(() => readImageFolder(at(`images-${kind}`), "test"));
    if (message) expectRefused(cost, message);
    else
      expect([cost.stack, cost.refusal, cost.memory < 200 * 2 ** 20]).toEqual([undefined, undefined, true]);
  });

  it("tensors that all lie in one place", async () => {
    const size = 2 ** 22;
    const place = { dtype: "F32", shape: [size / 4], data_offsets: [0, size] };
    const header = strToU8(
      JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`t${i}`, place]))),
    );
    const bytes = Buffer.alloc(8 + header.length + size);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.set(header, 8);
    writeFileSync(at("once.safetensors"), bytes);
    expectRefused(
      await costOf(() => READERS[".safetensors"](at("once.safetensors"))),
      /tensors "t0" and "t1" overlap$/,
    );
  });

  it("a row of ten million cells", async () => {
    writeFileSync(at("row.csv"), `a,b,label\n${"1,".repeat(10_000_000)}0\n`);
    expectRefused(
      await costOf(() => READERS[".csv"](at("row.csv"))),
      /expected a table of comma-separated values, found: Max Record Size/,
    );
  });

  it("a picture of more pixels than any example has", async () => {
    const header = Buffer.from(encodePng({ width: 8, height: 8, channels: 1, data: new Uint8Array(64) }));
    header.writeUInt32BE(10_000, 16);
    header.writeUInt32BE(10_000, 20);
    mkdirSync(at("huge/cat"), { recursive: true });
    writeFileSync(at("huge/cat/a.png"), header);
    expectRefused(
      await costOf(() => readImageFolder(at("huge"), "test")),
      /expected at most 8388608 pixels, found 10000 × 10000/,
    );
  });
});

describe("JSON two million deep", () => {
  const deep = "[".repeat(2_000_000);
  const message = /expected JSON that nests at most 128 deep, found deeper$/;
  const written = (name: string, text: string | Uint8Array = deep) => {
    writeFileSync(at(name), text);
    return at(name);
  };

  it.each([
    ["numbers", () => READERS[".json"](written("deep.json"))],
    ["a certificate", () => readCertificate(written("deep.certificate.json"))],
    [
      "a header of safetensors",
      () => {
        const bytes = Buffer.concat([Buffer.alloc(8), strToU8(deep)]);
        bytes.writeBigUInt64LE(2_000_000n);
        return loadModelFile(written("deep.safetensors", bytes));
      },
    ],
    [
      "a description of a network",
      () =>
        loadModelFile(
          written("described.safetensors", encodeSafetensors(new Map(), { "autodual.network": deep })),
        ),
    ],
    [
      "a run",
      () => {
        mkdirSync(at("deep-run"));
        written("deep-run/run.json");
        return RunFolder.open(at("deep-run")).readRun();
      },
    ],
    [
      "a measured file",
      () => {
        written("radius.json");
        return readMeasured(folder.path, "radius");
      },
    ],
    [
      "a cascade",
      () => {
        written("cascade.json");
        return readCascade(folder.path);
      },
    ],
  ])("%s", async (_, read) => {
    expectRefused(await costOf(read), message);
  });

  it("within a text is no nesting", async () => {
    await expect(
      readNumbers(written("text.json", JSON.stringify(["[".repeat(1000), '\\"'])), "x", "text.json"),
    ).rejects.toThrow(/expected a JSON list of numbers, found a string/);
  });
});
