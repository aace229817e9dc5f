// Puts the native backend of this machine's kind into prebuilds/, stripped, with the hash of its sources: npm run build:prebuilt.
// A package that carries it needs no compiler there. .github/workflows/prebuild.yml runs it on the other kinds of machines.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { prebuildPath, sourceHash } from "./native-sources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = join(root, "build", "Release", "autodual.node");
const target = prebuildPath(root);
const { status } = spawnSync(process.execPath, [join(root, "scripts", "build-native.mjs"), "--own"], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
mkdirSync(dirname(target), { recursive: true });
copyFileSync(built, target);
const flags = { linux: ["--strip-unneeded"], darwin: ["-x"] }[process.platform];
if (flags && spawnSync("strip", [...flags, target], { stdio: "inherit" }).status !== 0) {
  console.log("strip is not at hand: the symbols stay");
}
writeFileSync(`${target}.sources`, `${sourceHash(root)}\n`);
console.log(`${relative(root, target)}: ${(statSync(target).size / 1e6).toFixed(1)} MB`);
