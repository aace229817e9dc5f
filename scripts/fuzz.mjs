// Random calls of the native backend, against the portable one, for an hour or so many seconds: npm run fuzz -- [SECONDS [SEED]].
// A sequence that fails is printed with its seed and path; AUTODUAL_FUZZ_SEED and AUTODUAL_FUZZ_PATH run it again.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [seconds = "3600", seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
if (!(Number(seconds) > 0) || !Number.isInteger(Number(seed))) {
  console.error("fuzz: expected [SECONDS [SEED]], numbers");
  process.exit(2);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "test/compute/fuzz.test.ts"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  env: { ...process.env, AUTODUAL_FUZZ_SECONDS: seconds, AUTODUAL_FUZZ_SEED: seed },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
