// Builds the native backend with a sanitizer of the compiler, and runs the backend's tests and its fuzz with it:
//
//   npm run sanitize [-- [address] [undefined] [thread] [--seconds 600] [--tests PATH,PATH]]
//
// Default: all three, one after the other, ten minutes of fuzz each. Each has a folder of its own, build/sanitize/KIND, and the
// build that is used otherwise stays as it is. Prints `KIND: clean`, or the reports that have a frame of the addon, and then ends
// with 1. Reports without one are about node itself, which is not built with sanitizers; they are counted.
//
// Linux with GCC only: the sanitizer's library is loaded before node, which does not know of it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gypArguments } from "./node-gyp.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Tests that call the native backend: conformance, wrong arguments, threads, ends of processes and workers, sizes. */
const TESTS = ["native", "native-arguments", "native-determinism", "native-ends", "native-sizes"];

/** Of each sanitizer its library, the variable of its options, and these. Reports go to files: workers of vitest have no terminal. */
const KINDS = {
  address: {
    library: "libasan.so",
    // V8 leaks on purpose as it ends, and takes memory in ways of its own; where there is none, null is an answer that is tested.
    variable: "ASAN_OPTIONS",
    options: [
      "detect_leaks=0",
      "allocator_may_return_null=1",
      "quarantine_size_mb=16",
      "detect_stack_use_after_return=1",
    ],
  },
  undefined: {
    library: "libubsan.so",
    variable: "UBSAN_OPTIONS",
    options: ["print_stacktrace=1"],
  },
  thread: {
    library: "libtsan.so",
    // Node and V8 order their threads by means that the sanitizer does not see.
    variable: "TSAN_OPTIONS",
    options: [
      "ignore_noninstrumented_modules=1",
      "halt_on_error=0",
      "exitcode=66",
      "history_size=4",
      "allocator_may_return_null=1",
    ],
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "600" }, tests: { type: "string" } },
});
const unknown = positionals.find((kind) => !(kind in KINDS));
if (unknown !== undefined || !(Number(values.seconds) >= 0)) {
  console.error(
    `sanitize: expected ${Object.keys(KINDS).join(", ")}, and --seconds N; got ${unknown ?? values.seconds}`,
  );
  process.exit(2);
}
if (process.platform !== "linux") {
  console.error("sanitize: expected Linux and GCC");
  process.exit(2);
}
const found = (positionals.length > 0 ? positionals : Object.keys(KINDS)).map((kind) => sanitize(kind));
process.exitCode = found.every((clean) => clean) ? 0 : 1;

/** Whether nothing was found. */
function sanitize(kind) {
  const folder = join(root, "build", "sanitize", kind);
  if (!build(kind, folder)) return false;
  const reports = join(folder, "reports");
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const began = performance.now();
  const status = test(kind, folder, join(reports, "report"));
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const files = readdirSync(reports).map((name) => readFileSync(join(reports, name), "utf8"));
  // Memory that there is none of is only told of.
  const texts = files.filter((text) => /ERROR: |runtime error: |WARNING: ThreadSanitizer/.test(text));
  const own = texts.filter((text) => /autodual\.node|\/native\/(core|kernels|operations|isa)\//.test(text));
  for (const text of own) console.log(text);
  const others = texts.length - own.length;
  if (others > 0) console.log(`${kind}: ${others} reports without a frame of the addon, in ${reports}`);
  const clean = own.length === 0 && status === 0;
  console.log(
    `${kind}: ${clean ? "clean" : `${own.length} reports; the tests ended with ${status}`} (${seconds} s)`,
  );
  return clean;
}

function build(kind, folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of ["binding.gyp", "native"]) {
    if (!existsSync(join(folder, name))) symlinkSync(join("..", "..", "..", name), join(folder, name));
  }
  const args = gypArguments("configure", "build");
  if (args === null) {
    console.log(`${kind}: not built: no node-gyp`);
    return false;
  }
  const { status, stderr, stdout } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, GYP_DEFINES: `sanitize=${kind}` },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) console.log(`${stdout}${stderr}\n${kind}: not built`);
  return status === 0;
}

/** The exit status of the tests with the library, and the addon of the folder. */
function test(kind, folder, log) {
  const { library, variable, options } = KINDS[kind];
  const { stdout } = spawnSync("gcc", [`-print-file-name=${library}`], { encoding: "utf8" });
  const names = values.tests?.split(",") ?? [...TESTS, "fuzz"].map((name) => `test/compute/${name}.test.ts`);
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const slow = ["--testTimeout", "3600000", "--hookTimeout", "3600000", "--maxWorkers", "1"];
  // The thread sanitizer knows its own layout of addresses alone.
  const command = ["setarch", "-R", process.execPath, vitest, "run", ...slow, ...names];
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    env: {
      ...process.env,
      LD_PRELOAD: stdout.trim(),
      [variable]: [...options, `log_path=${log}`].join(":"),
      AUTODUAL_PREBUILD: folder,
      AUTODUAL_FUZZ_SECONDS: values.seconds,
      AUTODUAL_FUZZ_SEED: process.env.AUTODUAL_FUZZ_SEED ?? String(Date.now() % 2 ** 31),
    },
    stdio: "inherit",
  });
  return status ?? 1;
}
