import { expect, it } from "vitest";
import { sourceFiles } from "./source-files.js";
import { sharedTypeNames } from "./type-names.js";

it("an exported type of src has a name of its own", () => {
  expect(sharedTypeNames(sourceFiles("src"))).toEqual([]);
});

it("a name that is exported once and used again is told, with its files", () => {
  const files = [
    { path: "src/a.ts", text: "export interface Box {}\ntype Local = 1;\n" },
    { path: "src/b.ts", text: "class Box {}\n" },
    { path: "src/c.ts", text: "type Local = 2;\nexport abstract class Own {}\n" },
  ];
  expect(sharedTypeNames(files)).toEqual(["Box: src/a.ts, src/b.ts"]);
});
