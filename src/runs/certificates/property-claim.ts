import { boundPart, type CheckedPart, type Cut, lowerBound } from "../../check/bounds.js";
import { checkClaim } from "../../check/claims.js";
import type { CheckedNetwork } from "../../check/network.js";
import { type HintedPlan, HintReader } from "../../formats/certificate/hints.js";
import { encodeNumbers } from "../../formats/certificate/numbers.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import type {
  CertificatePlan,
  CertificateRow,
  ClaimedEvaluation,
  PropertyClaim,
  TreeLeaf,
  TreeNode,
} from "../../formats/certificate/schema.js";
import { encodeNeurons, encodePlan, encodeSlopes, type ListedNeurons } from "./encode-hints.js";
import type { ProofLeaf, ProofPlan, ProofTree } from "./proof.js";

/** A case of a property over a box, and how it is proved. */
export interface ProvedCase {
  /** Σ coefficient·y ≤ bound, which are not all met anywhere in the box; the outputs of each in order, none twice. */
  readonly rows: readonly CertificateRow[];
  readonly tree: ProofTree;
}

/** What a claim about a property's cases over one box is about. */
export interface PropertySubject {
  readonly network: CheckedNetwork;
  /** SHA-256 of the model's file. */
  readonly model: string;
  /** In which `network` is checked. */
  readonly evaluation: ClaimedEvaluation;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /**
   * By activation, all neurons that plans and slopes have entries for. Nodes are those of the network with max pooling taken
   * apart into ReLUs (`maxPoolAsRelus`).
   */
  readonly listed: ListedNeurons;
  readonly cases: readonly ProvedCase[];
}

/**
 * A claim that nowhere in the box all rows of some case are met, checked as any reader of the file will check it. Throws a
 * `Refusal` that says what the checker's own arithmetic does not prove by these trees, or does not know of the network.
 */
export function propertyClaim(subject: PropertySubject): PropertyClaim {
  const { network, model, evaluation, lower, upper, listed, cases } = subject;
  const neurons = encodeNeurons(network, listed);
  const plans = new PlanTable(network, listed, new HintReader(network.layers, neurons));
  const claim: PropertyClaim = {
    ...{ kind: "property", model, evaluation, neurons, plans: plans.encoded },
    ...{ lower: encodeNumbers(lower), upper: encodeNumbers(upper) },
    cases: cases.map(({ rows, tree }) => ({
      rows: rows.map(({ terms, bound }) => ({ terms: [...terms], bound })),
      tree: encodeTree(network, { lower, upper }, rows, plans, tree),
    })),
  };
  checkClaim(network, claim);
  return claim;
}

/** Plans that parts of trees name by their place: each once, however many parts share it. */
class PlanTable {
  readonly encoded: CertificatePlan[] = [];
  readonly #network: CheckedNetwork;
  readonly #listed: ListedNeurons;
  readonly #reader: HintReader;
  readonly #places = new Map<ProofPlan, number>();

  constructor(network: CheckedNetwork, listed: ListedNeurons, reader: HintReader) {
    this.#network = network;
    this.#listed = listed;
    this.#reader = reader;
  }

  placeOf(plan: ProofPlan): number {
    const known = this.#places.get(plan);
    if (known !== undefined) return known;
    this.encoded.push(encodePlan(this.#network, this.#listed, plan));
    this.#places.set(plan, this.encoded.length - 1);
    return this.encoded.length - 1;
  }

  /** As the checker reads it. */
  read(place: number): HintedPlan {
    return this.#reader.plan(this.encoded[place]);
  }
}

/** A tree in preorder; leaves without shares get those of their best row. */
function encodeTree(
  network: CheckedNetwork,
  region: ClaimedRegion,
  rows: readonly CertificateRow[],
  plans: PlanTable,
  root: ProofTree,
): TreeNode[] {
  const nodes: TreeNode[] = [];
  const visit = (tree: ProofTree, before: () => CheckedPart | null, cut: Cut | null): void => {
    const own = tree.plan === undefined ? {} : { plan: plans.placeOf(tree.plan) };
    // Bounds are found only where a leaf below asks for them.
    let found: CheckedPart | null = null;
    const part = (): CheckedPart => {
      found ??= boundPart(
        network,
        region,
        own.plan === undefined ? null : plans.read(own.plan),
        before(),
        cut,
      );
      return found;
    };
    if (tree.kind === "leaf") {
      nodes.push({ ...own, ...encodeLeaf(network, rows, tree, part) });
      return;
    }
    const { value } = tree;
    const [layer, neuron] =
      tree.kind === "input" ? ["input", tree.input] : [network.layers[tree.node].name, tree.neuron];
    const first = tree.kind === "input" ? 0 : network.layers[network.layers[tree.node].inputs[0]].from;
    nodes.push({ ...own, layer, neuron, at: value });
    visit(tree.below, part, { neuron: first + neuron, sign: -1, value });
    visit(tree.above, part, { neuron: first + neuron, sign: 1, value });
  };
  visit(root, () => null, null);
  return nodes;
}

function encodeLeaf(
  network: CheckedNetwork,
  rows: readonly CertificateRow[],
  { shares, multipliers, slopes }: ProofLeaf,
  part: () => CheckedPart,
): TreeLeaf {
  return {
    shares: shares ? Array.from(shares, inFewDigits) : bestRow(network, rows, part()),
    ...(multipliers && { multipliers: Array.from(multipliers, inFewDigits) }),
    ...(slopes && { lines: encodeSlopes(network, slopes) }),
  };
}

/** Seven digits: multipliers and shares of any value are sound. */
function inFewDigits(value: number): number {
  return Number(Math.max(0, value).toPrecision(7));
}

function bestRow(network: CheckedNetwork, rows: readonly CertificateRow[], part: CheckedPart): number[] {
  const { from } = network.layers[network.layers.length - 1];
  const bounds = rows.map(({ terms, bound }) =>
    lowerBound(
      network,
      part,
      terms.map(([output, coefficient]) => ({ neuron: from + output, coefficient })),
      -bound,
    ),
  );
  const best = bounds.indexOf(Math.max(...bounds));
  return rows.map((_, row) => (row === best ? 1 : 0));
}
