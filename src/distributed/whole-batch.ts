import { concat, scaleBy, slice, type Tape, type Variable } from "../autodiff/index.js";
import type { Communicator } from "./communicator.js";

/** A batch of which this process has all examples, or with other ranks a share. */
export interface WholeBatch {
  /** Of the whole batch. */
  readonly examples: number;
  /**
   * This share's part of a mean over the whole batch, from 0 to 1: what is minimised here is that much of the share's own mean. 1 alone.
   */
  readonly weight: number;
  /** Of this share, that count: all of them, or none where a rank has an example only to keep it company. */
  readonly counted: number;
  /** From sums over this share's examples, each `[n, 1]`, those over the whole batch; gradients come back from every share. */
  sums(tape: Tape, own: readonly Variable[]): Promise<readonly Variable[]>;
}

/** A batch that is all here: no number is changed. */
export function undividedBatch(examples: number): WholeBatch {
  return { examples, weight: 1, counted: examples, sums: async (_tape, own) => own };
}

/** A batch of so many examples, of which as many as `counted` are this rank's. */
export function dividedBatch(ranks: Communicator, examples: number, counted: number): WholeBatch {
  return {
    examples,
    weight: counted / examples,
    counted,
    async sums(tape, own) {
      const joint = own.length === 1 ? own[0] : concat(tape, own);
      const total = await sumOverRanks(tape, ranks, counted > 0 ? joint : scaleBy(tape, joint, 0));
      if (own.length === 1) return [total];
      let start = 0;
      return own.map(({ value: { features } }) => {
        start += features;
        return slice(tape, total, start - features, features);
      });
    },
  };
}

/** The sum over all ranks, whose gradient is the sum over all ranks of theirs. */
async function sumOverRanks(tape: Tape, ranks: Communicator, own: Variable): Promise<Variable> {
  const { backend } = tape;
  const reduced = async (tensor: Variable["value"]) => {
    const values = await backend.read(tensor);
    await ranks.sum(values);
    return backend.upload(tensor.features, tensor.rows, values);
  };
  return tape.recordExchange(await reduced(own.value), own, reduced);
}
