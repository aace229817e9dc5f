import { expect, it } from "vitest";
import { packageVersion } from "../../src/formats/package-version.js";
import { readText } from "../house/source-files.js";

it("the version that files name is that of package.json", () => {
  expect(packageVersion()).toBe(JSON.parse(readText("package.json")).version);
});
