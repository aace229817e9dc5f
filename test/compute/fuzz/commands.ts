import * as fc from "fast-check";
import { type RandomSource, random } from "../../../src/compute/random.js";
import { World } from "./world.js";

type Deed = (world: World, from: RandomSource) => void | Promise<void>;

/** What is done, and how often. */
const DEEDS: readonly (readonly [weight: number, name: string, deed: Deed])[] = [
  [70, "call", (world, from) => world.call(from)],
  [12, "misuse", (world, from) => world.misuse(from)],
  [6, "release", (world, from) => world.release(from)],
  [4, "settle", (world, from) => world.settle(from)],
  [3, "open", (world, from) => world.open(from)],
  [1, "readInVain", (world, from) => world.readInVain(from)],
  [1, "double", (world, from) => world.double(from)],
  [1, "close", (world, from) => world.close(from)],
  [1, "endless", (world, from) => world.endless(from)],
];

/** One deed, whose choices are all drawn from its seed. */
class Command implements fc.AsyncCommand<object, World> {
  readonly #name: string;
  readonly #deed: Deed;
  readonly #seed: number;
  #done: readonly string[] = [];

  constructor(name: string, deed: Deed, seed: number) {
    this.#name = name;
    this.#deed = deed;
    this.#seed = seed;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    const before = world.log.length;
    try {
      await this.#deed(world, random(this.#seed, "fuzz"));
    } finally {
      this.#done = world.log.slice(before);
    }
  }

  toString(): string {
    return `${this.#name} ${this.#seed} (${this.#done.join("; ")})`;
  }
}

/** Sequences of so many commands at most. A seed is not shrunk: a smaller one is no simpler. */
export function commands(most: number): fc.Arbitrary<Iterable<fc.AsyncCommand<object, World>>> {
  const each = DEEDS.flatMap(([weight, name, deed]) =>
    Array.from({ length: weight }, () =>
      fc.noShrink(fc.nat(2 ** 31 - 1)).map((seed) => new Command(name, deed, seed)),
    ),
  );
  return fc.commands(each, { maxCommands: most, size: "max", disableReplayLog: true });
}

/** Runs a sequence on a world of its own, and then checks and closes all that it left open. */
export async function runSequence(sequence: Iterable<fc.AsyncCommand<object, World>>): Promise<void> {
  const world = new World();
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), sequence);
    await world.end(random(1, "end"));
  } catch (error) {
    if (error instanceof Error) error.message = `${error.message}\nat: ${world.log.slice(-3).join("; ")}`;
    throw error;
  } finally {
    world.abandon();
  }
}
