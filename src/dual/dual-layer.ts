export { NeuronState } from "../activations/definition.js";

import type { BoxVariables, Tape, Variable } from "../autodiff/index.js";
import type { BackwardStep, FloatArray, Weighted } from "../compute/backend.js";
import type { Owners } from "../compute/owners.js";
import type { LayerContext } from "../network/layers/definition.js";

/**
 * Patches of an image-shaped node: each viewer sees `height` × `width` positions of all channels, from its own `top`
 * and `left`.
 */
export interface Patch {
  readonly height: number;
  readonly width: number;
  readonly top: Int32Array;
  readonly left: Int32Array;
}

/**
 * Who looks through patches. Neurons of one position see the same pixels, whatever their channel: their rows share a
 * viewer, so that coefficients are cropped once for all of them.
 */
export interface Viewers {
  /** The example of each viewer. */
  readonly examples: Owners;
  /** The viewer of each row. */
  readonly rows: Owners;
}

/** A layer seen through a patch of its output: what the patch does not see does not enter. */
export interface CroppedLayer {
  /** The patch of the layer's input; where inputs meet, of each of them. */
  readonly input: Patch;
  /** See `DualLayer.back`; rows have viewers in place of examples. */
  back(tape: Tape, nu: Variable, want: Want): BackStep;
  /** Of a row. */
  readonly multiplyAdds: number;
  /** Whether ν passes as it is. */
  readonly passes?: true;
  /** Whether ν comes to lie elsewhere: what was within the image may be on padding, and the other way round. */
  readonly moves?: true;
  /** See `DualLayer.steps`. */
  steps?(tape: Tape, want: Want): readonly BackwardStep[];
  /** See `DualLayer.parts`. */
  parts?(): readonly FeaturePart[];
}

/** Which features of ν an input gets; null: all of them. */
export type FeaturePart = Int32Array | null;

/** How the outputs of an affine layer hang together, which decides whether |A| r is an exact radius. */
export type Coupling =
  /** Each output takes one input, scaled or moved, and no input is taken twice: independence is kept. */
  | "diagonal"
  /** Outputs are sums over inputs. */
  | "mixing"
  /** Several inputs meet. */
  | "join";

/** Which of the running sums of equation 8 are wanted; the radius always is. */
export interface Want {
  readonly centre: boolean;
  /** ν as it arrives at the input, which tells where in the ball the objective would be least. */
  readonly input?: boolean;
}

/** What a layer adds to the two running sums of equation 8, each `[1, rows]`; left out where it is zero. */
export interface Collected {
  readonly centre?: Variable;
  readonly radius?: Variable;
}

/** One step of equation 8: ν at each of the layer's inputs, `[in, R]`, and what the layer adds on the way. */
export interface BackStep extends Collected {
  readonly nus: readonly Variable[];
}

/**
 * A layer of the dual network for one batch of examples, readable in both directions. Rows belong to examples by
 * `owners`. `push` and the ν of `back` are each other's transpose, without constants: what a layer adds is collected.
 */
export interface DualLayer {
  readonly coupling: Coupling;
  /** Forward, on generators or on a centre without its constant: inputs `[in, R]` → `[out, R]`. */
  push(tape: Tape, inputs: readonly Variable[], owners: Owners): Variable;
  /**
   * Backward: ν `[out, R]` → one ν an input, and the terms of a lower bound of νᵀ(layer): constants into the centre,
   * ρᵀ|ν| as the radius.
   */
  back(tape: Tape, nu: Variable, owners: Owners, want: Want): BackStep;
  /** What `back` does to ν and adds, as steps that keep no record. Absent where there are no such steps, and where inputs meet. */
  steps?(owners: Owners, want: Want): readonly BackwardStep[];
  /** Where inputs meet and ν is handed on: what each of them gets. */
  parts?(): readonly FeaturePart[];
  /** The layer for rows that see a patch of its output; absent where patches make no sense. */
  crop?(patch: Patch, viewers: Viewers): CroppedLayer;
}

/**
 * How many roundings a number goes through at most, whatever the order of the sums: in A x, by its longest line, and in Aᵀν, by
 * its longest column. None of both where numbers are moved and nothing else.
 */
export interface Roundings {
  readonly forward: number;
  readonly backward: number;
}

/**
 * What an evaluation may compute on the way to s ⊙ x + b, such as γ ⊙ x or x/σ, each `[features, 1]`: numbers of at most
 * scale ⊙ |x| + offset, and so much times what underflows in them.
 */
export interface Intermediates {
  readonly scale: Variable;
  readonly offset: Variable;
}

