// Keeps of dist's declarations those alone that a public entry leads to: the others would only take room.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)"(\.[^"]*)\.js"/g;

/** Removes the rest below `dist`. `entries` are its files that package.json exports, such as index.d.ts. */
export function keepPublicDeclarations(dist, entries) {
  const reached = new Set();
  const waiting = entries.map((entry) => resolve(dist, entry));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    if (!existsSync(path)) throw new Error(`${path}: a public declaration imports it, and it is not there`);
    reached.add(path);
    for (const [, name] of readFileSync(path, "utf8").matchAll(IMPORT)) {
      waiting.push(resolve(dirname(path), `${name}.d.ts`));
    }
  }
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    const whole = resolve(join(dist, path));
    if (path.endsWith(".d.ts") && !reached.has(whole)) rmSync(whole);
  }
}
