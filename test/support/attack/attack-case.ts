import type { Backend } from "../../../src/compute/backend.js";
import { type RandomSource, random } from "../../../src/compute/random.js";
import type { DualOptions } from "../../../src/dual/dual-options.js";
import { AutodualError } from "../../../src/errors.js";
import type { Model } from "../../../src/network/weights.js";
import { type Evaluation, evaluationsOf, isSorted } from "../float-orders/evaluations.js";
import { type PlainNetwork, plainNetwork } from "../plain-network.js";
import { valuesAt } from "./gradient.js";
import { type ExactVerdict, judgeOf } from "./judge.js";
import { type AttackCase, randomCase } from "./random-case.js";
import { type Effort, marginGoals, weakPoints } from "./search.js";
import { tied } from "./tie.js";
import {
  type Certification,
  type Certified,
  type Certifier,
  largestCertified,
  leastCertifiedBias,
} from "./verge.js";

/** A backend that certificates are made on. */
export interface Engine {
  readonly name: string;
  readonly backend: Backend;
}

/** What makes the certificates that are attacked. */
export interface Certifying {
  readonly engines: readonly Engine[];
  readonly certify: Certifier;
  /** What the certifier is told beside ball, method and direction: the evaluation that it is to answer for. */
  optionsFor(evaluation: Evaluation): Partial<DualOptions>;
}

/** What became of one case. */
export interface AttackResult {
  readonly seed: number;
  /** What kind of case it was, in words by which results are counted. */
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "attacked" | "uncertified" | "refused";
  /** In the words of the error, where the certifier refused. */
  readonly refusal: string | null;
  /** Of real arithmetic: the worst of all points. */
  readonly exact: ExactVerdict;
  /** Evaluations that give another answer somewhere. */
  readonly floats: readonly string[];
  /** The smallest margin that was found over the largest output at x: how close the attack came to the verge. */
  readonly closeness: number | null;
}

/** The engines that compute with the model's own weights: those of double precision are others in single precision. */
export function enginesFor({ weights }: Model, engines: readonly Engine[]): readonly Engine[] {
  const single = [...weights.values()].every((values) => values instanceof Float32Array);
  return engines.filter(({ backend }) => single || backend.dtype === "float64");
}

const METHODS: readonly (readonly [string, DualOptions])[] = [
  ["parallel, backward", {}],
  ["parallel, backward, complete", { complete: true }],
  ["parallel, forward", { direction: "forward" }],
  ["adaptive, backward", { method: "adaptive" }],
  ["interval", { method: "interval" }],
];

/** Certifies the case of a seed to the verge, and attacks the certificate. */
export async function attackSeed(seed: number, certifying: Certifying): Promise<AttackResult> {
  const own = randomCase(seed);
  const source = random(seed, "certification");
  const engines = enginesFor(own.model, certifying.engines);
  const engine = engines[source.integer(engines.length)];
  const [method, options] = METHODS[source.integer(own.structure === "wide" ? 2 : METHODS.length)];
  const { structure, style, place, verge, evaluation } = own;
  const result: AttackResult = {
    seed,
    labels: { structure, style, place, verge, evaluation, norm: own.ball.norm, engine: engine.name, method },
    state: "uncertified",
    refusal: null,
    exact: "true",
    floats: [],
    closeness: null,
  };
  const certification: Certification = {
    backend: engine.backend,
    certify: certifying.certify,
    options: { ...options, ...certifying.optionsFor(evaluation) },
  };
  try {
    const certified = await atTheVerge(own, certification);
    return certified ? { ...result, ...attacked(own, certified, source) } : result;
  } catch (error) {
    if (!(error instanceof AutodualError)) throw error;
    return { ...result, state: "refused", refusal: error.message };
  }
}

async function atTheVerge(own: AttackCase, certification: Certification): Promise<Certified | null> {
  const { model, x, ball } = own;
  switch (own.verge) {
    case "epsilon": {
      const digits = own.structure === "wide" ? 26 : certification.backend.dtype === "float64" ? 48 : 30;
      return largestCertified(certification, model, x, ball, digits);
    }
    case "bias":
      return leastCertifiedBias(certification, model, x, ball);
    case "tie":
      return largestCertified(certification, tied(model, x, own.seed), x, ball, 0);
    default:
      return own.verge satisfies never;
  }
}

function attacked(own: AttackCase, { model, spec, verdict }: Certified, source: RandomSource) {
  const plain = plainNetwork(model);
  const products = productsOf(plain);
  const evaluations = evaluationsOf(own.evaluation).filter(
    (evaluation) => products < 20_000 || !isSorted(evaluation),
  );
  const judge = judgeOf(plain, evaluations, own.seed);
  const ball = { x: own.x, spec };
  const goals = marginGoals(plain.nodes[plain.output].size, verdict.reference);
  const points = weakPoints(plain, ball, goals, effortFor(products), source);
  let exact: ExactVerdict = "true";
  let least = Number.POSITIVE_INFINITY;
  const floats = new Set<string>();
  for (const point of points.slice(0, products > 100_000 ? 3 : points.length)) {
    const { verdict: found, margin } = judge.exact(point, verdict.reference);
    if (found === "false" || (found === "undecided" && exact === "true")) exact = found;
    least = Math.min(least, margin);
    for (const name of judge.floats(point, verdict.reference)) floats.add(name);
  }
  const outputs = valuesAt(plain, own.x)[plain.output];
  const closeness = least / outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return {
    ...({ state: "attacked", exact, floats: [...floats] } as const),
    closeness: Number.isFinite(closeness) ? closeness : null,
  };
}

/** How many products one evaluation takes. */
export function productsOf({ nodes }: PlainNetwork): number {
  return nodes.reduce(
    (sum, { step }) =>
      sum + (step?.kind === "affine" ? step.map.rows.reduce((own, row) => own + row.sources.length, 0) : 0),
    0,
  );
}

/** The less, the larger the network is. */
export function effortFor(products: number): Effort {
  if (products > 100_000) return { goals: 1, starts: 1, steps: 3, points: 3 };
  if (products > 5000) return { goals: 2, starts: 1, steps: 4, points: 4 };
  return { goals: 3, starts: 3, steps: 6, points: 8 };
}
