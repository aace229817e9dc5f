import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const at = (name: string): string => join(folder.path, name);
afterAll(() => folder.remove());

/** Images of one grey each, darker for the first class. */
function writeImages(name: string, classes: readonly string[]): void {
  for (const [label, own] of classes.entries()) {
    mkdirSync(at(`${name}/${own}`), { recursive: true });
    for (let i = 0; i < 4; i++) {
      const data = new Uint8Array(144).fill(20 + 70 * label + i);
      writeFileSync(at(`${name}/${own}/${i}.png`), encode({ width: 12, height: 12, channels: 1, data }));
    }
  }
}

async function text(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

beforeAll(async () => {
  writeImages("pets", ["ant", "bee", "cat"]);
  const train = `train --data ${at("pets")} --model tiny --epsilon 0.01 --epochs 1 --out ${at("run")}`;
  expect((await runCommand(train.split(" "))).code).toBe(0);
});

it("the names of classes are kept in the run and shown in text", async () => {
  const { config } = JSON.parse(readFileSync(at("run/run.json"), "utf8"));
  expect(config.data.classNames).toEqual(["ant", "bee", "cat"]);
  expect(await text("data", at("pets"))).toContain("classes: ant, bee, cat");
  expect(await text("info", at("run"))).toContain("classes: ant, bee, cat");
  const table = await text("certify", at("run"), "--data", at("pets"), "--epsilon", "0.01");
  expect(table).toMatch(/classes +│ ant, bee, cat/);
});

it("data whose classes have other numbers are refused, and taken where they say the order", async () => {
  writeImages("others", ["bee", "cat"]);
  for (const command of ["certify", "attack"]) {
    const line = [command, at("run"), "--data", at("others"), "--epsilon", "0.01"];
    const { code, stderr } = await runCommand(line);
    expect(code).toBe(2);
    expect(stderr.trim()).not.toContain("\n");
    for (const part of ["ant, bee, cat", "found bee, cat", "classes.txt"]) expect(stderr).toContain(part);
  }
  writeFileSync(at("others/classes.txt"), "ant\nbee\ncat\n");
  const figures = at("figures.json");
  await text("certify", at("run"), "--data", at("others"), "--epsilon", "0.01", "--json", figures);
  const { examples } = JSON.parse(readFileSync(figures, "utf8"));
  expect(examples.map(({ label }: { label: number }) => label)).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
});

it("the names of a table's columns are kept in the run, and others, or another order, are refused", async () => {
  const model = fileURLToPath(new URL("../fixtures/models/c22_probs_only.onnx", import.meta.url));
  writeFileSync(at("flowers.csv"), "a,b,c,d,kind\n0.1,0.2,0.3,0.4,x\n0.5,0.6,0.7,0.8,y\n0.9,0.8,0.7,0.6,z\n");
  const train = `train --data ${at("flowers.csv")} --model ${model} --epsilon 0.01 --epochs 1 --out ${at("flowers")}`;
  expect((await runCommand(train.split(" "))).code).toBe(0);
  const { config } = JSON.parse(readFileSync(at("flowers/run.json"), "utf8"));
  expect(config.data.featureNames).toEqual(["a", "b", "c", "d"]);
  // The label's own place is no feature's.
  writeFileSync(at("same.csv"), "kind,a,b,c,d\nx,0.1,0.2,0.3,0.4\ny,0.5,0.6,0.7,0.8\nz,0.9,0.8,0.7,0.6\n");
  const ball = ["--epsilon", "0.01"];
  await text("certify", at("flowers"), "--data", at("same.csv"), "--label", "kind", ...ball);
  writeFileSync(at("turned.csv"), "b,a,c,d,kind\n0.2,0.1,0.3,0.4,x\n");
  for (const command of ["certify", "attack", "radius"]) {
    const line = [command, at("flowers"), "--data", at("turned.csv"), ...(command === "radius" ? [] : ball)];
    const { code, stderr } = await runCommand(line);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    for (const part of ['feature 0 "a", found "b"', "that order"]) expect(stderr).toContain(part);
  }
});
