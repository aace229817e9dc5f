// Builds the addon for MPI, mpi/addon.cc, into build/mpi/autodual-mpi.node with the MPI's own compiler: `npm run build:mpi`. Nothing
// else builds it. It belongs to the MPI that it was built with; another one needs another build.
//
//   MPICXX=…   that compiler; default mpicxx, else mpic++, else mpiicpx, of the PATH
//
// Exits with 1, and one line that says why, where it cannot be built.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const BUILT = join(root, "build", "mpi", "autodual-mpi.node");

process.exitCode = build();

function build() {
  if (process.platform === "win32") return fail("there is no such addon for Windows");
  const compiler = findCompiler();
  if (compiler === null) {
    const named = process.env.MPICXX === undefined ? "mpicxx" : `MPICXX=${process.env.MPICXX}`;
    return fail(
      `no MPI compiler (${named}); install an MPI with its headers, on Debian openmpi-bin and libopenmpi-dev, or name its compiler: ` +
        "MPICXX=… npm run build:mpi",
    );
  }
  const headers = nodeHeaders();
  if (headers === null) {
    return fail("no headers of Node; fetch them by: npx node-gyp install");
  }
  mkdirSync(dirname(BUILT), { recursive: true });
  const beside = `${BUILT}.${process.pid}.part`;
  const began = performance.now();
  const { status, stderr, error } = spawnSync(
    compiler,
    [
      ...[
        "-std=c++17",
        "-O1",
        "-fPIC",
        "-shared",
        "-fexceptions",
        "-fvisibility=hidden",
        "-pthread",
        "-Wall",
        "-Wextra",
      ],
      ...["-Wno-unused-parameter", "-Wno-cast-function-type", "-DNODE_ADDON_API_CPP_EXCEPTIONS"],
      ...["-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "-DOMPI_SKIP_MPICXX", "-DMPICH_SKIP_MPICXX"],
      ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
      ...[`-I${headers}`, `-I${dirname(require.resolve("node-addon-api/package.json"))}`],
      ...[join(root, "mpi", "addon.cc"), "-o", beside],
    ],
    { encoding: "utf8", maxBuffer: 1 << 26 },
  );
  if (status !== 0) {
    rmSync(beside, { force: true });
    process.stderr.write(`${stderr ?? ""}${error ? `${error.message}\n` : ""}`);
    return fail(`${compiler} failed`);
  }
  renameSync(beside, BUILT);
  console.log(`MPI addon built with ${compiler}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return 0;
}

function fail(reason) {
  console.error(`MPI addon not built: ${reason}`);
  return 1;
}

/** Null where there is none. */
function findCompiler() {
  const own = process.env.MPICXX;
  const names = own === undefined ? ["mpicxx", "mpic++", "mpiicpx"] : [own];
  return names.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0) ?? null;
}

/** Those beside Node, those that npm knows of, or those that node-gyp fetched; null where there are none. */
function nodeHeaders() {
  const { version, execPath, env } = process;
  const fetched = [
    join(homedir(), ".cache", "node-gyp", version.slice(1)),
    join(homedir(), "Library", "Caches", "node-gyp", version.slice(1)),
  ];
  const prefixes = [dirname(dirname(realpathSync(execPath))), env.npm_config_nodedir, ...fetched];
  const found = prefixes.find(
    (prefix) => prefix && existsSync(join(prefix, "include", "node", "node_api.h")),
  );
  return found === undefined ? null : join(found, "include", "node");
}
