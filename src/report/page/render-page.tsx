import { createHash } from "node:crypto";
import { renderToString } from "preact-render-to-string";
import { Page } from "./page.js";
import type { RunRecord } from "./run-record.js";
import { SCRIPT } from "./script.js";
import { STYLE } from "./style.js";

/** Nothing is ever fetched: what the page shows is in it. */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  // The page's own script, and no other that may have come in with a file's text.
  `script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`,
  "img-src data:",
].join("; ");

/** A run as one self-contained HTML file. What comes from files is text in it, never markup. */
export function renderPage(record: RunRecord): string {
  const title = renderToString(<title>{`${record.title} – autodual`}</title>);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    title,
    `<style>${STYLE}</style>`,
    "</head>",
    `<body>${renderToString(<Page record={record} />)}<script>${SCRIPT}</script></body>`,
    "</html>",
    "",
  ].join("\n");
}
