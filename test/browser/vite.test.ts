import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { build, type Rollup } from "vite";
import { expect, it } from "vitest";

it("autodual/browser is bundled by Vite without a Node built-in", async () => {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL("../../", import.meta.url)),
    logLevel: "silent",
    build: {
      write: false,
      minify: false,
      lib: { entry: "src/browser.ts", formats: ["es"], fileName: "autodual" },
    },
  });
  const [{ output }] = [built].flat() as Rollup.RollupOutput[];
  const chunks = output.filter((file) => file.type === "chunk");
  const files = chunks.flatMap(({ moduleIds }) => moduleIds);
  expect(files.some((file) => file.endsWith("src/compute/portable/index.ts"))).toBe(true);
  // In the place of a built-in, Vite puts a module of its own that fails when it is used.
  expect(files.filter((file) => isBuiltin(file) || file.includes("__vite-browser-external"))).toEqual([]);
  expect(chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])).toEqual([]);
});
