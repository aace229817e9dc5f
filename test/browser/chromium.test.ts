import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certify, examples, loadDataset } from "../../src/index.js";
import { bundle } from "./bundle.js";

const CHROMIUM = "/usr/bin/chromium";
const MODEL = fileURLToPath(
  new URL("../../models/mnist-small-0.1/stage-1/model.safetensors", import.meta.url),
);
const ORIGIN = "http://autodual.test";

const present = existsSync(CHROMIUM);
if (!present) {
  console.log(`skipped: autodual/browser in a browser: no ${CHROMIUM}; apt-get install chromium brings it`);
}

describe.skipIf(!present)("autodual/browser in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(() => browser?.close());

  it("certifies an image of a model's bytes as Node does, and stops when asked", async () => {
    const { code } = await bundle("src/browser.ts");
    const { x } = examples(await loadDataset("glyphs", { split: "test", limit: 1 }), [0]);
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    await page.route(`${ORIGIN}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === "/autodual.js") return route.fulfill({ contentType: "text/javascript", body: code });
      if (path === "/model") return route.fulfill({ body: readFileSync(MODEL) });
      return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>autodual</title>" });
    });
    await page.goto(ORIGIN);
    const found = await page.evaluate(
      `(async () => {
        const { certify, readModel } = await import("/autodual.js");
        const model = await readModel(await (await fetch("/model")).arrayBuffer());
        const image = ${JSON.stringify(Array.from(x))};
        const { examples, guarantee } = await certify(model, image, { epsilon: 0.02 });
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error("enough")), 0);
        const stopped = await certify(model, image, { epsilon: 0.02, signal: stop.signal }).catch(({ message }) => message);
        return { examples, guarantee, stopped };
      })()`,
    );
    const expected = await certify(MODEL, x, { epsilon: 0.02, backend: "portable" });
    expect(faults).toEqual([]);
    expect(expected.examples[0].certified).toBe(true);
    expect(found).toEqual({ examples: expected.examples, guarantee: "deterministic", stopped: "enough" });
  });
});
