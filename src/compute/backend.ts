import type { CropWindow } from "./crop-window.js";
import type { Activation, Elementwise } from "./elementwise.js";
import type { Conv2dGeometry } from "./geometry.js";
import type { Noise } from "./noise.js";
import type { Owners } from "./owners.js";

/** Arithmetic of a backend instance; every tensor on it has this type. */
export type Dtype = "float32" | "float64";

/** Numbers in the arithmetic of a backend. */
export type FloatArray = Float32Array | Float64Array;

/**
 * A matrix `[features, rows]` on a backend, rows innermost. Examples, projections, generators and neurons to be
 * bounded are all rows. Images are channel-major along features. A tensor is released once, by `dispose` or by
 * `using`; a second release does nothing; use after release is a `BackendError`.
 */
export interface Tensor extends Disposable {
  readonly features: number;
  readonly rows: number;
  /** Whether it was released, or its backend was. */
  readonly disposed: boolean;
  /** Releases it; views of the same storage stay. */
  dispose(): void;
}

/**
 * Bytes that tensors take, now and at most since the backend was made or `peakBytes` was last reset by `memory(true)`; those of
 * the backend in double precision are counted where both share a limit.
 */
export interface MemoryUse {
  readonly liveBytes: number;
  readonly peakBytes: number;
  /** What the backend holds for its own work beside tensors, now. */
  readonly scratchBytes: number;
}

/** Order of a norm: 1, 2 or ∞. */
export type NormOrder = 1 | 2 | typeof Number.POSITIVE_INFINITY;

/** Where a value lies: within centre ± radius, each `[n, examples]`. */
export interface CentredBox {
  readonly centre: Tensor;
  readonly radius: Tensor;
}

/**
 * Two parallel lines d·z + m ± ρ around an activation over [ℓ, u], each `[features, examples]`: the whole dual
 * layer in three numbers per neuron.
 */
export interface ParallelLines {
  readonly slope: Tensor;
  readonly shift: Tensor;
  readonly radius: Tensor;
}

/** Two lines of different slope around an activation: lowerSlope·z + lowerShift ≤ σ(z) ≤ upperSlope·z + upperShift. */
export interface TwoLines {
  readonly lowerSlope: Tensor;
  readonly lowerShift: Tensor;
  readonly upperSlope: Tensor;
  readonly upperShift: Tensor;
}

/** One step of Adam. A weight decay is added to the gradient. */
export interface AdamSettings {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 for the first update. */
  readonly step: number;
}

/** Where ν starts: rows `[f, R]`, or one line `index[r]` of a matrix `[m, f]` for each row r. */
export type BackwardStart =
  | { readonly kind: "rows"; readonly nu: Tensor }
  | { readonly kind: "lines"; readonly matrix: Tensor; readonly index: Int32Array };

/**
 * How rows see coefficients that are images `[channels·height·width, C]`: owners name each row's viewer, and a viewer sees the
 * patch that the window has for it, zeros beyond the image, of its example's column. As if the images were cropped for each viewer.
 */
export interface Sight {
  readonly window: CropWindow;
  /** The column of each viewer. */
  readonly examples: Owners;
}

/** Whose coefficients rows read: their own example's, or what their viewer sees. */
export interface Reading {
  readonly owners: Owners;
  readonly sight?: Sight;
}

/**
 * One step of ν backwards through a graph. There is one ν at hand, and numbered slots for those that wait while another branch
 * is walked.
 *
 * - `linear`, `conv2d`: the layer's transpose.
 * - `enclose`: parallel lines: adds Σρ|ν| to the radius, and Σm·ν to the centre where there is a shift; ν ← d ⊙ ν.
 * - `lines`: two lines: adds Σ(even·ν + odd·|ν|) to the centre; ν ← lower ⊙ max(ν, 0) + upper ⊙ min(ν, 0).
 * - `scale`: ν ← s ⊙ ν.
 * - `offset`: adds Σ b·ν to the centre.
 * - `gather`: ν takes its features `index`, 0 where that is −1.
 * - `store`, `load`: moves ν into a slot, or what is there back; `copy`: the slot gets a copy, or those features of it.
 * - `add`: ν ← ν + what is in a slot, or of it feature `index[f]` to feature f, nothing where that is −1. The slot is empty then.
 */
