import { Tape } from "../autodiff/index.js";
import type { Backend, FloatArray } from "../compute/backend.js";
import { buildDual } from "../dual/auto-dual.js";
import type { Estimator, SketchForm } from "../dual/estimator.js";
import { medianEstimator } from "../estimators/median.js";
import type { Network } from "../network/network.js";
import {
  type Bindings,
  fixedBindings,
  type Model,
  releaseParameters,
  uploadWeights,
} from "../network/weights.js";
import { type Ball, type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";

/** The relative error of estimated widths: estimate / width − 1, over neurons, examples and sketches. */
export interface RelativeError {
  readonly mean: number;
  readonly deviation: number;
}

/** One layer at one projection dimension. */
export interface Figure6Row {
  readonly weights: string;
  readonly form: SketchForm;
  readonly dimension: number;
  /** 1 for the input of the first activation, whose width the joint form has exactly. */
  readonly layer: number;
  readonly neurons: number;
  /** Widths of a network whose layers are all estimated, against those of the one without estimates. */
  readonly width: RelativeError;
  /** The estimate alone: both over the lines of the network without estimates. */
  readonly estimate: RelativeError;
}

export interface Figure6Subject {
  readonly weights: string;
  readonly model: Model;
  readonly ball: BallSpec;
  readonly batch: LabelledBatch;
}

export interface Figure6Settings {
  readonly dimensions: readonly number[];
  readonly forms: readonly SketchForm[];
  /** How many sketches are drawn of each example at each dimension. */
  readonly sketches: number;
}

/** Widths below this fraction of their layer's largest have no relative error worth the name. */
const SMALLEST_WIDTH = 1e-6;

/** Figure 6 of the paper: how well medians of Cauchy projections estimate the widths of pre-activation bounds. */
export async function figure6(
  backend: Backend,
  { weights, model, ball: ballSpec, batch }: Figure6Subject,
  { dimensions, forms, sketches }: Figure6Settings,
  onSketch: () => void = () => {},
): Promise<Figure6Row[]> {
  const { network } = model;
  const examples = batch.labels.length;
  const parameters = uploadWeights(backend, model);
  const bindings = fixedBindings(parameters);
  const ball = makeBall(backend, batch.x, examples, ballSpec);
  using tape = new Tape(backend, { record: false });
  const dual = await buildDual(tape, network, bindings, ball, { complete: true });
  const nodes = [...dual.preActivation.keys()];
  const radii: FloatArray[] = [];
  for (const node of nodes) radii.push(await backend.read(dual.radiusAt(node).value));
  const rows: Figure6Row[] = [];
  for (const form of forms) {
    for (const dimension of dimensions) {
      const errors = nodes.map(() => ({ width: new ErrorSums(), estimate: new ErrorSums() }));
      for (let seed = 0; seed < sketches; seed++) {
        const estimator = medianEstimator({ dimension, form, when: "always", seed, path: ["figure6"] });
        const widths = await estimatedRadii(backend, network, bindings, ball, estimator);
        for (const [i, node] of nodes.entries()) {
          using estimate = new Tape(backend, { record: false });
          const own = estimate.own(dual.radiusAt(node, estimator).value);
          errors[i].estimate.add(await backend.read(own.value), radii[i]);
          errors[i].width.add(widths[i], radii[i]);
        }
        onSketch();
      }
      nodes.forEach((_, i) => {
        const { width, estimate } = errors[i];
        const neurons = radii[i].length / examples;
        const result = { width: width.result(), estimate: estimate.result() };
        rows.push({ weights, form, dimension, layer: i + 1, neurons, ...result });
      });
    }
  }
  releaseBall(ball);
  releaseParameters(parameters);
  return rows;
}

/** Half the widths of all bounds of a network whose layers are estimated one after the other, layer by layer. */
async function estimatedRadii(
  backend: Backend,
  network: Network,
  bindings: Bindings,
  ball: Ball,
  estimator: Estimator,
): Promise<Float64Array[]> {
  using tape = new Tape(backend, { record: false });
  const dual = await buildDual(tape, network, bindings, ball, { estimator });
  const radii: Float64Array[] = [];
  for (const { lower, upper } of dual.preActivation.values()) {
    const [low, high] = [await backend.read(lower.value), await backend.read(upper.value)];
    radii.push(Float64Array.from(low, (value, i) => (high[i] - value) / 2));
  }
  return radii;
}

class ErrorSums {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(estimates: ArrayLike<number>, widths: FloatArray): void {
    let largest = 0;
    for (let i = 0; i < widths.length; i++) largest = Math.max(largest, widths[i]);
    for (let i = 0; i < widths.length; i++) {
      if (!(widths[i] > SMALLEST_WIDTH * largest)) continue;
      const error = estimates[i] / widths[i] - 1;
      this.#count += 1;
      this.#sum += error;
      this.#squares += error * error;
    }
  }

  result(): RelativeError {
    const mean = this.#sum / this.#count;
    return { mean, deviation: Math.sqrt(Math.max(0, this.#squares / this.#count - mean * mean)) };
  }
}

/** The slope of ln deviation against ln r by least squares: −½ where deviations shrink as 1/√r. */
export function shrinkage(
  points: readonly { readonly dimension: number; readonly deviation: number }[],
): number {
  const x = points.map(({ dimension }) => Math.log(dimension));
  const y = points.map(({ deviation }) => Math.log(deviation));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0);
  return covariance / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
}
