import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { encodeModel } from "../../src/formats/model-file.js";
import { encodeNpz, writeNpz } from "../../src/formats/npz.js";
import { attack, certify, radius } from "../../src/index.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import type { Model } from "../../src/network/weights.js";
import { livelyWeights } from "../support/networks.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const at = (name: string): string => join(folder.path, name);
afterAll(() => folder.remove());

/** Features of three ranges, none of them [0, 1]. */
const LOWER = [-1, 0, -4000];
const UPPER = [1, 250, 9000];
const WIDTHS = LOWER.map((low, f) => UPPER[f] - low);
/** An eighth of each range; the second feature is fixed. */
const EPSILON = WIDTHS.map((width, f) => (f === 1 ? 0 : width / 8));
const COUNT = 40;

/** A network that sees every feature as if it lay in [0, 1]. */
function scaled(): Model {
  const network = sequential([3], [linear(16), relu(), linear(12), relu(), linear(3)]);
  const weights = new Map(livelyWeights(network, 21));
  const [[name, first]] = weights;
  weights.set(
    name,
    first.map((value, i) => value / WIDTHS[i % 3]),
  );
  return { network, weights };
}

const model = scaled();
const source = random(8, "examples");
const x = Float32Array.from(
  { length: 3 * COUNT },
  (_, i) => LOWER[i % 3] + WIDTHS[i % 3] * (i % 5 === 0 ? Math.round(source.uniform()) : source.uniform()),
);
const backend = createPortableBackend();
const subject = subjectOf(backend, model);

async function answersAt(points: readonly number[][]): Promise<number[]> {
  const input = Float64Array.from(
    { length: 3 * points.length },
    (_, i) => points[i % points.length][Math.floor(i / points.length)],
  );
  const logits = await outputsAt(subject, input, points.length);
  return points.map((_, b) => {
    const own = [0, 1, 2].map((k) => logits[k * points.length + b]);
    return own.indexOf(Math.max(...own));
  });
}

const exampleAt = (n: number) => [...x.subarray(3 * n, 3 * n + 3)];

async function figures(line: string) {
  const outcome = await runCommand([...line.split(" "), "--json", at("figures.json")]);
  expect(outcome).toMatchObject({ code: 0 });
  return { ...outcome, json: JSON.parse(readFileSync(at("figures.json"), "utf8")) };
}

beforeAll(async () => {
  writeFileSync(at("model.safetensors"), encodeModel(model));
  const labels = await answersAt(Array.from({ length: COUNT }, (_, n) => exampleAt(n)));
  const y = { shape: [COUNT], values: Int32Array.from(labels) };
  const box = {
    lower: { shape: [3], values: Float64Array.from(LOWER) },
    upper: { shape: [3], values: Float64Array.from(UPPER) },
  };
  await writeNpz(at("boxed.npz"), { x: { shape: [COUNT, 3], values: x }, y, ...box });
  await writeNpz(at("open.npz"), { x: { shape: [COUNT, 3], values: x }, y });
  writeFileSync(at("epsilon.json"), JSON.stringify(EPSILON));
  writeFileSync(
    at("epsilon.npz"),
    encodeNpz({ epsilon: { shape: [3], values: Float64Array.from(EPSILON) } }),
  );
  writeFileSync(at("epsilon.csv"), EPSILON.join(","));
});

const subjectFlags = () => `${at("model.safetensors")} --data ${at("boxed.npz")}`;