export type BackwardStep =
  | { readonly kind: "linear"; readonly weight: Tensor }
  | { readonly kind: "conv2d"; readonly weight: Tensor; readonly geometry: Conv2dGeometry }
  | (Reading & {
      readonly kind: "enclose";
      readonly slope: Tensor;
      readonly radius: Tensor;
      readonly shift?: Tensor;
    })
  | (Reading & {
      readonly kind: "lines";
      readonly lower: Tensor;
      readonly upper: Tensor;
      readonly even: Tensor;
      readonly odd: Tensor;
    })
  | (Reading & { readonly kind: "scale"; readonly scale: Tensor })
  | (Reading & { readonly kind: "offset"; readonly offset: Tensor })
  | { readonly kind: "gather"; readonly index: Int32Array }
  | { readonly kind: "store"; readonly slot: number }
  | { readonly kind: "load"; readonly slot: number }
  | { readonly kind: "copy"; readonly slot: number; readonly index?: Int32Array }
  | { readonly kind: "add"; readonly slot: number; readonly index?: Int32Array };

/** What ν meets at last: the norm of radius ⊙ ν, and centreᵀν where that is wanted. */
export interface BackwardEnd extends Reading {
  readonly radius: Tensor;
  /** As many columns as the radius. */
  readonly centre?: Tensor;
  readonly order: NormOrder;
}

/** A term w·x of a sum, or w·|x|; times `by`, which has the shape of x, where it is given. */
export interface Weighted<X = Tensor> {
  readonly weight: number;
  readonly x: X;
  readonly absolute?: boolean;
  readonly by?: X;
}

/**
 * Everything that autodual asks of a machine. Operations are coarse, take and return tensors, never change an
 * argument (but for the optimizer's update), and may be queued: only `read` waits for a result. Shapes are checked by
 * `shape-rules/` before work starts, so that each implementation throws the same `ShapeError`. What no memory holds is an
 * `OutOfMemoryError` of the call, or of each read of the result or of what is made of it.
 *
 * Throughout: R rows, C columns (examples), `owners` mapping R rows to C columns.
 */
export interface Backend {
  /** `native` or `portable`. */
  readonly name: string;
  readonly dtype: Dtype;
  /** How many work. */
  readonly threads: number;
  /** Multiply-adds that take it some tenths of a second at most: a piece of work that is to be interrupted is not larger. */
  readonly multiplyAddsAtOnce: number;
  /** What runs the numbers: an instruction set (`avx512`, `avx2`, `baseline`), or `TypeScript`. */
  readonly machine: string;
  /** How much memory tensors take. */
  memory(resetPeak?: boolean): MemoryUse;
  /**
   * Resolves when all that was asked so far is done, to when it was: seconds of a clock that runs evenly. Rejects, once, where
   * something failed that nobody was told of by a read.
   */
  finish(): Promise<number>;
  /** The most that this backend's threads can multiply and add, measured now: 10⁹ floating-point operations per second. */
  peakGflops(): Promise<number>;
  /** The same backend in double precision: itself where it is, else another one that is made when it is first asked for. */
  inDouble(): Backend;
  /** Releases every tensor, the one in double precision, and what the backend itself holds (threads, memory). It cannot be used afterwards. */
  dispose(): void;

  // Memory ---------------------------------------------------------------------------------------------------
  /** Copies row-major values in; their count must be features · rows. */
  upload(features: number, rows: number, values: ArrayLike<number>): Tensor;
  /** One value in every entry: `[features, rows]`. */
  filled(features: number, rows: number, value: number): Tensor;
  /** A copy of the values, row-major. */
  read(tensor: Tensor): Promise<FloatArray>;
  /** The same entries in the same order under another shape. Shares storage, which lives until the last view goes. */
  reshape(tensor: Tensor, features: number, rows: number): Tensor;
  /** `[f, r]` → `[r, f]`. */
  transpose(tensor: Tensor): Tensor;

