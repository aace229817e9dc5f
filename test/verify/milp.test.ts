import { expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/index.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { subjectOf } from "../../src/verify/subject.js";
import { verify } from "../../src/verify/verify.js";
import { leastValues } from "./milp.js";
import { outputsOf, randomModel, randomProperty } from "./random-questions.js";

/** How many random questions; the full measurement takes 2000. */
const COUNT = Number(process.env.AUTODUAL_VERIFY_COUNT ?? 150);
/** The solver's own tolerance. */
const TOLERANCE = 1e-6;
const SECONDS = 10;

it.each(["auto", "neurons"] as const)(
  `split %s: verdicts on ${COUNT} random networks agree with a MILP's, and at least 95 % are decided`,
  async (split) => {
    const backend =
      (await nativeProblem()) === null ? createNativeBackend({ dtype: "float64" }) : createReferenceBackend();
    let decided = 0;
    const counts: Record<string, number> = {};
    for (let seed = 0; seed < COUNT; seed++) {
      const model = randomModel(seed);
      const property = randomProperty(model, seed);
      const subject = subjectOf(backend, model, (x) => Float64Array.from(outputsOf(model, x)));
      const verdict = await verify(subject, property, { timeout: SECONDS, split });
      const least = await leastValues(model, property);
      const worst = Math.min(...least);
      if (verdict.answer === "holds") expect(worst, `seed ${seed}`).toBeGreaterThan(-TOLERANCE);
      if (verdict.answer === "violated") {
        expect(worst, `seed ${seed}`).toBeLessThan(TOLERANCE);
        const { input, output } = verdict.counterexample as { input: Float64Array; output: Float64Array };
        expect(Array.from(output)).toEqual(outputsOf(model, input));
        input.forEach((value, f) => {
          expect(value).toBeGreaterThanOrEqual(property.cases[0].box.lower[f]);
          expect(value).toBeLessThanOrEqual(property.cases[0].box.upper[f]);
        });
      }
      if (verdict.answer !== "unknown") decided += 1;
      else console.log("unknown", seed, least, verdict.cases);
      for (const { step, answer } of verdict.cases)
        counts[`${answer} ${step}`] = (counts[`${answer} ${step}`] ?? 0) + 1;
    }
    console.log(counts);
    expect(decided / COUNT).toBeGreaterThanOrEqual(0.95);
  },
  600_000,
);
