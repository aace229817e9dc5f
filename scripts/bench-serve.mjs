// What `autodual serve` takes while a run goes on for an hour: an epoch a second, as fast as they can be read, to some browsers at
// once, and the server's memory meanwhile; then the first paint of its page in Chromium. Of the code in dist.
//   node scripts/bench-serve.mjs [--updates 3600] [--clients 5]
import { fork } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serveRuns } from "../dist/serve/server.js";

const CHROMIUM = "/usr/bin/chromium";
/** Of a run of the paper. */
const EPOCHS = 60;
const { values: flags } = parseArgs({
  options: {
    updates: { type: "string", default: "3600" },
    clients: { type: "string", default: "5" },
    serve: { type: "string" },
  },
});

if (flags.serve !== undefined) {
  const rhythm = { look: 5, ping: 15_000 };
  const server = await serveRuns([flags.serve], { host: "127.0.0.1", port: 0, token: null, rhythm });
  const told = () => ({ port: server.port, listening: server.runs.listening, ...process.memoryUsage() });
  process.on("message", () => {
    globalThis.gc();
    process.send(told());
  });
  process.send(told());
} else {
  await measure(Number(flags.updates), Number(flags.clients));
}

async function measure(updates, count) {
  const folder = mkdtempSync(join(tmpdir(), "autodual-bench-"));
  const write = await writer(folder);
  write(0);
  const child = fork(fileURLToPath(import.meta.url), ["--serve", folder], {
    execArgv: ["--expose-gc"],
  });
  const ask = () => {
    child.send("memory");
    return told();
  };
  const told = () => new Promise((resolve) => child.once("message", resolve));
  try {
    const { port } = await told();
    const clients = Array.from({ length: count }, () => listener(port));
    const heard = async (events) => {
      while (clients.some((client) => client.events < events)) await new Promise((go) => setTimeout(go, 2));
    };
    await heard(1);
    const began = performance.now();
    for (let update = 1; update <= updates; update++) {
      write(update);
      await heard(update + 1);
      if (update === 100 || update % 600 === 0) {
        const { rss, heapUsed, external } = await ask();
        console.log(
          `after ${update} updates: ${megabytes(rss)} resident; alive ${megabytes(heapUsed)} in the heap, ${megabytes(external)} beside it`,
        );
      }
    }
    const seconds = (performance.now() - began) / 1000;
    console.log(
      `${updates} updates to ${count} browsers in ${seconds.toFixed(0)} s, ${megabytes(clients[0].bytes)} to each`,
    );
    for (const { socket } of clients) socket.destroy();
    await new Promise((go) => setTimeout(go, 500));
    console.log(`listening after their end: ${(await ask()).listening}`);
    if (existsSync(CHROMIUM)) await paint(port);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the record of a run of so many epochs, over and over. */
async function writer(folder) {
  const at = (path) => import(new URL(`../dist/${path}`, import.meta.url));
  const [{ configOf }, { trainSettings }, { freshRun }] = await Promise.all([
    at("train/settings/config-of.js"),
    at("train/settings/named.js"),
    at("runs/training/new-run.js"),
  ]);
  const subject = {
    data: {
      ...{ name: "glyphs", count: 400, shape: [1, 28, 28], classes: 10, limit: null, dataDir: null },
      ...{ seed: 0, sha256: null, listed: false },
    },
    ...{ model: "tiny", norm: "linf", epsilon: 0.1, box: [0, 1], seed: 3 },
    ...{ backend: "portable", dtype: "float64" },
  };
  const run = freshRun(configOf(trainSettings("plain"), subject, { epochs: EPOCHS, evaluateEvery: 1 }));
  return (update) => {
    const epochs = Array.from({ length: update % EPOCHS }, (_, i) => {
      const share = 1 / (i + 1 + (update % 7));
      return {
        ...{ epoch: i + 1, epsilon: 0.1, kappa: 0.5, learningRate: 0.001, seconds: 1 },
        ...{ loss: 2 * share, robustLoss: 3 * share, error: share / 2, robustError: share },
        test: { examples: 100, epsilon: 0.1, error: share / 2, robustError: share },
      };
    });
    writeFileSync(join(folder, ".next"), JSON.stringify({ ...run, epochs }));
    renameSync(join(folder, ".next"), join(folder, "run.json"));
  };
}

function listener(port) {
  const socket = connect(port, "127.0.0.1");
  const client = { socket, events: 0, bytes: 0 };
  const mark = "\nevent: parts\n";
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    const pieces = (rest + chunk).split(mark);
    client.events += pieces.length - 1;
    client.bytes += chunk.length;
    // A mark may come in two halves.
    rest = pieces.at(-1).slice(1 - mark.length);
  });
  socket.write(`GET /runs/1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  return client;
}

async function paint(port) {
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const times = [];
  for (let visit = 0; visit < 5; visit++) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    times.push(
      await page.evaluate(
        `new Promise((tell) => new PerformanceObserver((list) => tell(list.getEntriesByName("first-contentful-paint")[0].startTime)).observe({ type: "paint", buffered: true }))`,
      ),
    );
    await page.close();
  }
  await browser.close();
  console.log(`first paint, five visits: ${times.map((time) => `${Math.round(time)} ms`).join(", ")}`);
}

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
