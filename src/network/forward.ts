import type { Tape, Variable } from "../autodiff/index.js";
import { ShapeError } from "../errors.js";
import { batchStatistics } from "./layers/batch-norm.js";
import { definitionOf } from "./layers/index.js";
import type { Network } from "./network.js";
import { formatShape, sizeOf } from "./shape.js";
import type { Bindings } from "./weights.js";

/** The outcome of a forward pass. */
export interface ForwardPass {
  /** Logits `[classes, examples]`. */
  readonly output: Variable;
  /** The parameters used: those given, with batch statistics in place of running ones where these were asked for. */
  readonly bindings: Bindings;
}

/**
 * The network's value at x `[features, examples]`.
 *
 * With `batchStatistics`, batch norms take the mean and variance of this very batch (Appendix B.5's training
 * heuristic); the returned bindings hold them, so that the dual network is built with the same numbers.
 * Throws a `ShapeError` for an x of another size than the input.
 */
export function forward(
  tape: Tape,
  network: Network,
  bindings: Bindings,
  x: Variable,
  options: { readonly batchStatistics?: boolean } = {},
): ForwardPass {
  const pass = steps(tape, network, bindings, x, options.batchStatistics ? x.value.rows : null);
  let step = pass.next();
  // Sums over all examples are those over these.
  while (!step.done) step = pass.next(step.value);
  return step.value;
}

/**
 * The same with batch norms' statistics of a batch of which x has a share: `total` makes a sum `[channels, 1]` over all of its
 * `examples` of one over those of x.
 */
export async function forwardOfShare(
  tape: Tape,
  network: Network,
  bindings: Bindings,
  x: Variable,
  whole: { readonly examples: number; total(own: Variable): Promise<Variable> },
): Promise<ForwardPass> {
  const pass = steps(tape, network, bindings, x, whole.examples);
  let step = pass.next();
  while (!step.done) step = pass.next(await whole.total(step.value));
  return step.value;
}

/** Gives out sums over the examples of x, and takes those over so many examples; with null, running statistics are taken. */
function* steps(
  tape: Tape,
  network: Network,
  bindings: Bindings,
  x: Variable,
  examples: number | null,
): Generator<Variable, ForwardPass, Variable> {
  if (x.value.features !== sizeOf(network.inputShape)) {
    throw new ShapeError(
      `input: expected ${formatShape(network.inputShape)} = ${sizeOf(network.inputShape)} features, ` +
        `got ${x.value.features}`,
    );
  }
  let used = bindings;
  const uses = countUses(network);
  const values: (Variable | undefined)[] = [x];
  // A layer that changes only the shape hands its input on: several nodes hold one tensor.
  const holders = new Map([[x.value, 1]]);
  for (let i = 1; i <= network.output; i++) {
    const { layer, inputs, name } = network.nodes[i];
    if (layer === null) continue;
    const arguments_ = inputs.map((input) => values[input] as Variable);
    if (examples !== null && layer.kind === "batch-norm") {
      const context = network.context(i, used);
      const { mean, variance } = yield* batchStatistics(tape, context, arguments_[0], examples);
      used = new Map([...used, [`${name}.mean`, mean], [`${name}.variance`, variance]]);
    }
    const made = definitionOf(layer).forward(tape, layer, network.context(i, used), arguments_);
    values[i] = made;
    holders.set(made.value, (holders.get(made.value) ?? 0) + 1);
    for (const input of inputs) {
      uses[input] -= 1;
      const value = values[input];
      if (uses[input] > 0 || input === 0 || !value) continue;
      values[input] = undefined;
      const left = (holders.get(value.value) as number) - 1;
      holders.set(value.value, left);
      if (left === 0) tape.discard(value);
    }
  }
  return { output: values[network.output] as Variable, bindings: used };
}

function countUses(network: Network): number[] {
  const uses = network.nodes.map(() => 0);
  for (const { inputs } of network.nodes) for (const input of inputs) uses[input] += 1;
  uses[network.output] += 1;
  return uses;
}
