// Makes one file of each test and all of the source that it reaches: every mutant loads its tests anew, and single files load slowly.
// Run as a program, in the copy that holds the mutants, it writes them.
import { basename } from "node:path";
import { build } from "esbuild";
import { bundled, tests } from "./tests.mjs";

/** The files, one for each test. */
export async function bundle(paths, write) {
  const { outputFiles = [] } = await build({
    entryPoints: paths.map((path) => ({ in: path, out: bundled(path).replace(/\.mjs$/, "") })),
    outdir: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    write,
  });
  return outputFiles;
}

if (basename(process.argv[1]) === "bundle.mjs") await bundle(tests, true);
