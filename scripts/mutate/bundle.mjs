// Makes one file of each test and all of the source that it reaches: every mutant loads its tests anew, and single files load slowly.
// Runs in the copy that holds the mutants.
import { build } from "esbuild";
import { bundled, tests } from "./tests.mjs";

await build({
  entryPoints: tests.map((path) => ({ in: path, out: bundled(path).replace(/\.mjs$/, "") })),
  outdir: ".",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "error",
});
