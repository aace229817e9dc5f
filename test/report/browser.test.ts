import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { loadDataset } from "../../src/data/load.js";
import { imageNetwork, writeModel } from "../cli/input-files.js";
import { newFolder, runCommand } from "../cli/run-command.js";

const CHROMIUM = "/usr/bin/chromium";
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const SECTIONS = [
  "guarantee",
  "figures",
  "curves",
  "margins",
  "gallery",
  "confusion",
  "layers",
  "provenance",
];

const present = existsSync(CHROMIUM);
if (!present)
  console.log(`skipped: the report in a browser: no ${CHROMIUM}; apt-get install chromium brings it`);

const folder = newFolder();
const at = (name: string): string => join(folder.path, name);
let browser: Browser;

const TRAIN = [
  ...["train", "--limit", "200", "--epochs", "2", "--batch", "20", "--rate", "0.01"],
  ...["--backend", "portable", "--evaluate-limit", "20"],
];
const SINGLE = ["--model", "tiny", "--epsilon", "0.05", "--test-limit", "40"];
const CASCADE = [
  "--model",
  at("image.safetensors"),
  "--epsilon",
  "0.02",
  "--cascade",
  "2",
  "--test-limit",
  "60",
];
const RUNS: Readonly<Record<string, readonly string[]>> = {
  single: [...TRAIN, "--data", "glyphs", ...SINGLE],
  cascade: [...TRAIN, "--data", "glyphs", ...CASCADE],
  mnist: [...TRAIN, "--data", "mnist", ...SINGLE],
  quickstart: ["quickstart"],
};
const mnistProblem = await loadDataset("mnist", { split: "train", limit: 1 }).then(
  () => null,
  () => "no MNIST here; autodual data mnist --download brings it",
);
/** Why a run is left out; on the portable backend a quickstart takes minutes. */
const LEFT_OUT: Readonly<Record<string, string | null>> = {
  mnist: mnistProblem,
  quickstart: nativeProblem(),
};
const NAMES = Object.keys(RUNS).filter((name) => {
  const why = LEFT_OUT[name] ?? null;
  if (why !== null) console.log(`skipped: the report of ${name} in a browser: ${why}`);
  return why === null;
});

/** A page as a visitor with this screen and taste sees it, and all that went wrong or went out meanwhile. */
async function visit(name: string, width: number, colorScheme: "light" | "dark") {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  const url = pathToFileURL(at(`${name}/report.html`)).href;
  await page.goto(url);
  return { page, faults, requests, url, close: () => context.close() };
}

/** What axe finds against WCAG 2 at levels A and AA, one line each. */
async function violations(page: Page): Promise<string[]> {
  // The page forbids every script but its own; axe comes in past that, as a browser's tools do.
  await page.evaluate(`${readFileSync(AXE, "utf8")};0`);
  const found: { violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] } =
    await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

describe.skipIf(!present)("a report in a browser", () => {
  beforeAll(async () => {
    writeModel(at("image.safetensors"), imageNetwork());
    for (const name of NAMES) {
      const { code, stderr } = await runCommand([...RUNS[name], "--out", at(name)]);
      expect(stderr).not.toContain("autodual:");
      expect(code).toBe(0);
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    folder.remove();
  });

  for (const name of NAMES) {
    for (const width of [1280, 390]) {
      for (const scheme of ["light", "dark"] as const) {
        it(`${name}, ${width} pixels, ${scheme}: whole, quiet, reachable`, async () => {
          const { page, faults, requests, url, close } = await visit(name, width, scheme);
          const sections = name === "cascade" ? [...SECTIONS, "stages"] : SECTIONS;
          for (const id of sections) expect(await page.locator(`#${id} > h2`).count(), id).toBe(1);
          for (const landmark of ["header", "nav", "main", "footer"]) {
            expect(await page.locator(`body > ${landmark}`).count(), landmark).toBe(1);
          }
          const levels = await page.$$eval("h1, h2, h3", (all) =>
            all.map((heading) => Number(heading.tagName[1])),
          );
          expect(levels[0]).toBe(1);
          expect(levels.slice(1).every((level, i) => level - levels[i] <= 1)).toBe(true);
          expect(await page.locator("figure.chart svg[role=img][aria-label]").count()).toBeGreaterThan(4);
          expect(await page.locator(".card img[alt]").count()).toBeGreaterThan(10);
          const wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect(wider).toBeLessThanOrEqual(0);
          expect(await violations(page)).toEqual([]);
          expect(faults).toEqual([]);
          expect(requests).toEqual([url]);
          await close();
        });
      }
    }
  }

  it("runs no script but its own", async () => {
    const { page, close } = await visit("single", 1280, "light");
    const added = page.addScriptTag({ content: "document.title = 'changed'" });
    await expect(added).rejects.toThrow(/violates the following Content Security Policy/);
    expect(await page.title()).not.toBe("changed");
    await close();
  });

  it("is reached by the keyboard: links, theme, examples", async () => {
    const { page, close } = await visit("single", 1280, "light");
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(
          `((e) => e.closest("nav") ? "nav" : e.closest(".card") ? "card" : e.className || e.tagName)(document.activeElement)`,
        ),
      );
    }
    for (const stop of ["skip", "theme", "nav", "card"]) expect([...reached]).toContain(stop);
    const summary = page.locator(".card summary").first();
    await summary.focus();
    await page.keyboard.press("Enter");
    expect(await page.locator(".card details[open] table").first().isVisible()).toBe(true);
    await page.locator("nav a", { hasText: "Examples" }).focus();
    await page.keyboard.press("Enter");
    expect(page.url()).toContain("#gallery");
    await close();
  });

  it("changes its theme, and has no violation in the other one either", async () => {
    const { page, close } = await visit("single", 1280, "light");
    const paper = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const before = await paper();
    await page.locator(".theme").click();
    expect(await paper()).not.toBe(before);
    expect(await page.locator(".theme").textContent()).toBe("Light theme");
    expect(await violations(page)).toEqual([]);
    await close();
  });

  it("would not pass with a picture that has no words", async () => {
    const { page, close } = await visit("single", 1280, "light");
    await page.evaluate(`document.querySelector(".card img").removeAttribute("alt")`);
    expect(await violations(page)).toEqual([expect.stringContaining("image-alt")]);
    await close();
  });

  it("shows the examples of one label, and copies the command", async () => {
    const { page, close } = await visit("single", 1280, "light");
    const all = await page.locator(".card:visible").count();
    const label = await page.locator(".card").first().getAttribute("data-label");
    await page.locator("[data-filter]").selectOption(label);
    const shown = await page.locator(".card:visible").count();
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(all);
    expect(await page.locator("[data-shown]").textContent()).toBe(`${shown} of ${all} pictures`);
    await page.locator("#provenance .copy").click();
    await page.locator("#provenance .copy", { hasText: "Copied" }).waitFor();
    await close();
  });

  it("can be read without scripts, and printed in light colours", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, colorScheme: "dark" });
    const page = await context.newPage();
    await page.goto(pathToFileURL(at("single/report.html")).href);
    expect(await page.locator("#guarantee strong").isVisible()).toBe(true);
    expect(await page.locator(".card:visible").count()).toBeGreaterThan(10);
    expect(await page.locator("button:visible").count()).toBe(0);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    await context.close();
  });
});
