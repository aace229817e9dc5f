import { createHash } from "node:crypto";
import { renderToString } from "preact-render-to-string";
import { documentText } from "./document.js";
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
  const body = renderToString(<Page record={record} />);
  return documentText({ title: record.title, style: STYLE, script: SCRIPT, policy: POLICY, body });
}
