import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { describeDataset } from "../../src/data/describe.js";
import { loadDataset } from "../../src/data/load.js";
import { UsageError } from "../../src/errors.js";
import { expectError, temporaryFolder } from "./fixtures.js";

const folder = temporaryFolder();

let written = 0;
function put(text: string | Uint8Array, ending = "csv"): string {
  const path = join(folder, `table-${written++}.${ending}`);
  writeFileSync(path, text);
  return path;
}

const IRIS = "sepal,petal,kind\n5.1, 1.4 ,setosa\n\n6e1,-4.7,versicolor\n+.5,6.,setosa\n";

describe("tables", () => {
  test("names of classes in the last column, features of any range as doubles", async () => {
    for (const path of [
      put(IRIS),
      put(`\ufeff${IRIS.replaceAll("\n", "\r\n")}`),
      put(gzipSync(IRIS), "csv.gz"),
    ]) {
      const dataset = await loadDataset(path, { split: "train" });
      expect(dataset).toMatchObject({
        shape: [2],
        count: 3,
        classes: 2,
        classNames: ["setosa", "versicolor"],
        source: path,
      });
      expect(dataset.pixels).toEqual(Float64Array.of(5.1, 1.4, 60, -4.7, 0.5, 6));
      expect([...dataset.labels]).toEqual([0, 1, 0]);
      expect((await loadDataset(path, { split: "test", limit: 1 })).count).toBe(1);
      expect(await describeDataset(path)).toMatchObject({
        kind: "csv",
        classNames: ["setosa", "versicolor"],
      });
    }
  });

  test("numbers are classes, whole ones from 0, in a column that is named", async () => {
    const path = put('class,"a, b",c\n1.0,0.25,3\n4,0.5,-3\n');
    const dataset = await loadDataset(path, { split: "test", label: "class" });
    expect(dataset).toMatchObject({ classes: 5, shape: [2] });
    expect(dataset.classNames).toBeUndefined();
    expect([...dataset.labels]).toEqual([1, 4]);
    expect([...dataset.pixels]).toEqual([0.25, 3, 0.5, -3]);
  });

  test.each<[string, string, readonly string[]]>([
    ["a word", "a,b,y\n1,2,0\n\n1,two,1\n", ["line 4", "column b", '"two"']],
    ["nothing", "a,b,y\n1,,0\n", ["line 2", "column b", "found nothing"]],
    ["NaN", "a,b,y\nnan,1,0\n", ["line 2", "column a", '"nan"']],
    ["an infinity", "a,b,y\n1,1e999,0\n", ["line 2", "column b", '"1e999"']],
    ["hexadecimal", "a,b,y\n1,0x10,0\n", ["line 2", "column b", '"0x10"']],
    ["a short row", "a,b,y\n1,2,0\n1,2\n", ["expect 3, got 2", "line 3"]],
    ["an open quote", 'a,b,y\n1,"2,0\n', ["comma-separated", "line"]],
    ["no header", "1,2,0\n3,4,1\n", ["line 1", "header", "found numbers"]],
    ["no rows", "a,b,y\n", ["at least one row", "found no row"]],
    ["an empty file", "", ["header", "found nothing"]],
    ["semicolons", "a;b;y\n1;2;0\n", ["line 1", "commas", "another separator"]],
    ["labels only", "y\n0\n", ["line 1", "features", "a single one"]],
    ["half a class", "a,y\n1,0\n1,0.5\n", ["line 3", "column y", "0.5", "--label"]],
    ["a class below 0", "a,y\n1,-1\n", ["line 2", "column y", "-1"]],
    ["a row without its class", "a,y\n1,cat\n1,\n", ["column y", "line 3", "found nothing"]],
    [
      "no header above names of classes",
      "5.1,3.5,setosa\n4.9,3.0,virginica\n",
      ["line 1", "header", "setosa"],
    ],
    ["labels in front", "label,a,b\n1,0.5,7\n0,0.25,3\n", ["line 1", '"label"', '"b"', "--label"]],
    ["a column of the rows' numbers", ",a,y\n0,0.5,1\n1,0.25,0\n", ["line 1", "column 1", "index=False"]],
    ["the same, read and written again", "Unnamed: 0,a,y\n0,0.5,1\n", ["line 1", '"Unnamed: 0"']],
    ["a comma at the end of each line", "a,label,\n1,0,\n", ["line 1", "column 3", "comma at the end"]],
    ["a missing class among numbers", "a,y\n1,0\n2,nan\n", ["column y", "line 3", '"nan"']],
  ])("%s is refused in one line that says where", async (_, text, parts) => {
    const path = put(text);
    await expectError(() => loadDataset(path, { split: "test" }), [path, "expected", "found", ...parts]);
  });

  test("columns that are called by numbers are a header, labels in front are taken by name, and words may be classes", async () => {
    const counted = await loadDataset(put("0,1,label\n5,6,1\n7,8,0\n"), { split: "test" });
    expect([counted.count, ...counted.pixels]).toEqual([2, 5, 6, 7, 8]);
    const path = put("label,a,b\n1,0.5,7\n0,0.25,3\n");
    const inFront = await loadDataset(path, { split: "test", label: "label" });
    expect([[...inFront.labels], [...inFront.pixels]]).toEqual([
      [1, 0],
      [0.5, 7, 0.25, 3],
    ]);
    expect([...(await loadDataset(path, { split: "test", label: "b" })).labels]).toEqual([7, 3]);
    const countries = await loadDataset(put("a,class\n1,NA\n2,DE\n"), { split: "test" });
    expect(countries.classNames).toEqual(["DE", "NA"]);
    const near = { found: "lable", known: ["label", "a", "b"] };
    await expect(loadDataset(path, { split: "test", label: "lable" })).rejects.toMatchObject({
      unknown: near,
    });
  });

  test("other bytes, columns that are not there, and flags that say nothing are refused", async () => {
    const bytes = put(Uint8Array.of(0xff, 0xfe, 0, 1));
    await expectError(() => loadDataset(bytes, { split: "test" }), [bytes, "UTF-8"]);
    const path = put(IRIS);
    const label = "colour";
    await expectError(
      () => loadDataset(path, { split: "test", label }),
      ["--label colour", "sepal, petal, kind", "none of that name"],
      UsageError,
    );
    await expectError(
      () => loadDataset(put("a,a,y\n1,2,0\n"), { split: "test", label: "a" }),
      ["2 of that name"],
      UsageError,
    );
    await expectError(
      () => loadDataset(path, { split: "test", layout: "nhwc" }),
      ["--layout nhwc", path],
      UsageError,
    );
    await expectError(
      () => loadDataset("glyphs", { split: "test", label }),
      ["--label", "glyphs"],
      UsageError,
    );
  });

  test("a folder's splits have the classes of both, by the same numbers", async () => {
    const own = join(folder, "both");
    mkdirSync(own);
    writeFileSync(join(own, "train.csv"), "a,y\n1,cat\n2,dog\n");
    writeFileSync(join(own, "test.csv"), "a,y\n3,dog\n4,ant\n");
    for (const [split, labels] of [
      ["train", [1, 2]],
      ["test", [2, 0]],
    ] as const) {
      const dataset = await loadDataset(own, { split, label: "y" });
      expect(dataset).toMatchObject({ name: "both", classes: 3, classNames: ["ant", "cat", "dog"] });
      expect([...dataset.labels]).toEqual(labels);
    }
    writeFileSync(join(own, "test.csv"), "y,a\ndog,3\n");
    expect((await loadDataset(own, { split: "train", label: "y" })).featureNames).toEqual(["a"]);
    writeFileSync(join(own, "train.csv"), "a,b,y\n1,2,cat\n");
    writeFileSync(join(own, "test.csv"), "b,a,y\n1,2,cat\n");
    for (const split of ["train", "test"] as const) {
      const parts = ["columns of", 'feature 0 "', "in their order"];
      await expectError(() => loadDataset(own, { split }), parts);
    }
    writeFileSync(join(own, "train.csv"), "a,y\n1,cat\n2,dog\n");
    writeFileSync(join(own, "test.csv"), "a,y\n3,0\n");
    await expectError(
      () => loadDataset(own, { split: "train" }),
      ["test.csv", "names of classes", "train.csv"],
    );
  });
});
