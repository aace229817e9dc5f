// Attacks the project's own certificates: random networks of all kinds of layers, certified to the verge, against exact
// rational arithmetic and floating-point evaluations in many orders (test/support/attack); then answers of `verify`. A false
// certificate is an error of the project, and the exit status 1.
//
//   node scripts/attack-certificates.mjs [--count N] [--properties N] [--first SEED] [--workers N] [--json FILE]
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
    properties: { type: "string" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    json: { type: "string" },
    // Of a worker: what it attacks, every STRIDE-th seed; results as lines.
    worker: { type: "string" },
    stride: { type: "string", default: "1" },
  },
});
const [count, first, workers] = [flags.count, flags.first, flags.workers].map(Number);
const properties = flags.properties === undefined ? Math.round(count / 20) : Number(flags.properties);

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
async function shared(what, count) {
  const results = [];
  const began = performance.now();
  const work = async (worker) => {
    const own = Math.ceil((count - worker) / workers);
    if (own <= 0) return;
    const args = ["--worker", what, "--first", first + worker, "--count", own, "--stride", workers];
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    for await (const line of createInterface({ input: child.stdout })) {
      results.push(JSON.parse(line));
      if (results.length % 500 !== 0) continue;
      const seconds = (performance.now() - began) / 1000;
      process.stderr.write(`${what}: ${results.length} of ${count}, ${seconds.toFixed(0)} s\n`);
    }
    const status = await ended;
    if (status !== 0) throw new Error(`a worker ended with status ${status}`);
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return results.sort((a, b) => a.seed - b.seed);
}

/** Seeds between two fresh sets of backends: one that failed refuses all that comes after. */
const AT_A_TIME = 250;

async function work() {
  const { server, ...attack } = await load();
  const seeds = Array.from({ length: count }, (_, i) => first + i * Number(flags.stride));
  const tell = (result) => process.stdout.write(`${JSON.stringify(result)}\n`);
  for (let from = 0; from < seeds.length; from += AT_A_TIME) {
    const engines = attack.allEngines();
    const part = seeds.slice(from, from + AT_A_TIME);
    if (flags.worker === "certificates") await attack.runCampaign(part, attack.certifyingBy(engines), tell);
    else await attack.runPropertyCampaign(part, attack.verifyingBy(engines), tell);
    for (const { backend } of engines) backend.dispose();
  }
  await server.close();
}

async function report() {
  const { server, summary, summaryLines } = await load();
  await server.close();
  const certificates = await shared("certificates", count);
  const answers = await shared("properties", properties);
  if (flags.json)
    writeFileSync(flags.json, `${JSON.stringify({ certificates, properties: answers }, null, 1)}\n`);
  for (const [what, results] of Object.entries({ certificates, properties: answers })) {
    if (results.length === 0) continue;
    const campaign = summary(results);
    console.log([`${what}:`, ...summaryLines(campaign), ""].join("\n"));
    if (campaign.exactFalse.length + campaign.floatFalse.length > 0) process.exitCode = 1;
  }
}

await (flags.worker === undefined ? report() : work());
