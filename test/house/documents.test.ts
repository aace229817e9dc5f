import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { missingPaths } from "./documents.js";
import { readText } from "./source-files.js";

const ROOT = new URL("../../", import.meta.url);
/** Made by a script, not kept in git. */
const MADE = ["docs/api/"];
const exists = (path: string): boolean => MADE.includes(path) || existsSync(new URL(path, ROOT));

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(new URL("docs/", ROOT)).map((name) => `docs/${name}`),
].filter((path) => path.endsWith(".md"));

describe("documents", () => {
  it.each(DOCUMENTS)("%s names files that exist", (path) => {
    expect(missingPaths({ path, text: readText(path) }, exists)).toEqual([]);
  });
});

describe("missingPaths", () => {
  const only = (known: string) => (path: string) => path === known;
  const missing = (text: string) => missingPaths({ path: "docs/x.md", text }, only("src/threat/ball.ts"));

  it.each([
    "`src/threat/ball.ts`",
    "[the ball](../src/threat/ball.ts)",
    "[the ball](../src/threat/ball.ts#L3)",
    "[the paper](https://example.org/src/x.ts)",
    "[above](#above)",
    "`test/compute/my-backend.test.ts` (new)",
    "```ts\nimport { x } from 'src/none.ts';\n```",
  ])("takes %s", (text) => {
    expect(missing(text)).toEqual([]);
  });

  it.each([
    "`src/dual/none.ts`",
    "[the ball](../src/dual/none.ts)",
    "[here](none.md)",
    "`docs/none.md`",
    "`src/none/`",
  ])("tells %s", (text) => {
    expect(missing(text)).toHaveLength(1);
  });
});
