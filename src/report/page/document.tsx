import { renderToString } from "preact-render-to-string";

/** An HTML document around a body that is rendered already. */
export interface PageDocument {
  readonly title: string;
  readonly style: string;
  readonly script: string;
  /** A content policy that the page states by itself; null where a server states it. */
  readonly policy: string | null;
  readonly body: string;
}

/** The text of a document. The title is text in it, never markup; style and script are ours. */
export function documentText({ title, style, script, policy, body }: PageDocument): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    ...(policy === null ? [] : [`<meta http-equiv="Content-Security-Policy" content="${policy}">`]),
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    renderToString(<title>{`${title} – autodual`}</title>),
    `<style>${style}</style>`,
    "</head>",
    `<body>${body}<script>${script}</script></body>`,
    "</html>",
    "",
  ].join("\n");
}
