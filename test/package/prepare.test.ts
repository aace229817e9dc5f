import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** A checkout in which no development dependency is installed. */
const checkout = realpathSync(mkdtempSync(join(tmpdir(), "autodual-prepare-")));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));
cpSync(join(root, "scripts", "prepare.mjs"), join(checkout, "scripts", "prepare.mjs"));
writeFileSync(join(checkout, "package.json"), '{"type":"module"}');

const prepare = () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, "scripts", "prepare.mjs")], {
    cwd: checkout,
    encoding: "utf8",
  });
  return [status, stdout, stderr];
};

describe("npm ci --omit=dev in a checkout", () => {
  it("is how npm prepares this package", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(scripts.prepare).toBe("node scripts/prepare.mjs");
  });

  it("says in a line that nothing is built, and what to do, and is no failure", () => {
    expect(prepare()).toEqual([
      0,
      "not built, as TypeScript is not installed and there is no dist: npm ci && npm run build, then npm prune --omit=dev\n",
      "",
    ]);
  });

  it("leaves what was built before", () => {
    mkdirSync(join(checkout, "dist", "cli"), { recursive: true });
    writeFileSync(join(checkout, "dist", "cli", "main.js"), "built");
    expect(prepare()).toEqual([0, "not built anew, as TypeScript is not installed: dist is as it was\n", ""]);
    expect(readFileSync(join(checkout, "dist", "cli", "main.js"), "utf8")).toBe("built");
  });
});
