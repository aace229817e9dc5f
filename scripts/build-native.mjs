// Builds the native backend where it is not there yet or older than its sources. Runs at `npm install`, by
// `npm run build:native` and by `npm test`. The package works without it, on the portable backend, so a failure is told
// in one line and is no failure of the installation.
//
// A prebuilt one of the same sources (prebuilds/, by scripts/prebuild.mjs) is taken instead, where it loads.
//
//   --own        build, whatever was prebuilt; exit with 1 where that fails
//   --required   exit with 1 where there is no native backend in the end
//   AUTODUAL_SKIP_NATIVE=1   do nothing
//   AUTODUAL_VERBOSE=1       show what the compiler says; otherwise a failed build leaves it in build/native-build.log
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPrebuild, nativeSources } from "./native-sources.mjs";
import { gypArguments } from "./node-gyp.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const [required, own] = ["--required", "--own"].map((flag) => process.argv.includes(flag));
const verbose = process.env.AUTODUAL_VERBOSE === "1";
const BUILT = join(root, "build", "Release", "autodual.node");
const LOG = join("build", "native-build.log");

if (process.env.AUTODUAL_SKIP_NATIVE === "1") {
  console.log("native backend skipped, as AUTODUAL_SKIP_NATIVE asks; the portable backend serves");
} else {
  process.exitCode = isPresent() || build() ? 0 : Number(required || own);
}

/** Whether a build no older than its sources, or else a prebuilt one of these sources, loads. */
function isPresent() {
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= newestSource() && loads({})) return true;
  if (own || !hasPrebuild(root) || !loads({ PREBUILDS_ONLY: "1" })) return false;
  // An older build would be taken before it.
  rmSync(BUILT, { force: true });
  console.log("native backend: prebuilt");
  return true;
}

function newestSource() {
  return Math.max(...nativeSources(root).map((path) => statSync(join(root, path)).mtimeMs));
}

/** In a process of its own: what does not load may end it. */
function loads(environment) {
  const code = `require(${JSON.stringify(require.resolve("node-gyp-build"))})(${JSON.stringify(root)})`;
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, ["-e", code], { env, stdio: "ignore" }).status === 0;
}

/** Builds and says in one line how that went. */
function build() {
  const began = performance.now();
  // What is there and does not load may be another machine's, down to the object files.
  const steps = existsSync(BUILT) && !loads({}) ? ["rebuild"] : ["configure", "build"];
  const args = gypArguments(...steps);
  if (args === null) return sayNotBuilt("no node-gyp", "");
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: verbose ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  if (status === 0 && loads({})) {
    utimesSync(BUILT, new Date(), new Date());
    // Objects serve the next build, and nobody builds an installed package twice.
    if (isInstalled()) rmSync(join(root, "build", "Release", "obj.target"), { recursive: true, force: true });
    console.log(`native backend built: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    return true;
  }
  // An older build may read other arguments in another order.
  if (status !== 0) rmSync(BUILT, { force: true });
  const output = `${stdout ?? ""}${stderr ?? ""}${error ? `${error.stack}\n` : ""}`;
  return sayNotBuilt(reasonOf(status, output), output);
}

function isInstalled() {
  return /[\\/]node_modules[\\/]/.test(root);
}

/** Says in one line why there is no native backend, and what to do. */
function sayNotBuilt(reason, output) {
  const again = isInstalled() ? "npm rebuild autodual" : "npm run build:native";
  console.log(
    `native backend not built (${reason}): bounds run on the portable backend, many times slower; ` +
      `to get native speed, install a C++ compiler, make and Python 3, then ${again}${keptLog(output)}`,
  );
  return false;
}

function reasonOf(status, output) {
  if (status === 0) return "the build does not load";
  if (/could not find any python/i.test(output)) return "no Python 3";
  if (/not found: make/i.test(output)) return "no make";
  if (
    /\b(g\+\+|c\+\+|clang\+\+|gcc|cc)['"]?: ((command )?not found|No such file or directory)/i.test(output)
  ) {
    return "no C++ compiler";
  }
  if (/network connectivity/i.test(output)) return "Node's headers could not be downloaded";
  if (/find visual studio/i.test(output)) return "no C++ compiler";
  const fault = output.match(/^.*(?:fatal error|error): .*$/m) ?? output.match(/^gyp ERR! stack .*$/m);
  return fault ? fault[0].replace(/^gyp ERR! stack (Error: )?/, "").trim() : "see the output";
}

/** The end of the line: where the output is, if it was kept. */
function keptLog(output) {
  if (verbose || output === "") return "";
  try {
    mkdirSync(join(root, "build"), { recursive: true });
    writeFileSync(join(root, LOG), output);
    return `; the output is in ${LOG}`;
  } catch {
    return "; AUTODUAL_VERBOSE=1 shows the output";
  }
}
