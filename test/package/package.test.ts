import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importsOf, installed, installedBytes, type Packed, packed } from "./packed.js";

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

  const command = (words: string) => {
    const args = [join("node_modules", "autodual", "dist", "cli", "main.js"), ...words.split(" ")];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
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
    expect(paths).toEqual(expect.arrayContaining(["models/mnist-small-0.1/stage-6/model.safetensors"]));
    expect(pack.size).toBeLessThan(8e6);
  });

  it("has whatever its documents lead to, but for pictures", () => {
    const paths = new Set(pack.files.map(({ path }) => path));
    const documents = [...paths].filter((path) => path.endsWith(".md") && !path.startsWith("native/"));
    const targets = documents.flatMap((document) => {
      const text = readFileSync(fileURLToPath(new URL(`../../${document}`, import.meta.url)), "utf8");
      const found = text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/\]\(([^)\s]+)\)/g);
      return [...found].map(([, link]) => posix.join(posix.dirname(document), link!));
    });
    const own = targets
      .filter((target) => !/https?:|^[^/]*#|\/#|\.(svg|png)$/.test(target))
      .map((target) => target.split("#")[0]!);
    expect(own.length).toBeGreaterThan(100);
    const leads = (target: string) =>
      paths.has(target) || [...paths].some((path) => path.startsWith(`${target}/`));
    expect(own.filter((target) => !leads(target.replace(/\/$/, "")))).toEqual([]);
  });

  it("takes less than 25 MB of files with all that it needs, but for what is optional", () => {
    expect(installedBytes(pack)).toBeLessThan(25e6);
  });

  it("imports nothing that it does not bring, in its code or in its types", () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(folder.path, "node_modules/autodual/package.json"), "utf8"),
    );
    const types = importsOf(pack, ".d.ts");
    expect(types.filter((name) => !(name in dependencies))).toEqual([]);
    const code = importsOf(pack, ".js").filter((name) => !name.startsWith("node:"));
    expect(code.length).toBeGreaterThan(4);
    expect(code.filter((name) => !(name in { ...dependencies, ...optionalDependencies }))).toEqual([]);
  });

  it("has the licences of the packages that are in it", () => {
    const text = readFileSync(join(folder.path, "node_modules/autodual/dist/packages/LICENSES.txt"), "utf8");
    const own = ["@bufbuild/protobuf", "csv-parse", "fast-png", "iobuffer", "jpeg-js", "preact"];
    for (const name of [...own, "hono", "@hono/node-server"]) {
      expect(text).toMatch(new RegExp(`^${name} [0-9.]+, `, "m"));
    }
    for (const part of ["Copyright 2008 Google", "Apache License", "Jason Miller", "Adaltas"]) {
      expect(text).toContain(part);
    }
  });

  it("reads ONNX, tables and images, and writes a page, by the packages that are in it", () => {
    const { stdout } = run(
      "model.mjs",
      `import { writeFileSync } from "node:fs";
      import { exportOnnx, initialWeights, linear, relu, sequential } from "autodual";
      const network = sequential([2], [linear(4), relu(), linear(2)]);
      writeFileSync("m.onnx", exportOnnx({ network, weights: initialWeights(network, 0) }));
      writeFileSync("t.csv", "a,b,class\\n0.1,0.2,ant\\n0.9,0.3,bee\\n");
      console.log("written");`,
    );
    expect(stdout).toBe("written\n");
    for (const name of ["ant", "bee"]) {
      mkdirSync(join(folder.path, "pets", name), { recursive: true });
      const plain = { width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(90) };
      writeFileSync(join(folder.path, "pets", name, "0.png"), encodePng(plain));
      const colours = { width: 4, height: 4, data: new Uint8Array(64).fill(255) };
      writeFileSync(join(folder.path, "pets", name, "1.jpg"), jpeg.encode(colours, 90).data);
    }
    const page = command("certify m.onnx --data t.csv --epsilon 0.01 --report page.html");
    expect([page.status, page.stderr]).toEqual([0, expect.not.stringContaining("autodual:")]);
    expect(page.stdout).toMatch(/classes +│ ant, bee/);
    expect(readFileSync(join(folder.path, "page.html"), "utf8")).toMatch(
      /^<!doctype html>[\s\S]*<\/html>\n$/,
    );
    expect(command("data pets").stdout).toContain("classes: ant, bee");
  });

  it("has of the larger cascade the first stage, and says where the others are", () => {
    expect(command("info cifar-small-2-255/stage-1").status).toBe(0);
    const { status, stderr } = command("info cifar-small-2-255");
    expect(status).toBe(2);
    expect(stderr).toBe(
      "autodual: cifar-small-2-255: expected its 6 stages, found 1, as the installed package leaves the others out; take " +
        "cifar-small-2-255/stage-1, or models/cifar-small-2-255 of a copy of autodual's repository as MODEL\n",
    );
  });

  it("certifies an image by the example of docs/library.md, in strict TypeScript", {
    timeout: 120_000,
  }, () => {
    writeFileSync(join(folder.path, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder.path, "certify.ts"), blockOf("Install", "ts"));
    const options = ["--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022"];
    // The package's own types are checked too, by the libraries of that target alone.
    const compiled = spawnSync(process.execPath, [TSC, ...options, "certify.ts"], {
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
