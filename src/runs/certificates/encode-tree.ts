import { boundPart, type CheckedPart, type Cut, lowerBound } from "../../check/bounds.js";
import { isEmpty, objectiveOf } from "../../check/claims.js";
import type { CheckedNetwork } from "../../check/network.js";
import { Refusal } from "../../check/rounding.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import type { CertificateCase, TreeLeaf, TreeNode, TreeSplit } from "../../formats/certificate/schema.js";
import { encodeSlopes } from "./encode-hints.js";
import { decisionsAmong } from "./open-decisions.js";
import type { PlanTable } from "./plan-table.js";
import type { ProofLeaf, ProofTree } from "./proof.js";

/** What a tree is a proof about. */
export interface TreeSubject {
  readonly network: CheckedNetwork;
  readonly region: ClaimedRegion;
  readonly rows: CertificateCase["rows"];
  readonly plans: PlanTable;
  /** Parts that a tree's leaves may be taken apart into where the checker's own arithmetic does not prove them as they are. */
  readonly further: number;
  /** Whether the tree is given up where it does not prove a part; else that is left to the check of the whole claim. */
  readonly isTried: boolean;
}

/** A part of the region, what is decided there, and how its bounds are found. */
interface TreePart {
  readonly cuts: readonly Cut[];
  readonly bounds: () => CheckedPart;
}

/**
 * A tree in preorder, as it stands in a claim; each step of the generator is a leaf. Leaves without shares get those of their
 * best row. Throws a `Refusal` where a tree that is tried does not prove a part.
 */
export class TreeEncoder {
  readonly #subject: TreeSubject;
  readonly #nodes: TreeNode[] = [];
  #further: number;

  constructor(subject: TreeSubject) {
    this.#subject = subject;
    this.#further = subject.further;
  }

  *encode(tree: ProofTree): Generator<void, TreeNode[]> {
    yield* this.#visit(tree, null, [], null);
    return this.#nodes;
  }

  *#visit(tree: ProofTree, before: TreePart | null, cuts: readonly Cut[], cut: Cut | null): Generator<void> {
    const { network, plans } = this.#subject;
    const own = tree.plan === undefined ? {} : { plan: plans.placeOf(tree.plan) };
    const part = this.#part(before, cuts, cut, own.plan);
    if (tree.kind === "leaf") {
      this.#leaf(own, tree, part);
      return yield;
    }
    const { value } = tree;
    const [layer, neuron] =
      tree.kind === "input" ? ["input", tree.input] : [network.layers[tree.node].name, tree.neuron];
    this.#nodes.push({ ...own, layer, neuron, at: value });
    const place = plans.reader.decided({ layer, neuron, at: value });
    for (const side of SIDES) {
      const decided = { neuron: place, sign: side === "below" ? -1 : 1, value } as const;
      yield* this.#visit(tree[side], part, [...cuts, decided], decided);
    }
  }

  /** Bounds are found only where a leaf below asks for them. */
  #part(before: TreePart | null, cuts: readonly Cut[], cut: Cut | null, place?: number): TreePart {
    const { network, region, plans } = this.#subject;
    const find = (): CheckedPart => {
      if (before === null && place !== undefined) return plans.whole(place, region);
      const plan = place === undefined ? null : plans.read(place);
      return boundPart(network, region, plan, before?.bounds() ?? null, cut);
    };
    let found: CheckedPart | null = null;
    const bounds = () => {
      found ??= find();
      return found;
    };
    return { cuts, bounds };
  }

  #leaf(own: { readonly plan?: number }, { shares, multipliers, slopes }: ProofLeaf, part: TreePart): void {
    const { network } = this.#subject;
    const given = {
      ...(multipliers && { multipliers: Array.from(multipliers, inFewDigits) }),
      ...(slopes && { lines: encodeSlopes(network, slopes) }),
    };
    const leaf = {
      ...own,
      shares: shares ? Array.from(shares, inFewDigits) : this.#bestRow(part.bounds()),
      ...given,
    };
    const isBounded = this.#further > 0 || this.#subject.isTried;
    if (isBounded && !(this.#bound(leaf, part) > 0)) this.#apart(leaf, part, own);
    else this.#nodes.push(leaf);
  }

  /** Takes a part that is not proved apart, at the decision that leaves the larger of its sides' least bounds. */
  #apart(leaf: TreeLeaf, part: TreePart, own: { readonly plan?: number }): void {
    const plain: TreeLeaf = { ...own, shares: this.#bestRow(part.bounds()) };
    const hints = [leaf, plain].sort((a, b) => this.#bound(b, part) - this.#bound(a, part));
    if (this.#bound(hints[0], part) > 0) {
      this.#nodes.push(hints[0]);
      return;
    }
    if (this.#further < 1) {
      this.#unproved(hints[0]);
      return;
    }
    const { network, plans, region } = this.#subject;
    let best: {
      readonly split: TreeSplit;
      readonly sides: readonly TreePart[];
      readonly least: number;
    } | null = null;
    const inherited = withoutPlan(hints[0]);
    for (const split of decisionsAmong(network, part.bounds(), region)) {
      const neuron = plans.reader.decided(split);
      const sides = ([-1, 1] as const).map((sign) => {
        const cut = { neuron, sign, value: split.at };
        return this.#part(part, [...part.cuts, cut], cut);
      });
      const least = Math.min(...sides.map((side) => this.#bound(inherited, side)));
      if (best === null || least > best.least) best = { split, sides, least };
    }
    if (best === null) {
      this.#unproved(hints[0]);
      return;
    }
    this.#further -= 1;
    this.#nodes.push({ ...own, ...best.split });
    for (const side of best.sides) {
      if (this.#bound(inherited, side) > 0) this.#nodes.push(inherited);
      else this.#apart(inherited, side, {});
    }
  }

  #unproved(leaf: TreeLeaf): void {
    if (this.#subject.isTried) throw new Refusal("a part is not proved");
    this.#nodes.push(leaf);
  }

  /** As the checker finds it. */
  #bound(leaf: TreeLeaf, { cuts, bounds }: TreePart): number {
    const { network, rows, plans } = this.#subject;
    if (isEmpty(bounds(), cuts)) return Number.POSITIVE_INFINITY;
    const { from } = network.layers[network.layers.length - 1];
    const { terms, constant } = objectiveOf(leaf, cuts, rows, from);
    return lowerBound(network, bounds(), terms, constant, plans.reader.slopes(leaf.lines ?? {}));
  }

  #bestRow(part: CheckedPart): number[] {
    const { network, rows } = this.#subject;
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
}

const SIDES = ["below", "above"] as const;

function withoutPlan({ plan: _plan, ...leaf }: TreeLeaf): TreeLeaf {
  return leaf;
}

/** Seven digits: multipliers and shares of any value are sound. */
function inFewDigits(value: number): number {
  return Number(Math.max(0, value).toPrecision(7));
}
