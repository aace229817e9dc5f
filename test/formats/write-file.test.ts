import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.js";
import { readFileOrExplain } from "../../src/formats/read-file.js";
import { writeFileAtomically } from "../../src/formats/write-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "autodual-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fault(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error("nothing was thrown"),
    (error: Error) => error,
  );
}

describe("writing a file", () => {
  it("writes bytes and text, replaces what was there, and leaves nothing beside it", async () => {
    const path = join(folder, "out.bin");
    await writeFileAtomically(path, "first, and longer");
    await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(["out.bin"]);
  });

  it.each([
    [
      "a missing folder",
      ["absent", "out.bin"],
      /out\.bin: cannot write: the folder .*absent does not exist$/,
    ],
    ["a file as folder", ["file", "out.bin"], /file is not a folder$/],
    ["a folder as file", ["."], /cannot write: /],
  ])("explains %s and leaves nothing", async (_, parts, message) => {
    await writeFile(join(folder, "file"), "x");
    const error = await fault(writeFileAtomically(join(folder, ...parts), "y"));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    expect(await readdir(folder)).toEqual(["file"]);
  });
});

describe("reading a file", () => {
  it("gives its bytes", async () => {
    await writeFile(join(folder, "x"), "abc");
    expect(Buffer.from(await readFileOrExplain(join(folder, "x"))).toString()).toBe("abc");
  });

  it("explains what is missing or no file", async () => {
    await writeFile(join(folder, "file"), "x");
    const cases: [string, RegExp][] = [
      [join(folder, "absent"), /absent: no such file$/],
      [join(folder, "file", "x"), /no such file$/],
      [folder, /expected a file, found a folder$/],
    ];
    for (const [path, message] of cases) {
      const error = await fault(readFileOrExplain(path));
      expect(error).toBeInstanceOf(FormatError);
      expect(error.message).toMatch(message);
    }
  });
});