describe("epsilon and box by feature", () => {
  it("certify: no sampled point of a certified box changes the answer, and more is certified within the box", async () => {
    const line = `certify ${subjectFlags()} --epsilon ${at("epsilon.json")}`;
    const { json, stdout } = await figures(line);
    expect(json).toMatchObject({ epsilon: { perFeature: EPSILON }, box: { lower: LOWER, upper: UPPER } });
    expect(stdout).toMatch(/linf, epsilon 0 to 1625 by feature, box by feature/);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /within an epsilon per feature of 0 to 1625 .* each feature kept within bounds of its own/,
    );
    const certified = json.examples.filter((own: { certified: boolean }) => own.certified);
    expect(certified.length).toBeGreaterThan(5);
    expect(certified.length).toBeLessThan(COUNT);
    const draw = random(3, "points");
    for (const { index, prediction } of certified) {
      const points = Array.from({ length: 200 }, () =>
        exampleAt(index).map((value, f) => {
          const step = draw.uniform() < 0.5 ? Math.sign(draw.uniform() - 0.5) : 2 * draw.uniform() - 1;
          return Math.min(UPPER[f], Math.max(LOWER[f], value + EPSILON[f] * step));
        }),
      );
      expect(new Set(await answersAt(points))).toEqual(new Set([prediction]));
    }
    const { json: open } = await figures(`${line} --box none`);
    expect(open.box).toBeNull();
    for (const [i, own] of open.examples.entries()) {
      for (const [k, bound] of own.marginLower.entries()) {
        expect(bound).toBeLessThanOrEqual(json.examples[i].marginLower[k] + 1e-4);
      }
    }
    expect(
      open.examples.some((own: { marginLower: number[] }, i: number) =>
        own.marginLower.some((bound, k) => bound < json.examples[i].marginLower[k] - 1e-3),
      ),
    ).toBe(true);
  });

  it("certify: the same by a list and by every file", async () => {
    const margins = async (epsilon: string) =>
      (await figures(`certify ${subjectFlags()} --epsilon ${epsilon}`)).json.examples;
    const expected = await margins(at("epsilon.json"));
    for (const other of [EPSILON.join(","), at("epsilon.npz"), at("epsilon.csv")]) {
      expect(await margins(other)).toEqual(expected);
    }
  });

  it("certify: one box for each example is the box that its corners say", async () => {
    const { json } = await figures(`certify ${subjectFlags()} --epsilon ${EPSILON.join(",")}`);
    for (const n of [0, 5, 10]) {
      const value = exampleAt(n);
      const lower = value.map((v, f) => Math.max(LOWER[f], v - EPSILON[f]));
      const upper = value.map((v, f) => Math.min(UPPER[f], v + EPSILON[f]));
      const wide = { epsilon: 1e5, box: { lower, upper }, backend: "native" } as const;
      const { examples } = await certify(model, [Float64Array.from(value)], wide);
      for (const [k, bound] of examples[0].marginLower.entries()) {
        expect(bound).toBeCloseTo(json.examples[n].marginLower[k], 3);
      }
    }
  });

  it("attack: errors are none that certify excludes, and there are some", async () => {
    const { json: bounds } = await figures(`certify ${subjectFlags()} --epsilon ${at("epsilon.json")}`);
    const { json } = await figures(`attack ${subjectFlags()} --epsilon ${at("epsilon.json")} --steps 20`);
    expect(json).toMatchObject({ epsilon: { perFeature: EPSILON }, box: { lower: LOWER, upper: UPPER } });
    expect(json.summary.pgdError).toBeGreaterThan(0);
    expect(json.summary.pgdError).toBeLessThanOrEqual(bounds.summary.robustError);
    for (const [i, { pgd }] of json.examples.entries())
      if (pgd) expect(bounds.examples[i].certified).toBe(false);
  });

  it("certify --each: branch and bound proves more, and nothing that an attack breaks", async () => {
    const { json: first } = await figures(`certify ${subjectFlags()} --epsilon ${at("epsilon.json")}`);
    const { json } = await figures(`certify ${subjectFlags()} --epsilon ${at("epsilon.json")} --each 3`);
    const { json: attacked } = await figures(
      `attack ${subjectFlags()} --epsilon ${at("epsilon.json")} --steps 20`,
    );
    expect(json.summary.certified).toBeGreaterThan(first.summary.certified);
    for (const [i, { pgd }] of attacked.examples.entries())
      if (pgd) expect(json.examples[i].certified).toBe(false);
  });

  it("certificates: written, bounded again, and compared with what is required", async () => {
    const file = at("certificate.json");
    const line = `certify ${subjectFlags()} --epsilon ${at("epsilon.json")} --certificate ${file}`;
    expect((await figures(line)).stdout).toMatch(/certificate .*: \d+ of \d+ certified examples/);
    const check = (more: string) =>
      runCommand(`check ${file} --model ${at("model.safetensors")} ${more}`.trim().split(" "));
    const valid = await check(`--data ${at("boxed.npz")} --epsilon 0`);
    expect(valid).toMatchObject({ code: 0 });
    expect(valid.stdout.replace(/\s+/g, " ")).toMatch(
      /^valid .*within an epsilon per feature of 0 to 1625 \(the linf norm\), each feature kept within bounds of its own,/,
    );
    expect(await check("--epsilon 0.1 --box none")).toMatchObject({ code: 1 });
    // Without the data, the box that is required with an epsilon is that of pixels.
    expect((await check("--epsilon 0 --box 0,1")).code).toBe(0);
    const lacking = await check("--box -1,260");
    expect(lacking).toMatchObject({ code: 1 });
    expect(lacking.stdout).toMatch(
      /expected a box of feature 0 of at least -1,260, as is required, found box -1,1/,
    );

    const forged = JSON.parse(readFileSync(file, "utf8"));
    const wider = (values: readonly number[]) => ({
      float64: Buffer.from(Float64Array.from(values).buffer).toString("base64"),
    });
    for (const [what, change, message] of [
      ["a wider epsilon", { epsilon: wider(EPSILON.map((own) => 40 * own)) }, /margin of class/],
      ["a negative one", { epsilon: wider([-1, 0, 0]) }, /at least 0/],
      ["NaN", { epsilon: wider([Number.NaN, 0, 0]) }, /finite/],
      ["too few", { epsilon: wider([1, 1]) }, /expected 24 bytes/],
      ["a box of NaN", { box: { lower: wider([Number.NaN, 0, 0]), upper: wider(UPPER) } }, /finite/],
      [
        "a box too short",
        { box: { lower: wider(LOWER), upper: wider([1]) } },
        /box: upper: expected 24 bytes/,
      ],
      ["an empty box", { box: { lower: wider(UPPER), upper: wider(LOWER) } }, /empty/],
      [
        "a box without the example",
        { box: { lower: wider(UPPER.map((own) => own + 1e-3)), upper: wider(UPPER.map((own) => own + 1)) } },
        /empty|example/,
      ],
    ] as const) {
      const claims = forged.claims.map((claim: object) => ({ ...claim, ...change }));
      writeFileSync(at("forged.json"), JSON.stringify({ ...forged, claims }));
      const { code, stdout } = await runCommand([
        "check",
        at("forged.json"),
        "--model",
        at("model.safetensors"),
      ]);
      expect(code, what).toBe(1);
      expect(stdout, what).toMatch(message);
    }
  });

  it("radius: within the data's box", async () => {
    const { json, stdout } = await figures(`radius ${subjectFlags()} --most 100 --limit 5`);
    expect(json.box).toEqual({ lower: LOWER, upper: UPPER });
    expect(stdout).toMatch(/linf, box by feature, up to 100/);
    const same = await radius(model, at("boxed.npz"), { most: 100, limit: 5, backend: "native" });
    expect(same.map((own) => own.radius)).toEqual(json.examples.map((own: { radius: number }) => own.radius));
  });

  it("the library: as the command line", async () => {
    const options = { epsilon: { perFeature: EPSILON }, backend: "native" } as const;
    const { json } = await figures(`certify ${subjectFlags()} --epsilon ${at("epsilon.json")}`);
    const { examples, statement } = await certify(model, at("boxed.npz"), options);
    expect(examples.map((own) => own.certified)).toEqual(
      json.examples.map((own: { certified: boolean }) => own.certified),
    );
    expect(statement).toMatch(/each feature kept within bounds of its own/);
    const { summary } = await attack(model, at("boxed.npz"), { ...options, steps: 10 });
    expect(summary.pgdError).toBeLessThanOrEqual(json.summary.robustError);
    for (const perFeature of [
      [1, 1],
      [1, -1, 1],
      [1, Number.NaN, 1],
      [1, Infinity, 1],
    ]) {
      await expect(certify(model, at("boxed.npz"), { ...options, epsilon: { perFeature } })).rejects.toThrow(
        /^epsilon: expected/,
      );
    }
  });

  it("--report names the file again", async () => {
    const line = `certify ${subjectFlags()} --epsilon ${at("epsilon.json")} --report ${at("page.html")}`;
    await figures(line);
    const page = readFileSync(at("page.html"), "utf8");
    // By its name alone, as no path from the root stands on a page.
    expect(page).toContain("--epsilon epsilon.json");
    expect(page).not.toContain(at(""));
    expect(page).not.toContain("--box");
  });
});

