import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../examples/first-steps.mjs", import.meta.url));

it("a script of at most 10 lines trains the quickstart's model and certifies an image", () => {
  const lines = readFileSync(SCRIPT, "utf8").trim().split("\n");
  expect(lines.length).toBeLessThanOrEqual(10);
  const folder = mkdtempSync(join(tmpdir(), "autodual-first-"));
  try {
    const printed = execFileSync(process.execPath, [SCRIPT], { cwd: folder, encoding: "utf8" });
    expect(printed).toMatch(/^\d certified\n/);
    expect(printed).toContain("Guaranteed: for 1 of the 1 examples");
    expect(existsSync(join(folder, "runs/first-steps/report.html"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);

it("stands in the README word for word", () => {
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  expect(readme).toContain(readFileSync(SCRIPT, "utf8").trim());
});
