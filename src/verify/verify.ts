import { Budget, DEFAULT_MEMORY } from "../compute/budget.js";
import { Deadline } from "../compute/deadline.js";
import type { LineMethod } from "../dual/dual-options.js";
import { AffineLayers } from "../dual/slopes/relaxation.js";
import { OutOfMemoryError } from "../errors.js";
import type { Property } from "../formats/vnnlib/property.js";
import { maxPoolAsRelus } from "../network/max-pool-as-relus.js";
import type { Subject } from "../network/subject.js";
import { fixedBindings } from "../network/weights.js";
import type { Evaluation } from "../threat/evaluation.js";
import { isProof } from "../threat/proof.js";
import { caseBounds } from "./case-bounds.js";
import { searchOf } from "./equality.js";
import { type Counterexample, falsify } from "./falsify.js";
import { type AskedOfOutputs, askedOf } from "./input-rows.js";
import { type CaseProof, ProofPart } from "./proof.js";
import { checkPropertyFits } from "./property-fits.js";
import type { OutputCase, Question } from "./question.js";
import { searchByInputs } from "./split-inputs.js";
import {
  type SearchOptions,
  type SearchOutcome,
  type SearchProgress,
  searchByNeurons,
} from "./split-neurons.js";
import { waysToSplit } from "./split-ways.js";
import { tightenBox } from "./tighten-box.js";
import { type CaseVerdict, openCase, type Step, type Verdict } from "./verdict.js";
import type { VerifyOptions } from "./verify-options.js";

const RESTARTS = 8;
const ATTACK_STEPS = 60;
/** Shares of the time that is left: of the attack, and of tightening bounds. */
const ATTACK_SHARE = 0.25;
const TIGHTEN_SHARE = 0.25;

/**
 * Answers a property of a network: an attack with restarts first, then bounds of growing strength, then branch and bound,
 * over the inputs where they are few, and over the signs of neurons. Throws a `ShapeError` for a property over other
 * numbers of inputs or outputs than the network has.
 */
export async function verify(subject: Subject, property: Property, options: VerifyOptions): Promise<Verdict> {
  checkPropertyFits(subject.network, property);
  const evaluation = options.evaluation ?? subject.madeFor ?? "float32";
  const asked = askedOf(subject, property, evaluation);
  return new Verification(asked, property.cases.length, { ...options, evaluation }).run();
}

class Verification {
  readonly #subject: Subject;
  /** What is bounded: the same function, every choice in it a ReLU's. */
  readonly #bounded: Subject;
  readonly #questions: readonly Question[];
  readonly #count: number;
  readonly #options: VerifyOptions;
  readonly #began = performance.now();
  readonly #evaluation: Evaluation;
  readonly #deadline: Deadline;
  readonly #budget: Budget;
  readonly #cases = new Map<number, CaseVerdict>();
  #counterexample: Counterexample | null = null;
  #why: Pick<Verdict, "outOfMemory" | "equality"> = {};

  constructor(
    { subject, questions, empty }: AskedOfOutputs,
    count: number,
    options: VerifyOptions & { readonly evaluation: Evaluation },
  ) {
    this.#subject = subject;
    this.#bounded = { ...subject, network: maxPoolAsRelus(subject.network) };
    this.#questions = questions;
    this.#count = count;
    this.#options = options;
    this.#evaluation = options.evaluation;
    this.#deadline = Deadline.in(options.timeout, options.signal);
    this.#budget = new Budget(options.memoryBytes ?? DEFAULT_MEMORY);
    for (const number of empty) this.#settle({ number }, "holds", "empty box", null, 0);
  }

  async run(): Promise<Verdict> {
    await this.#deadline.unlessPassed(() => this.#settleAll());
    return this.#verdict();
  }

