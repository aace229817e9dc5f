import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openOutputFolder } from "../../src/cli/output-folder.js";
import { UsageError } from "../../src/errors.js";
import { makeFolder } from "../../src/formats/make-folder.js";
import { writeFileAtomically } from "../../src/formats/write-file.js";
import { ReplacedFolder } from "../../src/runs/replaced-folder.js";
import { RunFolder } from "../../src/train/run-folder.js";
import { newFolder, runCommand } from "../cli/run-command.js";

const folder = newFolder();
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

describe("folders are made", () => {
  it("with those above them, and are left alone where they are", () => {
    expect(makeFolder(at("a/b/c"))).toBeNull();
    expect(existsSync(at("a/b/c"))).toBe(true);
    expect(makeFolder(at("a/b/c/"))).toBeNull();
    writeFileSync(at("a/kept"), "");
    expect(makeFolder(at("a/b/d"))).toBeNull();
    expect(existsSync(at("a/kept"))).toBe(true);
  });

  it("or it is said why not", () => {
    writeFileSync(at("file"), "");
    expect(makeFolder(at("file"))).toBe(`${at("file")} is not a folder`);
    expect(makeFolder(at("file/x"))).toBe(`${at("file")} is not a folder`);
    expect(makeFolder(at(`${"n".repeat(300)}`))).toBe("the name is too long");
    symlinkSync(at("nowhere"), at("dangling"));
    expect(makeFolder(at("dangling/x"))).toEqual(expect.any(String));
  });
});

/** Says of a new folder's parent, which is there, that it is not: Node's own way tries for ever. */
describe.skipIf(!existsSync("/proc/self"))("a file system that takes nothing", () => {
  const expected = "/proc takes no new folders";

  it("is named at once", async () => {
    expect(makeFolder("/proc/x")).toBe(expected);
    expect(makeFolder("/proc/x/y/z")).toBe(expected);
    expect(() => RunFolder.create("/proc/x/run")).toThrow(
      new UsageError(`/proc/x/run: cannot make this folder: ${expected}`),
    );
    expect(() => openOutputFolder("--figures", "/proc/x")).toThrow(
      /^--figures: expected a folder that can be made, found \/proc\/x \(\/proc takes no new folders\)$/,
    );
    expect(() => new ReplacedFolder("--out", "/proc/x/y", "mark")).toThrow(/\/proc takes no new folders/);
    await expect(writeFileAtomically("/proc/x.json", "{}")).rejects.toThrow(
      /^\/proc\/x\.json: cannot write: \/proc takes no new files$/,
    );
    await expect(writeFileAtomically(at("none/x.json"), "{}")).rejects.toThrow(/none does not exist$/);
  });

  it("by train --out too, which once never ended", async () => {
    mkdirSync(at("here"));
    const { code, stderr } = await runCommand(
      [
        "train",
        "--data",
        "glyphs",
        "--limit",
        "20",
        "--model",
        "tiny",
        "--epsilon",
        "0.01",
        "--epochs",
        "1",
      ].concat("--out", "/proc/x"),
    );
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`/proc/x: cannot make this folder: ${expected}`),
    ]);
  });
});
