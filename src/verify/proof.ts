import type { Bounds } from "../dual/dual-layer.js";
import type { LineMethod } from "../dual/dual-options.js";
import type { OutputCase } from "./question.js";
import type { TightenRecord } from "./tighten-box.js";

/** Slopes of an activation's lines in one row's bound, at the listed neurons. */
export interface RecordedSlopes {
  readonly lower: Float32Array;
  /** Absent: those of the chord. */
  readonly upper?: Float32Array;
}

/** A part that is bounded above 0, and what the dual's variables were. */
export interface RecordedLeaf {
  readonly kind: "leaf";
  readonly bound: number;
  /** Of the case's rows; absent: one row alone is bounded. */
  readonly shares?: Float32Array;
  /** One for each decision on the way. */
  readonly multipliers?: Float32Array;
  /** By activation; absent: as the bounds of the part have them. */
  readonly slopes?: ReadonlyMap<number, RecordedSlopes>;
}

/** A part that no input is in: whatever the decisions, a neuron would lie on both sides of a value. */
export interface RecordedCrossing {
  readonly kind: "crossing";
  readonly node: number;
  readonly neuron: number;
  readonly value: number;
}

/** Both sides of a value. */
export interface SplitSides<P> {
  readonly value: number;
  readonly below: P;
  readonly above: P;
}

/** What is split: an input of the network, or the input of an activation's neuron, the activation by the number of its node. */
export type SplitPlace =
  | { readonly kind: "input"; readonly input: number }
  | { readonly kind: "neuron"; readonly node: number; readonly neuron: number };

/** A part of a box in the tree that branch and bound makes; what became of it is put in as it turns out. */
export class ProofPart {
  outcome: RecordedLeaf | RecordedCrossing | (SplitPlace & SplitSides<ProofPart>) | null = null;
}

/** How a case of a property was proved over a box. */
export type CaseProof = { readonly case: OutputCase; readonly region: Bounds<Float64Array> } & (
  | { readonly how: "bounds"; readonly method: LineMethod }
  | { readonly how: "inputs"; readonly tree: ProofPart }
  | { readonly how: "neurons"; readonly tree: ProofPart; readonly box: TightenRecord }
);