describe("refusals, in one line each", () => {
  it.each([
    [
      "--epsilon 0.1,0.2",
      "--epsilon 0.1,0.2: expected one number, 3 in the shape of an example [3], found 2",
    ],
    ["--epsilon 0.1,-0.2,1", "--epsilon: expected a number of at least 0"],
    ["--epsilon 0.1,nan,1", "--epsilon: expected a number of at least 0"],
    ["--epsilon 0.1,inf,1", "--epsilon: expected a number of at least 0"],
    ["--epsilon 0.1,,1", "--epsilon: expected a number of at least 0"],
    ["--epsilon AT/none.json", "none.json: no such file"],
    ["--epsilon AT/negative.csv", "expected finite numbers of at least 0, found -2 at 1"],
    ["--epsilon AT/nan.npz", "expected finite numbers of at least 0, found NaN at 2"],
    ["--epsilon AT/infinite.csv", "expected finite numbers of at least 0, found Infinity at 0"],
    ["--epsilon AT/short.csv", "3 in the shape of an example [3], found 2"],
    ["--epsilon 0.1,0,1 --box 0,1", "within epsilon of the box"],
  ])("certify %s", async (flags, message) => {
    writeFileSync(at("negative.csv"), "1,-2,3");
    writeFileSync(at("infinite.csv"), "Infinity,2,3");
    writeFileSync(at("short.csv"), "1,2");
    writeFileSync(
      at("nan.npz"),
      encodeNpz({ epsilon: { shape: [3], values: Float64Array.of(1, 1, Number.NaN) } }),
    );
    for (const command of ["certify", "attack"]) {
      const line = `${command} ${subjectFlags()} ${flags.replaceAll("AT", folder.path)}`;
      const { code, stderr } = await runCommand(line.split(" "));
      expect(code).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  it.each([
    ["train", "--model tiny --epsilon 0.1", "--box: expected LO,HI or none"],
    ["train", "--model tiny --epsilon 0.1,0.2,0.1", "--epsilon: expected a number of at least 0"],
    ["drift", "", "--box: expected LO,HI or none"],
  ])("%s %s", async (command, flags, message) => {
    const named = command === "train" ? "" : ` ${at("model.safetensors")}`;
    const line = `${command}${named} --data ${at("boxed.npz")} ${flags}`.trim();
    const { code, stderr } = await runCommand(line.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