  // Affine maps ------------------------------------------------------------------------------------------------
  /** W x (+ b): weight `[m, n]`, x `[n, R]`, bias `[m, 1]` → `[m, R]`. */
  linear(weight: Tensor, x: Tensor, bias: Tensor | null): Tensor;
  /** Wᵀ y: weight `[m, n]`, y `[m, R]` → `[n, R]`. */
  linearTranspose(weight: Tensor, y: Tensor): Tensor;
  /** y xᵀ summed over rows: y `[m, R]`, x `[n, R]` → `[m, n]`. */
  linearWeightGradient(y: Tensor, x: Tensor): Tensor;
  /** Convolution: weight `[outChannels, inChannels/groups·kh·kw]`, x `[in, R]`, bias `[outChannels, 1]` → `[out, R]`. */
  conv2d(weight: Tensor, x: Tensor, bias: Tensor | null, geometry: Conv2dGeometry): Tensor;
  /** Its transpose: y `[out, R]` → `[in, R]`. */
  conv2dTranspose(weight: Tensor, y: Tensor, geometry: Conv2dGeometry): Tensor;
  /** Derivative of ⟨y, conv2d(w, x)⟩ in w: y `[out, R]`, x `[in, R]` → shape of the weight. */
  conv2dWeightGradient(y: Tensor, x: Tensor, geometry: Conv2dGeometry): Tensor;
  /** conv2dTranspose of one-hot rows: row i is the transpose applied to unit vector `index[i]` of the output → `[in, R]`. */
  conv2dSelect(weight: Tensor, index: Int32Array, geometry: Conv2dGeometry): Tensor;
  /** Derivative of ⟨g, conv2dSelect(w, index)⟩ in w: g `[in, R]` → shape of the weight. */
  conv2dSelectGradient(g: Tensor, index: Int32Array, geometry: Conv2dGeometry): Tensor;
  /** out[i] = x[index[i]], or 0 where the index is −1: `[n, R]` → `[index.length, R]`. Permute, pad, slice, upsample. */
  gather(x: Tensor, index: Int32Array): Tensor;
  /** Its transpose: out[index[i]] += y[i]; entries −1 are dropped: `[index.length, R]` → `[features, R]`. */
  scatterAdd(y: Tensor, index: Int32Array, features: number): Tensor;
  /** x with feature index[i] replaced by y[i]: x `[f, R]`, y `[index.length, R]`, indices that differ → `[f, R]`. */
  replace(x: Tensor, index: Int32Array, y: Tensor): Tensor;
  /** Stacks along features. */
  concat(parts: readonly Tensor[]): Tensor;
  /** Features start … start + count − 1. */
  slice(x: Tensor, start: number, count: number): Tensor;

  // Backwards through a chain ----------------------------------------------------------------------------------
  /**
   * Rows ν through steps: the sum of what the enclosures add and of the last norm → `[1, R]`, the radius; with a centre at the
   * end a second line, the sum of what was added to the centre, `[2, R]`. What several operations would do one after the other,
   * without keeping anything on the way.
   */
  backward(start: BackwardStart, steps: readonly BackwardStep[], end: BackwardEnd): Tensor;

  // Entry by entry ---------------------------------------------------------------------------------------------
  /** a·x + b·y, same shapes. */
  combine(a: number, x: Tensor, b: number, y: Tensor): Tensor;
  /**
   * Σ of one or more terms, in their order, and then + constant → `[n, R]`. A term may be `[n, 1]`, the same for all rows, or
   * `[1, R]`, the same for all features. With `where` `[n, R]`, 0 in entries where that is at most 0.
   */
  weightedSum(terms: readonly Weighted[], constant: number, where?: Tensor): Tensor;
  /** a·x + b. */
  scaleBy(x: Tensor, a: number, b: number): Tensor;
  /** x ⊙ y, same shapes. */
  multiply(x: Tensor, y: Tensor): Tensor;
  /** The smaller of each two entries, same shapes. */
  minimum(x: Tensor, y: Tensor): Tensor;
  /** The larger of each two entries, same shapes. */
  maximum(x: Tensor, y: Tensor): Tensor;
  /** f(x). */
  apply(f: Elementwise, x: Tensor): Tensor;
  /** f′(x) · g. At a kink the derivative of the left piece (ReLU at 0: 0; |x| at 0: 0; √x at 0: 0). */
  applyGradient(f: Elementwise, x: Tensor, g: Tensor): Tensor;
  /** out = g where x < y (first), and g where x ≥ y (second): the gradients of minimum(x, y) in x and in y. */
  minimumGradient(x: Tensor, y: Tensor, g: Tensor): { readonly x: Tensor; readonly y: Tensor };

