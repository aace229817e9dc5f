import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What esbuild makes of a file for a browser. */
export interface Bundle {
  /** One module, with all that it imports. */
  readonly code: string;
  /** The files that are in it, from the root of this repository. */
  readonly inputs: readonly string[];
  /** Node's built-ins that any of them imports, and what the bundle leaves to be loaded from outside. */
  readonly foreign: readonly string[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Bundles a file, by its path from the root, as `esbuild --bundle --platform=browser` does. Rejects where an import cannot be found. */
export async function bundle(path: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [path],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const left = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return {
    code: outputFiles[0].text,
    inputs: Object.keys(metafile.inputs),
    foreign: [...imports.filter(({ path: name }) => isBuiltin(name)), ...left].map(({ path: name }) => name),
  };
}
