import { createHash } from "node:crypto";
import { documentText } from "../report/page/document.js";
import { SCRIPT } from "../report/page/script.js";
import { STYLE } from "../report/page/style.js";
import { LIVE_SCRIPT } from "./live-script.js";
import { LIVE_STYLE } from "./live-style.js";
import type { LiveView } from "./view.js";

const STYLES = `${STYLE}${LIVE_STYLE}`;
const SCRIPTS = `${SCRIPT}${LIVE_SCRIPT}`;

/**
 * The content policy of every answer: this script and this style sheet alone, pictures that are in the page, and requests to
 * this server. Drawings place their letters by attributes, which is all that `style-src-attr` lets in.
 */
export const POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${hashOf(SCRIPTS)}'`,
  `style-src-elem 'sha256-${hashOf(STYLES)}'`,
  "style-src-attr 'unsafe-inline'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A page as a whole. `now` is the server's time in milliseconds since 1970. */
export function livePage({ title, top, bottom, parts, version, events }: LiveView, now: number): string {
  const main = `<main id="main" data-events="${events}" data-version="${version}" data-now="${now}">`;
  const of = (isHead: boolean) => parts.filter((part) => part.isHead === isHead).map(({ html }) => html);
  const body = [top, ...of(true), main, ...of(false), "</main>", bottom].join("");
  return documentText({ title, style: STYLES, script: SCRIPTS, policy: null, body });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