  // Rows and their owners --------------------------------------------------------------------------------------
  /** d ⊙ x + m by owner: x `[f, R]`, scale and shift `[f, C]` or absent. */
  scaleShift(x: Tensor, scale: Tensor | null, shift: Tensor | null, owners: Owners): Tensor;
  /** a ⊙ max(x, 0) + b ⊙ min(x, 0) by owner: the backward step of two slopes. */
  scaleBySign(x: Tensor, positive: Tensor, negative: Tensor, owners: Owners): Tensor;
  /** Derivatives of ⟨g, scaleBySign⟩. At x = 0 the positive slope counts. */
  scaleBySignGradient(
    x: Tensor,
    positive: Tensor,
    negative: Tensor,
    g: Tensor,
    owners: Owners,
  ): { readonly x: Tensor; readonly positive: Tensor; readonly negative: Tensor };
  /** Each row takes its owner's column: x `[f, C]` → `[f, rows]`. */
  spread(x: Tensor, owners: Owners, rows: number): Tensor;
  /** Its transpose: the rows of an owner summed: x `[f, R]` → `[f, columns]`. */
  sumRows(x: Tensor, owners: Owners, columns: number): Tensor;
  /** Rows of x ⊙ y summed by owner: `[f, R]`, `[f, R]` → `[f, columns]`. */
  multiplySumRows(x: Tensor, y: Tensor, owners: Owners, columns: number): Tensor;
  /** Σ_f w[f, owner]·x[f, row]: x `[f, R]`, weight `[f, C]` → `[1, R]`. */
  dot(x: Tensor, weight: Tensor, owners: Owners): Tensor;
  /** w[f, owner]·s[row]: weight `[f, C]`, s `[1, R]` → `[f, R]`; the derivative of dot in x. */
  outer(weight: Tensor, s: Tensor, owners: Owners): Tensor;
  /** Σ over an owner's rows of x[f, row]·s[row]: x `[f, R]`, s `[1, R]` → `[f, columns]`; the derivative of dot in w. */
  outerSumRows(x: Tensor, s: Tensor, owners: Owners, columns: number): Tensor;
  /** Along features, by owner → `[1, R]`: order 1: Σ w|x|; 2: √Σ (w x)²; ∞: max |w x|. Order 1 takes weights of any sign. */
  norm(x: Tensor, weight: Tensor, owners: Owners, order: NormOrder): Tensor;
  /** Derivatives of ⟨g, norm⟩, given its value. Zero norms and zero entries have derivative 0; ∞ takes the first largest. */
  normGradient(
    x: Tensor,
    weight: Tensor,
    value: Tensor,
    g: Tensor,
    owners: Owners,
    order: NormOrder,
  ): { readonly x: Tensor; readonly weight: Tensor };
  /** Along the rows of an owner → `[f, columns]`: Σ|x|, √Σx² or max|x|: generators to a radius. An owner without rows: 0. */
  normRows(x: Tensor, owners: Owners, columns: number, order: NormOrder): Tensor;
  /**
   * Derivative of ⟨g, normRows⟩ in x, given its value: value, g `[f, columns]` → `[f, R]`. Kinks as in
   * `normGradient`.
   */
  normRowsGradient(x: Tensor, value: Tensor, g: Tensor, owners: Owners, order: NormOrder): Tensor;

  /**
   * A patch of its owner's image for every row: x `[channels·height·width, C]` →
   * `[channels·patchHeight·patchWidth, R]`, 0 where the patch lies outside the image.
   */
  crop(x: Tensor, owners: Owners, window: CropWindow): Tensor;
  /** Its transpose, patches added where they came from: `[channels·patchHeight·patchWidth, R]` → `[…, columns]`. */
  cropTranspose(y: Tensor, owners: Owners, window: CropWindow, columns: number): Tensor;

  /** The backward step through parallel lines, by owner, in one pass over ν `[f, R]`: d ⊙ ν and Σ_f ρ|ν|, `[1, R]`. */
  enclose(
    nu: Tensor,
    slope: Tensor,
    radius: Tensor,
    owners: Owners,
  ): { readonly nu: Tensor; readonly radius: Tensor };
  /** Derivatives of ⟨gNu, d ⊙ ν⟩ + ⟨gRadius, Σρ|ν|⟩. A zero ν has derivative 0 in |ν|. */
  encloseGradient(
    nu: Tensor,
    slope: Tensor,
    radius: Tensor,
    gNu: Tensor,
    gRadius: Tensor,
    owners: Owners,
  ): { readonly nu: Tensor; readonly slope: Tensor; readonly radius: Tensor };

  /**
   * Rows in runs of `times`: the median of |x| of each run, the lower one of two, and which row of the run holds it
   * first (0 … times − 1): x `[f, C·times]` → each `[f, C]`. A run with a NaN has median NaN and index 0.
   */
  medianRows(x: Tensor, times: number): { readonly value: Tensor; readonly index: Tensor };
  /** Derivative of ⟨g, medianRows⟩: g·sign(x) at the holder, 0 elsewhere: g, index `[f, C]` → `[f, C·times]`. */
  medianRowsGradient(x: Tensor, index: Tensor, g: Tensor, times: number): Tensor;

  /** The geometric mean of |x| of each such run, exp(mean ln|x|): x `[f, C·times]` → `[f, C]`. */
  geometricMeanRows(x: Tensor, times: number): Tensor;

