// Puts packages that only the library itself imports into dist/packages, as single files without their types, tests and
// second builds, so that an installation does not bring them. Their licences lie beside them. What dist imports of them is
// then imported from there.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/** Packages that no public type mentions; devDependencies, but for what they bring themselves. */
export const INLINED = [
  "@bufbuild/protobuf",
  "@hono/node-server",
  "csv-parse",
  "fast-png",
  "hono",
  "iobuffer",
  "jpeg-js",
  "onnx-buf",
  "preact",
  "preact-render-to-string",
];

const IMPORT = /(^(?:import|export)\b[^;]*?\bfrom\s*)"([^"./][^"]*)"/gm;

/** Rewrites the JavaScript below `dist`. `root` is the package's folder. */
export async function inlinePackages(root) {
  const dist = join(root, "dist");
  const target = join(dist, "packages");
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map((path) => join(dist, path));
  const wanted = new Set();
  for (const path of files) {
    for (const [, , name] of readFileSync(path, "utf8").matchAll(IMPORT))
      if (isInlined(name)) wanted.add(name);
  }
  const entries = Object.fromEntries([...wanted].sort().map((name) => [fileOf(name), name]));
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: target,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    chunkNames: "shared-[hash]",
    legalComments: "inline",
    external: [...Object.keys(dependencies).filter((name) => !isInlined(name)), "node:*"],
    // What Node brings is imported by the name that says so.
    alias: { stream: "node:stream" },
    metafile: true,
    logLevel: "warning",
  });
  for (const path of files) {
    const text = readFileSync(path, "utf8");
    const own = text.replace(IMPORT, (whole, before, name) => {
      if (!isInlined(name)) return whole;
      const place = relative(dirname(path), join(target, `${fileOf(name)}.js`)).replaceAll("\\", "/");
      return `${before}"${place.startsWith(".") ? place : `./${place}`}"`;
    });
    if (own !== text) writeFileSync(path, own);
  }
  writeFileSync(join(target, "LICENSES.txt"), licences(root, Object.keys(metafile.inputs)));
}

function isInlined(name) {
  return INLINED.some((own) => name === own || name.startsWith(`${own}/`));
}

/** `@bufbuild/protobuf/wire` as a name of a file. */
function fileOf(name) {
  return name.replace(/^@/, "").replaceAll("/", "-");
}

/** The licence of every package that `inputs` are of, and the notices at the head of its files. */
function licences(root, inputs) {
  const used = INLINED.filter((name) => inputs.some((path) => path.includes(`node_modules/${name}/`)));
  const parts = used.map((name) => {
    const folder = join(root, "node_modules", name);
    const { version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const by = typeof author === "string" ? author : author?.name;
    const file = readdirSync(folder).find((path) => /^licen[cs]e/i.test(path));
    const text = file ? readFileSync(join(folder, file), "utf8") : "";
    const own = inputs.filter((path) => path.includes(`node_modules/${name}/`));
    const notices = new Set(own.map((path) => notice(readFileSync(join(root, path), "utf8"))));
    const apache = license.includes("Apache-2.0")
      ? [readFileSync(join(root, "LICENSES/Apache-2.0.txt"), "utf8")]
      : [];
    const said = [text, ...notices, ...apache].map((part) => part.trim()).filter((part) => part !== "");
    return [`${name} ${version}, ${license}${by ? `, by ${by}` : ""}`, ...said].join("\n\n");
  });
  return `${parts.join(`\n\n${"=".repeat(72)}\n\n`)}\n`;
}

/** The comment that a file begins with, if it is about its licence. */
function notice(text) {
  const [head] = text.match(/^(?:\/\/.*\n)+|^\/\*[\s\S]*?\*\//) ?? [""];
  return /copyright|licen[cs]e/i.test(head) ? head : "";
}