  async #settleAll(): Promise<void> {
    const attacks = this.#deadline.share(ATTACK_SHARE);
    for (const [i, question] of this.#questions.entries()) {
      if (await this.#attack(question, attacks.share(1 / (this.#questions.length - i)))) return;
    }
    // A box that is proved early leaves its time to the others.
    for (const [i, question] of this.#questions.entries()) {
      const own = this.#deadline.share(1 / (this.#questions.length - i));
      await own.unlessPassed(() => this.#prove(question, own));
      if (this.#counterexample) return;
    }
  }

  #verdict(): Verdict {
    const seconds = (performance.now() - this.#began) / 1000;
    const cases = Array.from(
      { length: this.#count },
      (_, number) => this.#cases.get(number) ?? openCase(number),
    );
    if (this.#counterexample) {
      const { input, output } = this.#counterexample;
      return { answer: "violated", counterexample: { input, output }, cases, seconds };
    }
    const answer = cases.every((own) => own.answer === "holds") ? "holds" : "unknown";
    return { answer, counterexample: null, cases, seconds, ...(answer === "unknown" && this.#why) };
  }

  async #attack(question: Question, deadline: Deadline): Promise<boolean> {
    this.#tell("attack");
    const found = await falsify(this.#subject, question, {
      seed: this.#options.seed ?? 0,
      restarts: RESTARTS,
      steps: ATTACK_STEPS,
      deadline,
      budget: this.#budget,
    });
    if (found) this.#break(found, "attack", 0);
    return found !== null;
  }

  async #prove(question: Question, deadline: Deadline): Promise<void> {
    let left = question.cases;
    const double = this.#inDouble();
    for (const method of ["parallel", "adaptive"] as const) {
      if (left.length === 0 || deadline.passed) return;
      this.#tell(method);
      for (const bounded of double ? [this.#bounded, double] : [this.#bounded]) {
        if (left.length === 0) break;
        const cases = left;
        left = await this.#roomFor(cases, () => this.#byBounds(bounded, question, cases, method, deadline));
      }
    }
    if (left.length === 0 || deadline.passed) return;
    const limits = { budget: this.#budget, signal: deadline };
    const { split: asked = "auto" } = this.#options;
    const { worthwhile, time } = await searchOf(this.#subject, question, left, deadline);
    const isMet = time !== deadline || worthwhile.length < left.length;
    if (isMet) this.#why = { ...this.#why, equality: true };
    left = worthwhile;
    for (const { split, share } of await waysToSplit(this.#bounded, question, asked, limits)) {
      const own = time.share(share);
      const cases = left;
      left = await this.#roomFor(cases, () =>
        split === "inputs" ? this.#byInputs(question, cases, own) : this.#byNeurons(question, cases, own),
      );
      if (left.length === 0 || time.passed || this.#counterexample) return;
    }
  }

  /** What is bounded, in double precision: where single precision cannot prove for its own rounding. */
  #inDouble(): Subject | null {
    if (this.#bounded.backend.dtype === "float64" || !this.#bounded.inDouble) return null;
    const { backend, parameters } = this.#bounded.inDouble();
    return { ...this.#bounded, backend, parameters, bindings: fixedBindings(parameters) };
  }

  /** Gives the cases that bounds do not prove, the likeliest first: what they leave of their time goes to the others. */
  async #byBounds(
    bounded: Subject,
    question: Question,
    cases: readonly OutputCase[],
    method: LineMethod,
    deadline: Deadline,
  ): Promise<readonly OutputCase[]> {
    const limits = { budget: this.#budget, signal: deadline };
    const bounds = await deadline.unlessPassed(() =>
      caseBounds(bounded, question, cases, method, this.#evaluation, limits),
    );
    if (!bounds) return cases;
    const open = cases.flatMap((own, i) => {
      const isProved = isProof(bounds[i]);
      if (isProved) this.#options.onProof?.({ case: own, region: question, how: "bounds", method });
      this.#settle(own, isProved ? "holds" : "unknown", method, bounds[i], 0);
      return isProved ? [] : [{ own, bound: bounds[i] }];
    });
    return open.sort((a, b) => b.bound - a.bound).map(({ own }) => own);
  }

  /** The cases that a step leaves open; it proves no further ones where memory is not enough for it. */
  async #roomFor(
    cases: readonly OutputCase[],
    step: () => Promise<readonly OutputCase[]>,
  ): Promise<readonly OutputCase[]> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      this.#why = { ...this.#why, outOfMemory: error.message };
      return cases.filter(({ number }) => this.#cases.get(number)?.answer !== "holds");
    }
  }

  async #byInputs(
    question: Question,
    cases: readonly OutputCase[],
    deadline: Deadline,
  ): Promise<readonly OutputCase[]> {
    const left: OutputCase[] = [];
    for (const [i, own] of cases.entries()) {
      const share = deadline.share(1 / (cases.length - i));
      const { tree, options } = this.#searchOptions("input splitting", share);
      const outcome = await searchByInputs(this.#bounded, question, own, options);
      const proof = tree && { how: "inputs" as const, tree, case: own, region: question };
      if (!this.#take(own, outcome, "input splitting", proof)) left.push(own);
      if (this.#counterexample) return left;
    }
    return left;
  }

  async #byNeurons(
    question: Question,
    cases: readonly OutputCase[],
    deadline: Deadline,
  ): Promise<readonly OutputCase[]> {
    using affine = new AffineLayers(this.#bounded);
    this.#tell("slopes");
    const tightened = await tightenBox(this.#bounded, affine, question, this.#evaluation, {
      deadline: deadline.share(TIGHTEN_SHARE),
      latest: deadline,
      budget: this.#budget,
      pieceBytes: this.#budget.left(this.#bounded.backend) / 4,
      isRecorded: this.#options.onProof !== undefined,
    });
    if (!tightened) return cases;
    const { region, record } = tightened;
    const left: OutputCase[] = [];
    for (const [i, own] of cases.entries()) {
      const share = deadline.share(1 / (cases.length - i));
      const { tree, options } = this.#searchOptions("neuron splitting", share);
      const outcome = await searchByNeurons(this.#bounded, affine, question, region, own, {
        ...options,
        ...(record && { listed: record.listed }),
      });
      const proof = tree &&
        record && { how: "neurons" as const, tree, box: record, case: own, region: question };
      const step = outcome.bounded === 1 ? "slopes" : "neuron splitting";
      if (!this.#take(own, outcome, step, proof)) left.push(own);
      if (this.#counterexample) break;
    }
    return left;
  }

  /** With a tree to record a proof in, if somebody wants it. */
  #searchOptions(step: Step, deadline: Deadline): { options: SearchOptions; tree: ProofPart | null } {
    const tree = this.#options.onProof ? new ProofPart() : null;
    const options = {
      deadline,
      evaluation: this.#evaluation,
      budget: this.#budget,
      onProgress: (progress: SearchProgress) => this.#tell(step, progress),
      ...(tree && { part: tree }),
    };
    return { options, tree };
  }

  /** Whether an outcome settles its case. */
  #take(own: OutputCase, outcome: SearchOutcome, step: Step, proof: CaseProof | null): boolean {
    const before = this.#cases.get(own.number)?.branches ?? 0;
    const branches = before + outcome.bounded;
    switch (outcome.kind) {
      case "proved":
        this.#settle(own, "holds", step, null, branches);
        if (proof) this.#options.onProof?.(proof);
        return true;
      case "broken":
        this.#break(outcome.counterexample, step, branches);
        return true;
      case "open":
        this.#settle(own, "unknown", step, outcome.bound, branches);
        return false;
      default:
        return outcome satisfies never;
    }
  }

  #settle(
    { number }: Pick<OutputCase, "number">,
    answer: CaseVerdict["answer"],
    step: Step,
    bound: number | null,
    branches: number,
  ): void {
    const finite = bound !== null && Number.isFinite(bound) ? bound : null;
    this.#cases.set(number, { case: number, answer, step, bound: finite, branches });
  }

  #break(counterexample: Counterexample, step: Step, branches: number): void {
    this.#counterexample = counterexample;
    this.#settle(counterexample.case, "violated", step, null, branches);
  }

  #tell(step: Step, progress?: SearchProgress): void {
    const settled = [...this.#cases.values()].filter(({ answer }) => answer !== "unknown").length;
    this.#options.onProgress?.({ step, settled, cases: this.#count, ...progress });
  }
}
