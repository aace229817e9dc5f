import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installed, type Packed, packed } from "./packed.js";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const LIBRARY = readFileSync(fileURLToPath(new URL("../../docs/library.md", import.meta.url)), "utf8");
const built = existsSync(new URL("../../dist/index.js", import.meta.url));
if (!built) console.log("skipped: the package as it is packed: no dist; npm run build makes it");

/** The first block of a language below a heading. */
function blockOf(heading: string, language: string): string {
  const section = LIBRARY.split(`\n## ${heading}\n`)[1].split("\n## ")[0];
  const found = section.match(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``));
  if (!found) throw new Error(`docs/library.md: ${heading}: no block of ${language}`);
  return found[1];
}

describe.skipIf(!built)("the package as it is packed", () => {
  let pack: Packed;
  let folder: ReturnType<typeof installed>;
  beforeAll(() => {
    pack = packed();
    folder = installed(pack);
  });
  afterAll(() => folder?.remove());

  const run = (file: string, text: string) => {
    writeFileSync(join(folder.path, file), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      cwd: folder.path,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it("is small, and has no source maps, whose sources stay behind", () => {
    const paths = pack.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/index.js", "dist/browser.d.ts", "README.md", "binding.gyp"]),
    );
    expect(paths.filter((path) => /\.map$|^(src|test|build)\//.test(path))).toEqual([]);
    const models = pack.files.filter(({ path }) => path.startsWith("models/"));
    expect(models.length).toBeGreaterThan(0);
    expect(pack.size).toBeLessThan(12e6);
  });

  it("certifies an image by the example of docs/library.md, in strict TypeScript", {
    timeout: 120_000,
  }, () => {
    writeFileSync(join(folder.path, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder.path, "certify.ts"), blockOf("Install", "ts"));
    const options = ["--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022"];
    const libraries = ["--lib", "es2023,esnext.disposable,dom", "--skipLibCheck", "--types", "node"];
    const compiled = spawnSync(process.execPath, [TSC, ...options, ...libraries, "certify.ts"], {
      cwd: folder.path,
      encoding: "utf8",
    });
    expect(compiled.stdout).toBe("");
    const { status, stdout, stderr } = run(
      "certify.js",
      readFileSync(join(folder.path, "certify.js"), "utf8"),
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\d certified\n$/);
    expect(status).toBe(0);
  });

  it("is required from CommonJS by the example of docs/library.md", () => {
    const { status, stdout } = run("certify.cjs", blockOf("Install", "cjs"));
    expect(stdout).toBe("true\n");
    expect(status).toBe(0);
  });

  it("says in one line which optional package is missing", () => {
    const { stdout } = run(
      "optional.mjs",
      `const at = (path) => import(new URL("node_modules/autodual/dist/" + path, import.meta.url));
      const { plotSvg } = await at("report/plot.js");
      const { solveProgram } = await at("verify/linear-program.js");
      const one = Float64Array.of(1);
      const program = { cost: one, lower: one, upper: one, matrix: one, rowLower: one, rowUpper: one };
      const axis = { label: "x", scale: "linear" };
      const series = [{ kind: "line", name: "a", x: [0, 1], y: [0, 1] }];
      const figure = { title: "t", panels: [{ title: "p", x: axis, y: axis, series }] };
      await solveProgram(program).catch(({ name, message }) => console.log(name, message));
      await plotSvg(figure).catch(({ name, message }) => console.log(name, message));`,
    );
    const [solver, figure] = stdout.trim().split("\n");
    expect(solver).toBe(
      "UsageError linear programs of branch and bound: expected the optional package highs, found none; npm install autodual --include=optional brings it",
    );
    expect(figure).toMatch(
      /^UsageError figures: expected the optional package (vega|vega-lite|dejavu-fonts-ttf), found none; /,
    );
  });
});