/** An exact layer: z = A x + b. */
export interface AffineDual extends DualLayer {
  readonly kind: "affine";
  /**
   * Radii through the layer, `[in, C]` → `[out, C]`: order 1 is |A| r; order 2, where inputs are independent, is the
   * ℓ2 norm √(A² r²). Diagonal layers give |A| r for both.
   */
  absolute(tape: Tape, radii: readonly Variable[], order: 1 | 2): Variable;
  /** b as `[out, 1]`, if there is one. */
  readonly offset: Variable | undefined;
  /** The sum of the magnitudes that meet in b, where b is computed and they may cancel. */
  readonly offsetMagnitude?: Variable;
  /** Of a layer that scales each feature. */
  intermediates?(tape: Tape): Intermediates;
  /** How many terms of each sum in A x are not 0, `[out, C]`, given 1 where an input may not be 0 and else 0, `[in, C]`. */
  terms?(tape: Tape, alive: Variable): Variable;
  /** Absent: not known, taken for more than those of a dense matrix. */
  readonly roundings?: Roundings;
  /** `back` for unit vectors, cheaper than making them: output features `index` → `[in, index.length]`. */
  select?(tape: Tape, index: Int32Array): Variable;
  /** The matrix whose lines `index` `select` gives as columns, where there is one. */
  readonly lines?: Variable;
  /** As `select`, each row cropped to its neuron's receptive field. */
  selectPatch?(tape: Tape, index: Int32Array): Variable;
  /** The same as lines of a matrix, where there is one. */
  patchLines?(index: Int32Array): { readonly matrix: Variable; readonly index: Int32Array };
  /** The patch of the input that the neurons at each of the output's `positions` see. */
  fieldOf?(positions: Int32Array): Patch;
}

/** An enclosed layer: parallel lines d·z + m ± ρ, the same map for both directions. */
export interface ParallelDual extends DualLayer {
  readonly kind: "parallel";
  /** m and ρ, `[out, examples]`. */
  readonly shift: Variable;
  readonly radius: Variable;
  /** d `[out, examples]`, where `push` is d ⊙ x. */
  readonly slope?: Variable;
  /** Radii through |d| alone, `[in, C]` → `[out, C]`. */
  absolute(tape: Tape, radius: Variable): Variable;
  /** |d| `[out, examples]`, where `absolute` is |d| ⊙ r. */
  magnitude?(tape: Tape): Variable;
  /** Terms whose sum is |m| + ρ, where there are fewer than these. */
  constants?(tape: Tape): readonly Weighted<Variable>[];
  /** The same layer with this much added to ρ, `[out, examples]`; absent: by a term of its own. */
  widened?(tape: Tape, by: Variable): ParallelDual;
  /** Of a layer that was widened: its own ρ, which generators are made of, and what rounding added to it. */
  readonly widening?: { readonly own: Variable; readonly by: Variable };
}

/** An enclosed layer with two lines of different slope: a backward direction only. */
export interface TwoLineDual extends Pick<DualLayer, "back"> {
  readonly kind: "two-lines";
  /** See `DualLayer.steps`. */
  readonly steps?: DualLayer["steps"];
  /** See `DualLayer.crop`. */
  readonly crop?: DualLayer["crop"];
  /** Radii through the steeper of both lines, `[in, C]` → `[out, C]`. */
  absolute?(tape: Tape, radius: Variable): Variable;
  /** Its slope `[out, examples]`, where `absolute` is a product with it. */
  magnitude?(tape: Tape): Variable;
  /** Terms whose sum is that of the magnitudes of both shifts, each `[out, examples]`. */
  constants?(tape: Tape): readonly Weighted<Variable>[];
  /** The same layer with the lower line this much lower and the upper one higher, `[out, examples]`. */
  widened?(tape: Tape, by: Variable): TwoLineDual;
}

export type EnclosedDual = ParallelDual | TwoLineDual;
export type BoundLayer = AffineDual | EnclosedDual;

/**
 * ℓ and u: of a dual network each `[n, examples]` on its tape, else in any other form. An interval per feature, such as a box
 * of inputs.
 */
export interface Bounds<T = Variable> {
  readonly lower: T;
  readonly upper: T;
}

/** Pre-activation bounds by node: those of the input of each activation. */
export type NodeBounds<T = Variable> = ReadonlyMap<number, Bounds<T>>;

/** The dual of an affine kind of layer. */
export interface AffineRule<L> {
  readonly form: "affine";
  /** The layer for one batch, its weights being those of the context. */
  bind(tape: Tape, layer: L, context: LayerContext): AffineDual;
}

/** The dual of a kind of layer that needs bounds on its input. */
export interface EnclosedRule<L> {
  readonly form: "enclosed";
  /** Lines of one slope (the paper's) over pre-activation bounds. */
  parallel(tape: Tape, layer: L, context: LayerContext, bounds: Bounds): ParallelDual;
  /** Lines of two slopes. */
  adaptive(tape: Tape, layer: L, context: LayerContext, bounds: Bounds): TwoLineDual | ParallelDual;
  /** The images of ℓ and u under a monotone layer: interval arithmetic. */
  interval(tape: Tape, layer: L, context: LayerContext, bounds: Bounds): Bounds;
  /** The same from a box to a box, where that is quicker than by its ends. */
  box?(tape: Tape, layer: L, context: LayerContext, box: BoxVariables): BoxVariables;
  /**
   * Says of each input whether tighter bounds could still change the lines, `[n, examples]` row-major; see
   * `NeuronState`. NaN counts as unstable.
   */
  states(layer: L, context: LayerContext, lower: FloatArray, upper: FloatArray, examples: number): Uint8Array;
}

/** The dual of a kind of layer. */
export type DualRule<L> = AffineRule<L> | EnclosedRule<L>;
