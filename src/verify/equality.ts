import type { Deadline } from "../compute/deadline.js";
import { random } from "../compute/random.js";
import { doublesOf } from "../formats/vnnlib/input-box.js";
import type { Subject } from "../network/subject.js";
import { caseValue, type OutputCase, type Question } from "./question.js";

/** How many points are looked at: the middle of the box, and random ones. */
const POINTS = 16;

/** Seconds for counterexamples where nothing can be proved. */
const SEARCH = 1;

/**
 * What branch and bound is worth: the cases that may be proved, and their time; where none may, a moment in which all may be broken.
 */
export async function searchOf(
  subject: Pick<Subject, "evaluate">,
  question: Question,
  cases: readonly OutputCase[],
  deadline: Deadline,
): Promise<{ readonly worthwhile: readonly OutputCase[]; readonly time: Deadline }> {
  const equal = await metWithEquality(subject, question, cases, deadline);
  const others = cases.filter((own) => !equal.includes(own));
  if (others.length > 0) return { worthwhile: others, time: deadline };
  return { worthwhile: cases, time: deadline.share(Math.min(1, SEARCH / deadline.left)) };
}

/**
 * The cases with a strict row that some input meets with equality: the least value over the box is then 0 or less, and no bound
 * proves them. They may be broken all the same. Points are evaluated as counterexamples are.
 */
async function metWithEquality(
  { evaluate }: Pick<Subject, "evaluate">,
  question: Question,
  cases: readonly OutputCase[],
  deadline: Deadline,
): Promise<readonly OutputCase[]> {
  const strict = cases.filter((own) => own.strict.includes(true));
  const source = random(0, "equality");
  const { lower, upper } = doublesOf(question.inputs ?? question);
  const met = new Set<OutputCase>();
  for (let i = 0; i < POINTS && met.size < strict.length && !deadline.passed; i++) {
    const point = lower.map((low, f) => {
      const place = i === 0 ? 0.5 : source.uniform();
      return Math.min(upper[f], Math.max(low, low + place * (upper[f] - low)));
    });
    const output = await evaluate(point);
    for (const own of strict) if (caseValue(own, output).value === 0) met.add(own);
  }
  return strict.filter((own) => met.has(own));
}
