// Compiles src to dist from scratch, so that a file that was renamed leaves nothing behind. What the package itself does not
// need for its types is left out, and packages that it alone imports are put in.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inlinePackages } from "./inline-packages.mjs";
import { keepPublicDeclarations } from "./public-declarations.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json")], {
  stdio: "inherit",
});
if (existsSync(join(dist, "cli/main.js"))) {
  chmodSync(join(dist, "cli/main.js"), 0o755);
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  keepPublicDeclarations(
    dist,
    entries.map((path) => relative(dist, join(root, path))),
  );
  await inlinePackages(root);
}
process.exitCode = status ?? 1;
