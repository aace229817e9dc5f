import type { Bounds, NodeBounds } from "../dual/dual-layer.js";
import type { RegionRounding } from "../dual/slopes/region-rounding.js";
import type { AffineLayers } from "../dual/slopes/relaxation.js";
import type { Subject } from "../network/subject.js";
import type { ProofPart } from "./proof.js";
import type { OutputCase } from "./question.js";

/** One decision of a branch: the input of an activation's neuron lies above or below a value. */
export interface NeuronSplit {
  readonly node: number;
  readonly neuron: number;
  readonly side: "above" | "below";
  readonly value: number;
}

/** A part of a box: the inputs at which all decisions hold. */
export interface Branch {
  readonly splits: readonly NeuronSplit[];
  /** Of the case's largest row, from below. */
  readonly bound: number;
  /** Where the climb of its bound goes on; null for CROWN's lines. */
  readonly warm: WarmStart | null;
  /** Its own pre-activation bounds at the box's unstable neurons, by activation; null for the box's. */
  readonly bounds: NodeBounds<Float64Array> | null;
  /** Where its proof is recorded, if it is. */
  readonly part?: ProofPart | null;
}

/** Free variables of a branch as its parent left them. */
export interface WarmStart {
  /** Weights of lower and upper lines at the neurons that are unstable in the whole box. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** One per decision; those of decisions taken since begin at 0. */
  readonly multipliers: Float32Array;
  readonly shares: Float32Array;
}

/** What all branches of a box have in common. */
export interface BranchedBox {
  readonly subject: Subject;
  readonly affine: AffineLayers;
  readonly region: Bounds<Float64Array>;
  readonly bounds: NodeBounds<Float64Array>;
  /** Rounding within the box; null where it is not counted. */
  readonly rounding: RegionRounding | null;
  readonly case: OutputCase;
  /** By activation, the neurons that are unstable in the whole box. */
  readonly unstable: ReadonlyMap<number, Int32Array>;
}
