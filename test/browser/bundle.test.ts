import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundle } from "./bundle.js";

const folder = mkdtempSync(join(tmpdir(), "autodual-bundle-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("autodual/browser, bundled", () => {
  it("imports no Node built-in, and nothing from outside", async () => {
    const { foreign, inputs, code } = await bundle("src/browser.ts");
    expect(inputs).toContain("src/compute/portable/index.ts");
    expect(foreign).toEqual([]);
    expect(code).not.toMatch(/\b(from|import|require)\s*\(?\s*["']node:/);
  });

  it("brings along nothing that it has no use for", async () => {
    const { inputs } = await bundle("src/browser.ts");
    const unwanted = /compute\/native|\/highs\/|\/vega|resvg|preact|dejavu|commander|node-gyp/;
    expect(inputs.filter((path) => unwanted.test(path))).toEqual([]);
  });
});

describe("bundle", () => {
  it("refuses what imports a built-in", async () => {
    const path = join(folder, "entry.js");
    writeFileSync(path, 'import { readFileSync } from "node:fs";\nconsole.log(readFileSync);');
    await expect(bundle(path)).rejects.toThrow("node:fs");
  });
});
