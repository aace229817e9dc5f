/** How a cascade grows: what a stage is, and how it is trained, are the caller's. */
export interface Growth<S extends object> {
  /** How many stages there are to be. */
  readonly stages: number;
  /** Those that are there already, in order. */
  readonly begun: readonly S[];
  /** A stage that need not be trained from the start: a given one, or one that was stopped. Null for none. */
  resume?(stages: readonly S[]): Promise<S | null>;
  /** The numbers of the examples that none of these stages certifies. */
  remaining(stages: readonly S[]): Promise<readonly number[]>;
  /** Trains the stage after these, on the examples of these numbers; null for all. */
  train(stages: readonly S[], examples: readonly number[] | null): Promise<S>;
  /** Told of the stages so far when one has been added. */
  onStage?(stages: readonly S[]): void | Promise<void>;
}

/** A cascade that has grown. */
export interface Grown<S extends object> {
  readonly stages: readonly S[];
  /** Whether it ended early, as no example remained for a further stage. */
  readonly nothingRemains: boolean;
}

/**
 * Algorithm 2 of the paper (Section 3.3): the first stage is trained on all examples, each later one on those that no stage
 * before it certifies. Rejects with what its parts reject with; nothing is kept here.
 */
export async function growCascade<S extends object>(growth: Growth<S>): Promise<Grown<S>> {
  let stages = [...growth.begun];
  while (stages.length < growth.stages) {
    const resumed = (await growth.resume?.(stages)) ?? null;
    if (resumed !== null) stages = [...stages, resumed];
    else {
      const examples = stages.length === 0 ? null : await growth.remaining(stages);
      if (examples?.length === 0) return { stages, nothingRemains: true };
      stages = [...stages, await growth.train(stages, examples)];
    }
    await growth.onStage?.(stages);
  }
  return { stages, nothingRemains: false };
}
