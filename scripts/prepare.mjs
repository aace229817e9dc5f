// Builds the package where npm has installed a checkout. Without development dependencies (npm ci --omit=dev) there is no TypeScript
// to build it with: what was built before serves, or a line says how to get it. No failure of the installation.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

if (hasTypeScript()) await import("./build.mjs");
else if (existsSync(join(root, "dist", "cli", "main.js"))) {
  console.log("not built anew, as TypeScript is not installed: dist is as it was");
} else {
  console.log(
    "not built, as TypeScript is not installed and there is no dist: npm ci && npm run build, then npm prune --omit=dev",
  );
}

function hasTypeScript() {
  try {
    createRequire(import.meta.url).resolve("typescript/bin/tsc");
    return true;
  } catch {
    return false;
  }
}
