// Runs `quickstart` and puts what it prints into the README, so that the figures there are never typed by hand.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const marker = "<!-- quickstart output -->\n";
const { status, stdout } = spawnSync(process.execPath, [`${root}/dist/cli/main.js`, "quickstart"], {
  encoding: "utf8",
  cwd: root,
  env: { ...process.env, NO_COLOR: "1" },
  stdio: ["ignore", "pipe", "inherit"],
});
if (status !== 0) process.exit(status ?? 1);

const readme = readFileSync(`${root}/README.md`, "utf8");
const start = readme.indexOf(marker) + marker.length;
const end = readme.indexOf("```\n", readme.indexOf("```", start) + 3) + 4;
writeFileSync(
  `${root}/README.md`,
  `${readme.slice(0, start)}\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n${readme.slice(end)}`,
);
