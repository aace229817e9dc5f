// Attacks the project's own certificates: random networks of all kinds of layers, certified to the verge, against exact
// rational arithmetic and floating-point evaluations in many orders (test/support/attack). A false certificate is an error of
// the project, and the exit status 1.
//
//   node scripts/attack-certificates.mjs [--count N] [--first SEED] [--workers N] [--json FILE]
//
// The networks are those of the seeds SEED to SEED + N − 1, whatever the number of workers; --count 1 --first SEED repeats one.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createViteServer } from "vitest/node";

const { values: flags } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    json: { type: "string" },
    // Of a worker: every STRIDE-th seed, results as lines.
    stride: { type: "string" },
  },
});
const [count, first, workers] = [flags.count, flags.first, flags.workers].map(Number);

/** The TypeScript of the tests, as it stands. */
async function load() {
  const server = await createViteServer({
    configFile: false,
    root: fileURLToPath(new URL("..", import.meta.url)),
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    oxc: { target: "es2022" },
  });
  const modules = await Promise.all(
    ["campaign", "engines", "certifying"].map((name) =>
      server.ssrLoadModule(`/test/support/attack/${name}.ts`),
    ),
  );
  return { server, ...Object.assign({}, ...modules) };
}

/** A process of its own for every share of the seeds. Their results, in the order of the seeds. */
async function shared() {
  const results = [];
  const began = performance.now();
  const work = async (worker) => {
    const own = Math.ceil((count - worker) / workers);
    if (own <= 0) return;
    const args = ["--first", String(first + worker), "--count", String(own), "--stride", String(workers)];
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    for await (const line of createInterface({ input: child.stdout })) {
      results.push(JSON.parse(line));
      if (results.length % 500 !== 0) continue;
      const seconds = (performance.now() - began) / 1000;
      process.stderr.write(`${results.length} of ${count}, ${seconds.toFixed(0)} s\n`);
    }
    const status = await ended;
    if (status !== 0) throw new Error(`a worker ended with status ${status}`);
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return results.sort((a, b) => a.seed - b.seed);
}

const { server, runCampaign, summary, summaryLines, allEngines, certifyingBy } = await load();
if (flags.stride !== undefined) {
  const seeds = Array.from({ length: count }, (_, i) => first + i * Number(flags.stride));
  await runCampaign(seeds, certifyingBy(allEngines()), (result) =>
    process.stdout.write(`${JSON.stringify(result)}\n`),
  );
} else {
  const results = await shared();
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(results, null, 1)}\n`);
  const campaign = summary(results);
  console.log(summaryLines(campaign).join("\n"));
  process.exitCode = campaign.exactFalse.length + campaign.floatFalse.length > 0 ? 1 : 0;
}
await server.close();
