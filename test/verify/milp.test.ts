import { afterAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/compute/backend.js";
import { nativeProblem } from "../../src/compute/index.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Property } from "../../src/formats/vnnlib/property.js";
import { subjectOf } from "../../src/network/subject.js";
import type { Model } from "../../src/network/weights.js";
import type { Verdict } from "../../src/verify/verdict.js";
import { verify } from "../../src/verify/verify.js";
import type { SplitChoice } from "../../src/verify/verify-options.js";
import { leastValues } from "./milp.js";
import { outputsOf, randomModel, randomProperty } from "./random-questions.js";
import { fastBackend } from "./subjects.js";

/** How many random questions; the full measurement takes 2000. */
const COUNT = Number(process.env.AUTODUAL_VERIFY_COUNT ?? 60);
/** The first of them. */
const FIRST = Number(process.env.AUTODUAL_VERIFY_FIRST ?? 0);
const SECONDS = 10;

/** Verdicts of one way to split. */
class Tally {
  readonly #answers = new Map<string, number>();
  readonly #steps = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly #open: number[] = [];
  count = 0;

  add(seed: number, { answer, cases }: Verdict, wrong: string | null): void {
    this.count += 1;
    if (wrong) this.wrong.push(`seed ${seed}: ${wrong}`);
    if (answer === "unknown") this.#open.push(seed);
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
    // Of a violated property the other cases were not looked at.
    const settled = answer === "violated" ? cases.filter((own) => own.answer === "violated") : cases;
    for (const own of settled) {
      const key = `${own.answer} by ${own.step}`;
      this.#steps.set(key, (this.#steps.get(key) ?? 0) + 1);
    }
  }

  get decided(): number {
    return 1 - (this.#answers.get("unknown") ?? 0) / this.count;
  }

  line(name: string): string {
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort().map(([key, count]) => `${key} ${count}`);
    return (
      `${name}: ${this.count} questions, ${(100 * this.decided).toFixed(1)} % decided, wrong ${this.wrong.length} ` +
      `(${list(this.#answers).join(", ")}); cases: ${list(this.#steps).join(", ")}` +
      (this.#open.length === 0 ? "" : `; undecided seeds ${this.#open.join(", ")}`)
    );
  }
}

/** What is wrong with a verdict, given the least value of each case; null if nothing is. */
function faultOf(
  verdict: Verdict,
  least: readonly number[],
  model: Model,
  { cases }: Property,
  tolerance: number,
): string | null {
  const worst = Math.min(...least);
  for (const { answer, case: number, bound } of verdict.cases) {
    if (answer === "holds" && least[number] < -tolerance) return `case ${number} holds at ${least[number]}`;
    if (bound !== null && bound > least[number] + tolerance) return `bound ${bound} above ${least[number]}`;
  }
  if (verdict.answer === "holds" && worst < -tolerance) return `holds at ${worst}`;
  if (verdict.answer !== "violated") return null;
  if (worst > tolerance) return `violated at ${worst}`;
  const { input, output } = verdict.counterexample as NonNullable<Verdict["counterexample"]>;
  const y = outputsOf(model, input);
  if (y.some((value, k) => value !== output[k])) return "outputs of the counterexample are others";
  const isBroken = cases.some(
    ({ box, constraints }) =>
      input.every((x, f) => x >= box.lower[f] && x <= box.upper[f]) &&
      constraints.every(({ terms, bound, strict }) => {
        const value = terms.reduce((sum, { output: k, coefficient }) => sum + coefficient * y[k], -bound);
        return strict ? value < 0 : value <= 0;
      }),
  );
  return isBroken ? null : "the counterexample is none";
}

const questions = new Map<number, { model: Model; property: Property; least: number[] }>();

async function question(seed: number) {
  const model = randomModel(seed);
  const property = randomProperty(model, seed);
  const known = questions.get(seed) ?? { model, property, least: await leastValues(model, property) };
  questions.set(seed, known);
  return known;
}

async function tallyOf(
  backend: Backend,
  count: number,
  split: SplitChoice,
  tolerance: number,
): Promise<Tally> {
  const tally = new Tally();
  for (let seed = FIRST; seed < FIRST + count; seed++) {
    const { model, property, least } = await question(seed);
    const subject = subjectOf(backend, model, (x) => Float64Array.from(outputsOf(model, x)));
    const verdict = await verify(subject, property, { timeout: SECONDS, split });
    tally.add(seed, verdict, faultOf(verdict, least, model, property, tolerance));
  }
  return tally;
}

describe("verdicts on random networks agree with a MILP's", () => {
  const lines: string[] = [];
  // One line per run, also where a test fails.
  afterAll(() => console.log(lines.join("\n")));

  it.each(["auto", "neurons"] as const)(
    "split %s: none is wrong, and at least 95 % are decided",
    async (split) => {
      const tally = await tallyOf(await fastBackend(), COUNT, split, 1e-6);
      lines.push(tally.line(`split ${split}`));
      expect(tally.wrong).toEqual([]);
      expect(tally.decided).toBeGreaterThanOrEqual(0.95);
    },
    3_600_000,
  );

  it("single precision: none is wrong by more than its rounding", async () => {
    const isNative = (await nativeProblem()) === null;
    const create = isNative ? createNativeBackend : createPortableBackend;
    const tally = await tallyOf(create({ dtype: "float32" }), Math.ceil(COUNT / 3), "neurons", 1e-5);
    lines.push(tally.line("float32, split neurons"));
    expect(tally.wrong).toEqual([]);
  }, 3_600_000);
});
