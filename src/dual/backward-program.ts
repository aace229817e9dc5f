import type { Tape } from "../autodiff/index.js";
import type { BackwardStep } from "../compute/backend.js";
import { BACKWARD_SLOTS } from "../compute/backward.js";
import type { DualGraph } from "./dual-graph.js";
import type { FeaturePart, Want } from "./dual-layer.js";
import type { View } from "./view.js";

/** The nodes that rows pass from one back to another, in that order; the second is left out. */
function nodesPassed({ network }: DualGraph, from: number, to: number): number[] {
  const reached = new Set([from]);
  const passed: number[] = [];
  for (let at = from; at > to; at--) {
    if (!reached.has(at)) continue;
    passed.push(at);
    for (const input of network.nodes[at].inputs) reached.add(input);
  }
  return passed;
}

/** Whether rows can go from a node's value back to another's by steps that keep no record, and no more slots than there are. */
export function canWalkAtOnce(
  graph: DualGraph,
  hasSteps: (node: number) => boolean,
  from: number,
  to = 0,
): boolean {
  if (from < to) return false;
  const inputsOf = (at: number) => graph.network.nodes[at].inputs as readonly number[];
  const passed = nodesPassed(graph, from, to);
  if (!passed.every((at) => hasSteps(at) && inputsOf(at).every((input) => input >= to))) return false;
  const program = new BackwardProgram(from);
  for (const at of passed) {
    program.goTo(at);
    program.hand(
      inputsOf(at),
      inputsOf(at).map(() => null),
    );
  }
  // A smaller patch that meets a larger one takes one more for a moment.
  return program.slots + 1 <= BACKWARD_SLOTS;
}

/**
 * The steps of rows from a node's value back to another's: reverse topological order, where branches that wait have a slot each,
 * and those that meet are added. Null where some layer on the way has no steps.
 */
export function stepsBetween(
  tape: Tape,
  graph: DualGraph,
  view: View,
  from: number,
  to: number,
  want: Want,
): BackwardStep[] | null {
  if (!canWalkAtOnce(graph, view.hasSteps, from, to)) return null;
  const program = new BackwardProgram(from);
  for (const at of nodesPassed(graph, from, to)) {
    program.goTo(at);
    for (const step of view.steps(tape, at, want)) program.steps.push(step);
    program.hand(graph.network.nodes[at].inputs as readonly number[], view.parts(at));
  }
  program.goTo(to);
  return program.steps;
}

/** Steps with the slots in which rows of other nodes wait. */
class BackwardProgram {
  readonly steps: BackwardStep[] = [];
  /** By node, the slot of the rows that have arrived there. */
  readonly #waiting = new Map<number, number>();
  readonly #taken = new Set<number>();
  /** How many slots it names. */
  slots = 0;
  /** The node whose rows are at hand. */
  #at: number;

  constructor(from: number) {
    this.#at = from;
  }

  /** Takes the rows of a node to hand. */
  goTo(node: number): void {
    if (this.#at === node) return;
    this.#waiting.set(this.#at, this.#store());
    this.#load(this.#waiting.get(node) as number);
    this.#waiting.delete(node);
    this.#at = node;
  }

  /** Hands the rows at hand to inputs, each its part; those of the last input, in order of the nodes, stay at hand. */
  hand(inputs: readonly number[], parts: readonly FeaturePart[]): void {
    const order = [...inputs.keys()].sort((a, b) => inputs[a] - inputs[b]);
    const last = order.pop() as number;
    for (const i of order) this.#copy(inputs[i], parts[i]);
    this.#move(inputs[last], parts[last]);
  }

  #copy(node: number, part: FeaturePart): void {
    const present = this.#waiting.get(node);
    const slot = this.#free();
    this.steps.push({ kind: "copy", slot, ...(part && { index: part }) });
    if (present === undefined) {
      this.#waiting.set(node, slot);
      return;
    }
    const own = this.#store();
    this.#load(present);
    this.#add(slot, null);
    this.#waiting.set(node, this.#store());
    this.#load(own);
  }

  #move(node: number, part: FeaturePart): void {
    const present = this.#waiting.get(node);
    this.#waiting.delete(node);
    this.#at = node;
    if (present === undefined) {
      if (part) this.steps.push({ kind: "gather", index: part });
    } else if (part === null) {
      this.#add(present, null);
    } else {
      // What waits has the larger patch.
      const own = this.#store();
      this.#load(present);
      this.#add(own, part);
    }
  }

  #store(): number {
    const slot = this.#free();
    this.steps.push({ kind: "store", slot });
    return slot;
  }

  #load(slot: number): void {
    this.steps.push({ kind: "load", slot });
    this.#taken.delete(slot);
  }

  #add(slot: number, index: FeaturePart): void {
    this.steps.push({ kind: "add", slot, ...(index && { index }) });
    this.#taken.delete(slot);
  }

  #free(): number {
    let slot = 0;
    while (this.#taken.has(slot)) slot += 1;
    this.#taken.add(slot);
    this.slots = Math.max(this.slots, slot + 1);
    return slot;
  }
}
