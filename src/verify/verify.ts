import { Deadline } from "../compute/deadline.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { AffineLayers } from "../dual/slopes/relaxation.js";
import { crownBounds } from "../dual/slopes/tighten.js";
import { countUnstable, unstableNeurons } from "../dual/slopes/unstable-neurons.js";
import type { Property } from "../formats/vnnlib/property.js";
import { maxPoolAsRelus } from "../network/max-pool-as-relus.js";
import type { Subject } from "../network/subject.js";
import { fixedBindings } from "../network/weights.js";
import type { Evaluation } from "../threat/evaluation.js";
import { isProof } from "../threat/proof.js";
import { caseBounds } from "./case-bounds.js";
import { type Counterexample, falsify } from "./falsify.js";
import { type CaseProof, ProofPart } from "./proof.js";
import { checkPropertyFits } from "./property-fits.js";
import { emptyCases, type OutputCase, type Question, questionsOf } from "./question.js";
import { searchByInputs } from "./split-inputs.js";
import {
  type SearchOptions,
  type SearchOutcome,
  type SearchProgress,
  searchByNeurons,
} from "./split-neurons.js";
import { tightenBox } from "./tighten-box.js";
import type { CaseVerdict, Step, Verdict } from "./verdict.js";
import type { VerifyOptions } from "./verify-options.js";

const RESTARTS = 8;
const ATTACK_STEPS = 60;
/** Inputs up to which the box itself is split. */
const FEW_INPUTS = 20;
/** Unstable neurons up to which they are split before the inputs. */
const FEW_NEURONS = 60;
/** Shares of the time that is left: of the attack, of tightening bounds, and of what is split first of two. */
const ATTACK_SHARE = 0.25;
const TIGHTEN_SHARE = 0.25;
const FIRST_SHARE = 0.6;

/**
 * Answers a property of a network: an attack with restarts first, then bounds of growing strength, then branch and bound,
 * over the inputs where they are few, and over the signs of neurons. Throws a `ShapeError` for a property over other
 * numbers of inputs or outputs than the network has.
 */
export async function verify(subject: Subject, property: Property, options: VerifyOptions): Promise<Verdict> {
  checkPropertyFits(subject.network, property);
  const count = property.cases.length;
  return new Verification(subject, questionsOf(property), emptyCases(property), count, options).run();
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
  readonly #memoryBytes: number;
  readonly #cases = new Map<number, CaseVerdict>();
  #counterexample: Counterexample | null = null;

  constructor(
    subject: Subject,
    questions: readonly Question[],
    empty: readonly number[],
    count: number,
    options: VerifyOptions,
  ) {
    this.#subject = subject;
    this.#bounded = { ...subject, network: maxPoolAsRelus(subject.network) };
    this.#questions = questions;
    this.#count = count;
    this.#options = options;
    this.#evaluation = options.evaluation ?? subject.madeFor ?? "float32";
    this.#deadline = Deadline.in(options.timeout, options.signal);
    this.#memoryBytes = options.memoryBytes ?? 2 ** 30;
    for (const number of empty) this.#settle({ number }, "holds", "empty box", null, 0);
  }

  async run(): Promise<Verdict> {
    const attacks = this.#deadline.share(ATTACK_SHARE);
    for (const [i, question] of this.#questions.entries()) {
      if (await this.#attack(question, attacks.share(1 / (this.#questions.length - i))))
        return this.#verdict();
    }
    // A box that is proved early leaves its time to the others.
    for (const [i, question] of this.#questions.entries()) {
      await this.#prove(question, this.#deadline.share(1 / (this.#questions.length - i)));
      if (this.#counterexample) break;
    }
    return this.#verdict();
  }

  #verdict(): Verdict {
    const seconds = (performance.now() - this.#began) / 1000;
    const cases = Array.from(
      { length: this.#count },
      (_, number): CaseVerdict =>
        this.#cases.get(number) ?? {
          case: number,
          answer: "unknown",
          step: "attack",
          bound: null,
          branches: 0,
        },
    );
    if (this.#counterexample) {
      const { input, output } = this.#counterexample;
      return { answer: "violated", counterexample: { input, output }, cases, seconds };
    }
    const answer = cases.every((own) => own.answer === "holds") ? "holds" : "unknown";
    return { answer, counterexample: null, cases, seconds };
  }

  async #attack(question: Question, deadline: Deadline): Promise<boolean> {
    this.#tell("attack");
    const found = await falsify(this.#subject, question, {
      seed: this.#options.seed ?? 0,
      restarts: RESTARTS,
      steps: ATTACK_STEPS,
      deadline,
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
      left = await this.#byBounds(this.#bounded, question, left, method);
      if (double && left.length > 0) left = await this.#byBounds(double, question, left, method);
    }
    if (left.length === 0 || deadline.passed) return;
    for (const { split, share } of await this.#ways(question)) {
      const own = deadline.share(share);
      left =
        split === "inputs"
          ? await this.#byInputs(question, left, own)
          : await this.#byNeurons(question, left, own);
      if (left.length === 0 || deadline.passed || this.#counterexample) return;
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
    method: BoundMethod,
  ): Promise<readonly OutputCase[]> {
    const bounds = await caseBounds(bounded, question, cases, method, this.#evaluation);
    const open = cases.flatMap((own, i) => {
      const isProved = isProof(bounds[i]);
      if (isProved) this.#options.onProof?.({ case: own, region: question, how: "bounds", method });
      this.#settle(own, isProved ? "holds" : "unknown", method, bounds[i], 0);
      return isProved ? [] : [{ own, bound: bounds[i] }];
    });
    return open.sort((a, b) => b.bound - a.bound).map(({ own }) => own);
  }

  /**
   * What is split, one after the other, and the share of the time that is left: inputs where they are few; before them
   * neurons, where those are few as well; else neurons alone.
   */
  async #ways(question: Question): Promise<readonly { split: "inputs" | "neurons"; share: number }[]> {
    const { split = "auto" } = this.#options;
    if (split !== "auto") return [{ split, share: 1 }];
    if (question.lower.length > FEW_INPUTS) return [{ split: "neurons", share: 1 }];
    const unstable = unstableNeurons(this.#bounded, (await crownBounds(this.#bounded, question)).bounds);
    const [first, second] =
      countUnstable(unstable) <= FEW_NEURONS
        ? (["neurons", "inputs"] as const)
        : (["inputs", "neurons"] as const);
    return [
      { split: first, share: FIRST_SHARE },
      { split: second, share: 1 },
    ];
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
    const { region, record } = await tightenBox(this.#bounded, affine, question, this.#evaluation, {
      deadline: deadline.share(TIGHTEN_SHARE),
      pieceBytes: this.#memoryBytes / 4,
      isRecorded: this.#options.onProof !== undefined,
    });
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
      memoryBytes: this.#memoryBytes,
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
