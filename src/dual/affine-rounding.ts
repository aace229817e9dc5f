import {
  apply,
  dot,
  linear,
  multiply,
  norm,
  scaleBy,
  scaleShift,
  type Tape,
  type Variable,
  weightedSum,
} from "../autodiff/index.js";
import { type Arithmetic, accumulated } from "../compute/arithmetic.js";
import type { Dtype, Weighted } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import {
  type AffineChain,
  aliveAfter,
  BEGINNING,
  type ChainRoundings,
  discardNew,
  joined,
  once,
  sizeOf,
  steepOf,
  together,
} from "./affine-chain.js";
import type { AffineDual, Intermediates, Roundings } from "./dual-layer.js";
import { OwnRounding, type Rounded, SLACK, type Terms, UNKNOWN } from "./own-rounding.js";

/** Roundings that an evaluation may add to a layer: those of batch norm, a normalisation, or a fold into the layer before. */
const FOLDED = 8;
/** A sum of fewer terms is not worth counting those that are 0. */
const FEW_TERMS = 512;
/** Covers 1/(1 − γ) and the rounding of the sums of magnitudes. */
const GROWN = (1 + SLACK) * (1 + SLACK);

/** Affine layers and what they add to rounding. */
interface AffineRounded {
  /** e of the node, `[n, examples]`. */
  readonly error: Variable | undefined;
  readonly floor: Variable | undefined;
  readonly chain: AffineChain | undefined;
}

/** What an affine layer adds to rounding, `docs/rounding.md#affine-layers`. */
export class AffineRounding extends OwnRounding {
  readonly evaluation: Evaluation;
  protected readonly deployed: Arithmetic;
  /** Whether constants are summed on the way back, as with two lines, and not in a centre. */
  protected readonly summed: boolean;
  readonly #made = new WeakMap<Tape, ReadonlyMap<number, Variable>>();

  constructor(
    dtype: Dtype,
    network: Network,
    evaluation: Evaluation,
    { summed }: { readonly summed: boolean },
  ) {
    super(dtype, network);
    this.evaluation = evaluation;
    this.summed = summed;
    this.deployed = arithmeticOf(evaluation);
  }

  /** e after an affine layer of so many features of inputs with these boxes. */
  affine(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    features: number,
    floors: Variable | undefined,
  ): AffineRounded {
    const isMove = layer.roundings?.forward === 0 && layer.roundings.backward === 0;
    if (isMove && this.readers === 1 && inputs.every(({ chain }) => !chain)) {
      return { error: undefined, floor: floors, chain: undefined };
    }
    if (isMove) return { ...this.#moved(tape, layer, inputs), floor: floors };
    const unknown = countOf(inputs) + features + UNKNOWN;
    const roundings = layer.roundings ?? { forward: unknown, backward: unknown };
    return this.#summed(tape, layer, inputs, roundings, floors);
  }

  /** A chain that begins at a node, with what none of its values exceeds, in this scale. */
  protected beginning(tape: Tape, size: Variable, scale: number): AffineChain {
    return { ...BEGINNING, size, scale, begun: once(() => ({ weight: scale, x: this.sum(tape, size) })) };
  }

  /** Chains that go on or begin here, in one scale: that of one that goes on, or else that in which sizes after the layer are e. */
  #chains(tape: Tape, inputs: readonly Rounded[], share: number): readonly AffineChain[] {
    const scale = inputs.find(({ chain }) => chain)?.chain?.scale ?? 1 / share;
    const least = 4 * this.own.underflow;
    return inputs.map((input) => {
      const { chain } = input;
      if (!chain) {
        const size = weightedSum(tape, this.magnitudes(input, 1 / scale), least);
        return {
          ...this.beginning(tape, size, scale),
          alive: once(() => apply(tape, { kind: "sign" }, this.magnitude(tape, input))),
        };
      }
      if (chain.scale === scale) return chain;
      return { ...chain, scale, size: scaleBy(tape, chain.size, chain.scale / scale, least) };
    });
  }

