// Runs `quickstart` and `report`, and puts what they print and draw into the README: its figures and pictures are never
// made by hand. The picture of the page needs Chromium; without it the old one stays.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pictures = join(root, "docs", "pictures");
const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";
const marker = "<!-- quickstart output -->\n";
const folder = mkdtempSync(join(tmpdir(), "autodual-readme-"));

function autodual(...args) {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "dist/cli/main.js"), ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`autodual ${args.join(" ")} ended with ${status}`);
  return stdout.trimEnd();
}

/** `text` with the block of code after the marker replaced. */
function withOutput(text, output) {
  const start = text.indexOf(marker) + marker.length;
  if (start < marker.length) throw new Error(`README.md: the line ${marker.trim()} is missing`);
  const end = text.indexOf("```\n", text.indexOf("```", start) + 3) + 4;
  return `${text.slice(0, start)}\`\`\`\n${output}\n\`\`\`\n${text.slice(end)}`;
}

/** The first screen of the page, in both themes. */
async function photograph(page) {
  const { chromium } = await import("playwright");
  const open = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
  for (const theme of ["light", "dark"]) {
    const tab = await open.newPage({ viewport: { width: 1080, height: 760 }, colorScheme: theme });
    await tab.goto(pathToFileURL(page).href);
    await tab.screenshot({ path: join(pictures, `report-${theme}.png`) });
  }
  await open.close();
}

try {
  mkdirSync(pictures, { recursive: true });
  const output = autodual("quickstart");
  autodual("report", "runs/quickstart", "--figures", "plots");
  for (const name of ["robust-error", "margins"]) {
    copyFileSync(join(folder, "plots", `${name}.svg`), join(pictures, `${name}.svg`));
  }
  if (existsSync(browser)) await photograph(join(folder, "runs", "quickstart", "report.html"));
  else console.log("no Chromium: docs/pictures/report-*.png stay as they are");
  const readme = join(root, "README.md");
  writeFileSync(readme, withOutput(readFileSync(readme, "utf8"), output));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
