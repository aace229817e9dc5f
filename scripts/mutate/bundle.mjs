// Makes one script of each test and all of the source and the packages that it reaches, to be evaluated anew for every mutant: so no
// mutant finds what another left. Run as a program, in the copy that holds the mutants, it writes them.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundled, tests } from "./tests.mjs";

/** Modules are scripts here, which know of no `import.meta`: each file has its own address written in. */
const ownAddress = {
  name: "own-address",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const address = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll("import.meta.url", address), loader: "ts" };
    });
  },
};

/** The files, one for each test. */
export async function bundle(paths, write) {
  const { outputFiles = [] } = await build({
    entryPoints: paths.map((path) => ({ in: path, out: bundled(path).replace(/\.cjs$/, "") })),
    outdir: ".",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    // It finds its own files by where it lies.
    external: ["vitest", "highs"],
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "error",
    plugins: [ownAddress],
    write,
  });
  return outputFiles;
}

if (basename(process.argv[1]) === "bundle.mjs") await bundle(tests, true);
