// Writes the TypeScript side of native/list.h, src/compute/native/engine.ts: the methods that an instance of the addon has.
// After a change of the list: node scripts/engine-signatures.mjs. A test fails where the two differ.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const LIST = `${root}native/list.h`;
const ENGINE = `${root}src/compute/native/engine.ts`;

const HEAD = `// Written by scripts/engine-signatures.mjs from native/list.h; change it there.
import type { FloatArray } from "../backend.js";
`;

const DOCSTRING = `/**
 * One backend instance of the addon (native/addon.cc); arguments in the order in which native/operations reads them.
 * Every argument is checked again there. Errors have a code; \`openEngine\` turns them into \`BackendError\`s.
 */`;

/** The text of engine.ts that belongs to a list. */
export function engineSignatures(list = readFileSync(LIST, "utf8")) {
  const groups = list
    .split(/\n\n+/)
    .map((group) => Array.from(group.matchAll(/^AUTODUAL_OPERATION\((\w+), (.*)\)$/gm)))
    .filter((methods) => methods.length > 0)
    .map((methods) => methods.map(([, name, signature]) => `${name}${signature};`).join("\n"));
  const methods = ["dispose(): void;", ...groups].join("\n\n");
  const used = [...new Set(methods.match(/\b(?:T|Two|Three|Four|\w+Arguments?)\b/g))].sort();
  const imports = `import type { ${used.join(", ")} } from "./engine-types.js";\n`;
  return formatted(`${HEAD}${imports}\n${DOCSTRING}\nexport interface Engine {\n${methods}\n}\n`);
}

/** As the house's formatter has it. */
function formatted(text) {
  const args = [
    `${root}node_modules/@biomejs/biome/bin/biome`,
    "check",
    "--write",
    `--stdin-file-path=${ENGINE}`,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`biome: ${stderr}`);
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ENGINE, engineSignatures());