  // Random projections -----------------------------------------------------------------------------------------
  /**
   * d ⊙ x + ρ ⊙ C for runs of `times` rows: x `[f, C·times]`, slope and radius `[f, C]` → `[f, C·times]`, with random
   * numbers that are never stored, those of `random-noise.ts`, each example's its own. Without x and slope, ρ ⊙ C.
   */
  addNoise(x: Tensor | null, slope: Tensor | null, radius: Tensor, times: number, noise: Noise): Tensor;
  /**
   * Derivatives of ⟨g, addNoise⟩; those of x and slope are null where these are. In a radius of zero it counts as 0:
   * what never spreads takes no random numbers.
   */
  addNoiseGradient(
    x: Tensor | null,
    slope: Tensor | null,
    radius: Tensor,
    g: Tensor,
    times: number,
    noise: Noise,
  ): { readonly x: Tensor | null; readonly slope: Tensor | null; readonly radius: Tensor };

  // Activations and their enclosing lines ------------------------------------------------------------------------
  /** Parallel lines d·z + m ± ρ over [ℓ, u]; ℓ = u gives the tangent value, radius 0. */
  parallelLines(f: Activation, lower: Tensor, upper: Tensor): ParallelLines;
  /** Derivatives of ⟨gSlope, d⟩ + ⟨gShift, m⟩ + ⟨gRadius, ρ⟩ in ℓ and u. */
  parallelLinesGradient(
    f: Activation,
    lower: Tensor,
    upper: Tensor,
    g: ParallelLines,
  ): { readonly lower: Tensor; readonly upper: Tensor };
  /** Lines of two slopes, the lower by the larger area (CROWN's adaptive slope). */
  adaptiveLines(f: Activation, lower: Tensor, upper: Tensor): TwoLines;
  /** Derivatives of the sum of ⟨g, ·⟩ over the four numbers of the lines, in ℓ and u. */
  adaptiveLinesGradient(
    f: Activation,
    lower: Tensor,
    upper: Tensor,
    g: TwoLines,
  ): { readonly lower: Tensor; readonly upper: Tensor };
  /** The box of f over a box: centre and radius of [f(c − r), f(c + r)], of a radius that is not negative. */
  activateBox(f: Activation, centre: Tensor, radius: Tensor): CentredBox;
  /** Derivatives of ⟨gCentre, c⟩ + ⟨gRadius, r⟩ of that box in the centre and the radius before. */
  activateBoxGradient(f: Activation, centre: Tensor, radius: Tensor, g: CentredBox): CentredBox;
  /**
   * Sums over all entries of a box: Σr, Σc, then of entries that are above 0 all over their box, and of those below 0 all over it,
   * how many, Σc and Σc²: `[8, 1]`.
   */
  boxMoments(centre: Tensor, radius: Tensor): Tensor;
  /** Derivatives of ⟨g, moments⟩ in the centre and the radius: g `[8, 1]`. */
  boxMomentsGradient(centre: Tensor, radius: Tensor, g: Tensor): CentredBox;
  /**
   * For each window (padding left out) and example: the input with the largest lower bound, and among the others the
   * one with the largest upper bound (−1 if there is none), as feature numbers `[out, C]`. With ℓ = u = x the choice is
   * the maximum itself. Geometry: groups = channels, inChannels = outChannels.
   */
  maxPoolChoice(
    lower: Tensor,
    upper: Tensor,
    geometry: Conv2dGeometry,
  ): { readonly choice: Tensor; readonly rival: Tensor };
  /** out[f, row] = x[index[f, owner], row], or `missing` where the index is −1: x `[n, R]`, index `[f, C]` → `[f, R]`. */
  select(x: Tensor, index: Tensor, owners: Owners, missing: number): Tensor;
  /** Its transpose: y `[f, R]` → `[features, R]`. */
  selectTranspose(y: Tensor, index: Tensor, owners: Owners, features: number): Tensor;

  // Loss and optimizer -------------------------------------------------------------------------------------------
  /** log Σ_k exp(z_k) − z_label a row: logits `[K, C]`, labels `[C]` → `[1, C]`. Stable for large logits. */
  softmaxCrossEntropy(logits: Tensor, labels: Int32Array): Tensor;
  /** (softmax − one-hot) ⊙ g: g `[1, C]` → `[K, C]`. Shares of the softmax under 2⁻⁶⁴ are taken as 0. */
  softmaxCrossEntropyGradient(logits: Tensor, labels: Int32Array, g: Tensor): Tensor;
  /** One Adam step; writes parameter, first and second. */
  adamStep(parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, settings: AdamSettings): void;
}
