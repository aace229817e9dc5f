import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RunServer, serveRuns } from "../../src/serve/server.js";
import { newFolder } from "../cli/run-command.js";
import { writeCertification, writeLock, writeRun } from "./run-folders.js";

const CHROMIUM = "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TOKEN = "0123456789abcdef0123";

const present = existsSync(CHROMIUM);
if (!present)
  console.log(`skipped: live pages in a browser: no ${CHROMIUM}; apt-get install chromium brings it`);

const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });

describe.skipIf(!present)("a live page in a browser", () => {
  let folder: ReturnType<typeof newFolder>;
  let server: RunServer;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const at = (name: string): string => join(folder.path, name);

  beforeAll(async () => {
    browser = await launch();
  }, 120_000);
  afterAll(async () => browser?.close());
  beforeEach(async () => {
    folder = newFolder();
    await writeRun(at("run"), 3);
    await writeRun(at("second"), 1, { status: "interrupted" });
    writeLock(at("run"));
    server = await serveRuns([at("run"), at("second")], {
      ...{ host: "127.0.0.1", port: 0, token: TOKEN },
      rhythm: { look: 50, ping: 10_000 },
    });
    page = await (await browser.newContext({ viewport: { width: 1280, height: 700 } })).newPage();
    faults.length = 0;
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(error.message));
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    folder.remove();
  });

  const sees = (words: string) =>
    expect.poll(() => page.locator("main").innerText(), { timeout: 60_000 }).toContain(words);

  it("follows a run without loading anew, and stays where the reader is", async () => {
    await page.goto(server.link);
    // The token is in a cookie, and out of sight.
    expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`);
    await page.locator("#run-1 h2 a").click();
    await sees("epoch 3 of 20");
    await expect.poll(() => page.locator("#connection").innerText(), { timeout: 60_000 }).toMatch(/^Live/);
    await page.evaluate("globalThis.same = true");
    await page.locator("#curves details summary").first().click();
    await page.locator("#provenance").scrollIntoViewIfNeeded();
    await page.locator("#provenance [data-copy]").focus();
    const place = () => page.evaluate(`document.querySelector("#provenance h2").getBoundingClientRect().top`);
    const before = await place();
    await writeRun(at("run"), 4);
    await sees("epoch 4 of 20");
    expect(await page.title()).toBe("4/20 · run – autodual");
    expect(await page.evaluate("globalThis.same")).toBe(true);
    expect(await page.locator("#curves details[open]").count()).toBe(1);
    expect(await page.locator("#curves details[open] tbody tr").count()).toBe(4);
    expect(Math.abs(Number(await place()) - Number(before))).toBeLessThan(2);
    expect(await page.evaluate(`document.activeElement.matches("#provenance [data-copy]")`)).toBe(true);

    expect(await page.locator("#gallery").isVisible()).toBe(false);
    await writeCertification(at("run"), 9);
    await expect.poll(() => page.locator("#gallery .card img").count(), { timeout: 60_000 }).toBe(9);
    // What came later works as what was there first.
    const label = await page.locator("#gallery .card").first().getAttribute("data-label");
    await page.locator("[data-filter]").selectOption(label);
    expect(await page.locator("#gallery .card:visible").count()).toBeLessThan(9);
    expect(faults).toEqual([]);
  });

  it("says that the server is gone, and goes on when it is there again", async () => {
    await page.goto(`${server.link.replace("/?", "/runs/1?")}`);
    await sees("epoch 3 of 20");
    const { port } = server;
    await server.close();
    await expect
      .poll(() => page.locator("#connection").innerText(), { timeout: 60_000 })
      .toMatch(/not heard of/);
    await writeRun(at("run"), 5);
    server = await serveRuns([at("run"), at("second")], { host: "127.0.0.1", port, token: TOKEN });
    await sees("epoch 5 of 20");
    await expect.poll(() => page.locator("#connection").innerText(), { timeout: 60_000 }).toMatch(/^Live/);
  });

  it("leaves nothing at the server when its browser is killed", async () => {
    const other = await launch();
    const visitor = await other.newPage();
    await visitor.goto(server.link);
    await expect.poll(() => server.runs.listening, { timeout: 60_000 }).toBe(1);
    await other.close();
    await expect.poll(() => server.runs.listening, { timeout: 60_000 }).toBe(0);
    expect(server.runs.isWatching).toBe(false);
  });

  for (const [path, width, colorScheme] of [
    ["/", 1280, "light"],
    ["/runs/1", 390, "dark"],
  ] as const) {
    it(`${path}, ${width} pixels, ${colorScheme}: fits, and has no violation that axe finds`, async () => {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.goto(server.link.replace("/?", `${path}?`));
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      const found = await page.evaluate(
        `${AXE}; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })
          .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ target }) => target).join(" ")))`,
      );
      expect(found).toEqual([]);
      expect(faults).toEqual([]);
    });
  }
});
