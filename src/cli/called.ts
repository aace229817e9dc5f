/** A command in a message, as opposed to the program's name in a sentence. */
const COMMAND =
  /\bautodual (?=(?:quickstart|train|certify|attack|radius|verify|merge|drift|check|info|data|convert|bench|reproduce|report|serve|completion|help)\b|--help\b)/g;

/** How this process was called: `npx autodual` where npx found it, else by its name. */
export function calledAs(
  script: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  // What npx runs is its script; other programs that it started may call this one by themselves.
  const isOfNpx = env.npm_lifecycle_event === "npx" && /^"?autodual\b/.test(env.npm_lifecycle_script ?? "");
  return isOfNpx || /node_modules[/\\]\.bin[/\\]/.test(script ?? "") ? "npx autodual" : "autodual";
}

/** A message whose commands work as they are typed. */
export function inCallersWords(message: string, called: string | undefined): string {
  return called === undefined || called === "autodual" ? message : message.replace(COMMAND, `${called} `);
}
