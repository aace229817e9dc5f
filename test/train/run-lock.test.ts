import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { partBeside } from "../../src/formats/abandoned-parts.js";
import { LOCK_FILE, lockHolder, withRunLock } from "../../src/train/run-lock.js";

let folder = "";
const lock = (): string => join(folder, LOCK_FILE);
const deadProcess = (): number => spawnSync(process.execPath, ["-e", "0"]).pid;
const holderOf = (changes: object): string =>
  JSON.stringify({ host: hostname(), pid: process.ppid, began: null, token: "another", ...changes });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "autodual-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the lock of a run folder", () => {
  it("is there while the work is under way, and no longer, whatever becomes of it", async () => {
    expect(await withRunLock(folder, async () => existsSync(lock()))).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
    const fault = withRunLock(folder, async () => {
      throw new Error("a fault");
    });
    await expect(fault).rejects.toThrow("a fault");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps a second training out, of this process and of another one", async () => {
    await withRunLock(folder, async () => {
      const second = withRunLock(folder, async () => "in");
      await expect(second).rejects.toThrow(
        `${folder}: a training is under way in this folder (process ${process.pid}); wait for its end`,
      );
      expect(existsSync(lock())).toBe(true);
    });
    for (const changes of [{}, { host: "elsewhere", pid: 1 }]) {
      writeFileSync(lock(), holderOf(changes));
      await expect(withRunLock(folder, async () => "in")).rejects.toThrow("a training is under way");
      expect(readFileSync(lock(), "utf8")).toContain("another");
    }
  });

  it.each([
    ["a process that is no more", () => holderOf({ pid: deadProcess() })],
    ["this process's own number, of an earlier one", () => holderOf({ pid: process.pid })],
    ["half of a file", () => '{"host":'],
    ["nothing", () => ""],
  ])("is taken over from %s", async (_words, text) => {
    writeFileSync(lock(), text());
    expect(await withRunLock(folder, async () => JSON.parse(readFileSync(lock(), "utf8")).pid)).toBe(
      process.pid,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!existsSync("/proc/self/stat"))("is taken over where a number has a new process", async () => {
    writeFileSync(lock(), holderOf({ began: "1" }));
    expect(await withRunLock(folder, async () => "in")).toBe("in");
  });

  it("tells who holds it, and changes nothing", () => {
    expect(lockHolder(folder)).toBeNull();
    for (const [changes, holder] of [
      [{}, { alive: true, here: true }],
      [{ pid: deadProcess() }, { alive: false, here: true }],
      [
        { host: "elsewhere", pid: 1 },
        { alive: true, here: false },
      ],
    ] as const) {
      writeFileSync(lock(), holderOf(changes));
      expect(lockHolder(folder)).toEqual(holder);
      expect(readdirSync(folder)).toEqual([LOCK_FILE]);
    }
    writeFileSync(lock(), '{"host":');
    expect(lockHolder(folder)).toBeNull();
  });

  it("clears away what dead processes were writing, and nothing else", async () => {
    const part = (pid: number): string => `.model.safetensors.${pid}-0123abcd.part`;
    const names = [part(deadProcess()), part(process.pid), "notes.part", "run.json"];
    for (const name of names) writeFileSync(join(folder, name), "");
    await withRunLock(folder, async () => {});
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
  });

  it.skipIf(!existsSync("/proc/self/stat"))(
    "clears away what a process wrote that had this one's number before it, and folders too",
    async () => {
      const own = basename(partBeside(join(folder, "run.json")));
      const earlier = own.replace(/\d+(?=-[0-9a-f]{8}\.part$)/, "1");
      const tree = partBeside(join(folder, "figures")).replace(String(process.pid), String(deadProcess()));
      for (const name of [own, earlier]) writeFileSync(join(folder, name), "");
      mkdirSync(tree);
      writeFileSync(join(tree, "curve.svg"), "");
      await withRunLock(folder, async () => {});
      expect(readdirSync(folder)).toEqual([own]);
    },
  );

  it("clears away the locks of dead processes from the folders of stages", async () => {
    for (const [stage, changes] of [
      ["stage-1", { pid: deadProcess() }],
      ["stage-2", {}],
    ] as const) {
      mkdirSync(join(folder, stage));
      writeFileSync(join(folder, stage, LOCK_FILE), holderOf(changes));
    }
    await withRunLock(folder, async () => {});
    expect(readdirSync(join(folder, "stage-1"))).toEqual([]);
    expect(readdirSync(join(folder, "stage-2"))).toEqual([LOCK_FILE]);
  });

  it("lets one of many in", async () => {
    writeFileSync(lock(), holderOf({ pid: deadProcess() }));
    const tries = Array.from({ length: 20 }, () =>
      withRunLock(folder, () => new Promise((go) => setTimeout(() => go("in"), 20))).catch(() => "out"),
    );
    expect((await Promise.all(tries)).filter((outcome) => outcome === "in").length).toBe(1);
  });
});