  /** Numbers that are moved are not rounded; but where several layers read a node, their ν are added. */
  #moved(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Omit<AffineRounded, "floor"> {
    const before = joined(inputs.map(({ chain }) => chain));
    const counts = {
      ...before,
      own: before.own + (this.readers > 1 ? 2 * this.readers * this.own.roundoff : 0),
      // Of branches that are stacked each keeps its own.
      roundings: Math.max(...inputs.map(({ chain }) => chain?.roundings ?? 0)),
      digits: before.digits + 2,
    };
    const share = this.#shareOf(counts);
    const chains = this.#chains(tape, inputs, share);
    const { scale } = chains[0];
    const size = layer.absolute(tape, chains.map(sizeOf), 1);
    const sums = (): Terms => chains.map(({ begun }) => begun());
    const begun = once(() => together(tape, sums(), scale));
    const error = scaleBy(tape, size, share * scale, 4 * this.own.underflow);
    const alive = aliveAfter(chains, (ones) => layer.absolute(tape, ones, 1));
    return { error, chain: { ...counts, size, scale, begun, steep: steepOf(tape, chains), ...alive } };
  }

  #summed(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    { forward, backward }: Roundings,
    floors: Variable | undefined,
  ): AffineRounded {
    const before = joined(inputs.map(({ chain }) => chain));
    const counts = {
      own: before.own + (backward + 2 * this.readers + 3 * FOLDED + 2 * forward) * this.own.roundoff,
      roundings: before.roundings + forward + 1 + FOLDED,
      folded: before.hasSums ? Math.max(before.folded, forward + 1) : 0,
      hasSums: true,
      digits: before.digits + forward + 6,
    };
    const share = this.#shareOf(counts);
    const chains = this.#chains(tape, inputs, share);
    const { scale } = chains[0];
    const sizes = chains.map(({ isNew, begun, size }) =>
      isNew ? begun() : { weight: scale, x: this.sum(tape, size) },
    );
    const floor = this.#floorOf(tape, sizes, countOf(inputs), backward, floors);
    const product = layer.absolute(tape, chains.map(sizeOf), 1);
    // Of what is 0, terms are not rounded.
    const each = (this.deployed.roundoff + 2 * this.own.roundoff) * GROWN;
    const counted = forward >= FEW_TERMS && layer.terms !== undefined;
    const least = counted ? share - forward * each : share;
    const raised = share / least;
    const offset = layer.offsetMagnitude ?? layer.offset;
    // bᵀν is a sum of terms of either sign.
    const signed = this.summed && offset ? this.gamma(offset.value.features + this.terms) * (1 + SLACK) : 0;
    const constants = offset ? [{ weight: 1 + signed / least, x: offset, absolute: true }] : [];
    const between = layer.intermediates?.(tape);
    // What is lost without being a share of anything, as sizes that have it as their share.
    const lost = [...sizes, ...chains.flatMap(({ isNew, begun }) => (isNew ? [] : [begun()]))];
    const begun = once(() => together(tape, lost, 1 / share));
    const meeting = [{ weight: scale, x: this.sum(tape, product) }, ...sizes];
    const { total, over } = this.#over(tape, meeting, constants, chains[0], between);
    const folded = this.#folded(tape, begun, raised, between, steepOf(tape, chains));
    const everywhere = weightedSum(
      tape,
      [
        { weight: raised, x: floor },
        ...lost.map(({ weight, x }) => ({ weight: 4 * this.lost * raised * weight, x })),
        ...over,
        ...folded.filter(({ x }) => x.value.features === 1),
      ],
      2 * (counts.roundings + 16) * this.lost * raised * Math.max(1, share * scale) + this.normal,
    );
    const size = weightedSum(tape, [
      { weight: share * scale, x: product },
      ...constants.map(({ weight, ...term }) => ({ ...term, weight: share * weight })),
      { weight: 1, x: everywhere },
      ...folded.filter(({ x }) => x.value.features > 1),
    ]);
    const error = counted
      ? multiply(tape, size, this.#terms(tape, layer, chains[0], each / share, least / share))
      : size;
    discardNew(tape, product, chains);
    const steep = steepOf(tape, chains, between && this.sum(tape, between.scale));
    return { error, floor, chain: { ...counts, size, scale: 1 / share, begun, total, steep } };
  }

  /** What underflows in steps between, and in weights that layers before are folded into. */
  #folded(
    tape: Tape,
    begun: () => Weighted<Variable>,
    raised: number,
    between: Intermediates | undefined,
    steep: Variable | undefined,
  ): Terms {
    const underflow = 8 * FOLDED * this.lost * raised;
    const terms: Weighted<Variable>[] = [];
    if (between) {
      const { weight, x } = begun();
      const weighed = scaleBy(tape, x, underflow * weight, underflow);
      terms.push({ weight: 1, x: linear(tape, between.scale, weighed) });
    }
    if (steep) {
      const { weight, x } = begun();
      terms.push({ weight: underflow * weight, x: scaleShift(tape, x, steep, undefined, SHARED) });
    }
    return terms;
  }

  /** So many times the number of terms that are not 0, and this. */
  #terms(tape: Tape, layer: AffineDual, chain: AffineChain, each: number, least: number): Variable {
    const alive = chain.alive?.() ?? apply(tape, { kind: "sign" }, chain.size);
    return scaleBy(tape, layer.terms?.(tape, alive) as Variable, each, least);
  }

  /** The share of a chain's magnitudes that rounding may come to. Not a number where it is too long for this to be known. */
  #shareOf({ own, roundings, folded, digits }: ChainRoundings): number {
    const lost = this.gamma(digits + 2 * this.terms + 2 * FOLDED);
    const known = Math.max(lost, accumulated(roundings + folded, this.deployed)) < SLACK / 2 ? 1 : Number.NaN;
    return known * ((roundings + folded) * this.deployed.roundoff + own) * GROWN;
  }

  /**
   * Infinite as soon as what meets in the layer, with its own rounding, may pass the largest number of the evaluation: these sums, the
   * constants, and intermediate results; a term that is not a number then. And twice the sum of all magnitudes. `[1, examples]`
   */
  #over(
    tape: Tape,
    sums: Terms,
    constants: Terms,
    before: AffineChain,
    between: Intermediates | undefined,
  ): { readonly total: Weighted<Variable>; readonly over: Terms } {
    const { largest } = this.deployed;
    const all = [...sums];
    for (const { weight, x } of constants) {
      all.push({ weight, x: norm(tape, x, this.ones(tape, x.value.features), SHARED, 1) });
    }
    if (between) {
      const steps = dot(tape, before.size, between.scale, SHARED);
      all.push({ weight: before.scale, x: steps }, { weight: 1, x: this.sum(tape, between.offset) });
    }
    // In two steps, so that no weight is infinite itself.
    const doubled = weightedSum(
      tape,
      all.map(({ weight, x }) => ({ weight: 2 * weight, x })),
    );
    const total = { weight: 1, x: doubled };
    if (largest === Number.POSITIVE_INFINITY) return { total, over: [] };
    const more = Math.max(1, this.own.largest / largest);
    return { total, over: [{ weight: 0, x: more === 1 ? doubled : scaleBy(tape, doubled, more) }] };
  }

  /**
   * What underflows in two steps of ν over a node's values, `[1, examples]`: so much whatever ν is, so that no |ν| weighs it.
   * It belongs to every row that passes; floors of all layers so far add up, and are counted where rows start.
   */
  floorOf(tape: Tape, box: Rounded, before: Variable | undefined): Variable {
    const sum = box.chain?.total ?? { weight: 1, x: this.sum(tape, this.magnitude(tape, box)) };
    return this.#floorOf(tape, [sum], box.centre.value.features, 2, before);
  }

  #floorOf(tape: Tape, sums: Terms, features: number, terms: number, before: Variable | undefined): Variable {
    const each = 4 * (terms + this.readers + 8) * this.own.underflow;
    const least = 4 * (features + terms + 8) * this.own.underflow;
    const own = sums.map(({ weight, x }) => ({ weight: each * (1 + SLACK) * weight, x }));
    return weightedSum(tape, before ? [{ weight: 1, x: before }, ...own] : own, least * sums.length);
  }

  /** Σ x, `[1, examples]`. */
  protected sum(tape: Tape, x: Variable): Variable {
    return dot(tape, x, this.ones(tape, x.value.features), SHARED);
  }

  /** `[features, 1]`, made once. */
  protected ones(tape: Tape, features: number): Variable {
    const known = this.#made.get(tape)?.get(features);
    if (known) return known;
    const ones = tape.own(tape.backend.filled(features, 1, 1));
    this.#made.set(tape, new Map([...(this.#made.get(tape) ?? []), [features, ones]]));
    return ones;
  }

  /**
   * What a number of a file may lose of itself, in the evaluation and here: half of the smallest number, or all of it on a machine
   * that takes it for 0.
   */
  protected get lost(): number {
    return this.deployed.underflow + this.deployed.flushed + this.own.underflow;
  }
}

function countOf(inputs: readonly Rounded[]): number {
  return inputs.reduce((sum, { centre }) => sum + centre.value.features, 0);
}
