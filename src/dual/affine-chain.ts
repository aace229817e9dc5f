import { add, multiply, type Tape, type Variable, weightedSum } from "../autodiff/index.js";
import type { Weighted } from "../compute/backend.js";

/** How a chain's numbers were rounded. */
export interface ChainRoundings {
  /** How many roundings of the evaluation a term goes through at most. */
  readonly roundings: number;
  /** The longest sum above the first layer: a constant from below may be added up into its constant first, with which it begins. */
  readonly folded: number;
  /** Whether there are layers of sums in it, whose constants may be folded so. */
  readonly hasSums: boolean;
  /** The share of M that our own rounding may come to. */
  readonly own: number;
  /** How many roundings of our own the sizes themselves went through. */
  readonly digits: number;
}

/**
 * All affine layers since the last activations: an evaluation may fold scales and constants of some into weights of others, and go on
 * with a sum where another one ends, so that their roundings are counted together.
 */
export interface AffineChain extends ChainRoundings {
  /** M / scale, M being the magnitudes of all terms: |W| times those of the inputs, and |b|. `[n, examples]` */
  readonly size: Variable;
  /** Mostly 1 over the share of M that is e, so that `size` is e. */
  readonly scale: number;
  /** Σ m where they begin, and Σ M of all nodes on the way that layers of theirs read, `[1, examples]`. Made when asked for. */
  readonly begun: () => Weighted<Variable>;
  /** At least Σ m of the node itself and Σ M, `[1, examples]`, where it is known. */
  readonly total?: Weighted<Variable>;
  /** 1 where a value may differ from 0, else 0, `[n, examples]`, where no number was added since activations. Made when asked for. */
  readonly alive?: () => Variable;
  /** Whether they begin here. */
  readonly isNew?: boolean;
  /** Σκ of the layers whose coefficients may be folded into weights, `[1, 1]`; see `Intermediates`. */
  readonly steep?: Variable | undefined;
}

/** Where a chain begins: its sizes were weighed and added up. */
export const BEGINNING = {
  ...{ roundings: 0, folded: 0, hasSums: false },
  ...{ own: 0, digits: 4, isNew: true },
} as const;

/** Roundings of chains that meet, some of which may begin here. Branches may be added up as one, term after term. */
export function joined(chains: readonly (AffineChain | undefined)[]): ChainRoundings {
  const before: readonly ChainRoundings[] = chains.map((chain) => chain ?? BEGINNING);
  return {
    own: Math.max(...before.map(({ own }) => own)),
    digits: Math.max(...before.map(({ digits }) => digits)),
    roundings: before.reduce((sum, { roundings }) => sum + roundings, 0),
    folded: Math.max(...before.map(({ folded }) => folded)),
    hasSums: before.some(({ hasSums }) => hasSums),
  };
}

/** A sum of such sums, in this scale. */
export function together(tape: Tape, sums: readonly Weighted<Variable>[], scale: number): Weighted<Variable> {
  if (sums.length === 1) return sums[0];
  const terms = sums.map(({ weight, x }) => ({ weight: weight / scale, x }));
  return { weight: scale, x: weightedSum(tape, terms) };
}

/** Σκ of chains that meet, and of a layer whose coefficients have this one. */
export function steepOf(
  tape: Tape,
  chains: readonly AffineChain[],
  own?: Variable | undefined,
): Variable | undefined {
  const steeps = chains.flatMap(({ steep }) => (steep ? [steep] : []));
  if (steeps.length === 0) return own;
  const before = steeps.reduce((a, b) => add(tape, a, b));
  return own ? multiply(tape, before, own) : before;
}

/** What no chain goes on with. A layer may hand on what it was given. */
export function discardNew(tape: Tape, product: Variable, chains: readonly AffineChain[]): void {
  const kept = chains.filter(({ isNew }) => !isNew).map(({ size }) => size.value);
  const made = [product, ...chains.map(({ size }) => size)];
  tape.discard(...made.filter(({ value }) => !kept.includes(value)));
}

/** Where values may differ from 0 after they were moved; nothing where that is not known. */
export function aliveAfter(
  chains: readonly AffineChain[],
  moved: (alive: readonly Variable[]) => Variable,
): Pick<AffineChain, "alive"> {
  const before = chains.flatMap(({ alive }) => (alive ? [alive] : []));
  if (before.length < chains.length) return {};
  return { alive: once(() => moved(before.map((alive) => alive()))) };
}

/** What is made when first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Its size, to be mapped over chains that meet. */
export function sizeOf({ size }: AffineChain): Variable {
  return size;
}
