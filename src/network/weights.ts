import type { Variable } from "../autodiff/index.js";
import type { Backend, Dtype, Tensor } from "../compute/backend.js";
import { random } from "../compute/random.js";
import { expectFinite, expectRecord, FormatError, kindOf, UsageError } from "../errors.js";
import type { Initialization } from "./layers/definition.js";
import { Network } from "./network.js";
import { formatShape, type Shape, sizeOf } from "./shape.js";

/** The numbers of a network on the host, by parameter name, each in its parameter's shape, row-major. */
export type Weights = ReadonlyMap<string, Float32Array | Float64Array>;

/** A network with its weights. */
export interface Model {
  readonly network: Network;
  readonly weights: Weights;
  /**
   * What its file computes with; absent: double precision where any of the weights has it, else single. Weights may have more
   * digits than that, where constants of the file were brought together.
   */
  readonly arithmetic?: Dtype;
}

/** A network whose parameters lie on a backend. */
export interface PlacedNetwork {
  readonly backend: Backend;
  readonly network: Network;
  readonly parameters: Parameters;
  /** The arithmetic that the model's own numbers are made for; absent: single precision. */
  readonly madeFor?: Dtype;
  /** The same network in double precision, where what float32 cannot decide is looked at again. */
  inDouble?(): PlacedNetwork;
}

/** Throws a `UsageError` that names the call unless a value has a network and weights by name. */
export function checkModel(call: string, model: Model): void {
  expectRecord(`${call}: model`, model);
  checkNetwork(`${call}: network of the model`, model.network);
  if (!(model.weights instanceof Map)) {
    throw new UsageError(
      `${call}: weights of the model: expected a Map by name, found ${kindOf(model.weights)}`,
    );
  }
  for (const [name, values] of model.weights) {
    if (values instanceof Float32Array || values instanceof Float64Array) continue;
    throw new UsageError(
      `${call}: weight ${name}: expected a Float32Array or a Float64Array, found ${kindOf(values)}`,
    );
  }
}

function checkNetwork(what: string, network: Network): void {
  if (!(network instanceof Network))
    throw new UsageError(`${what}: expected a Network, found ${kindOf(network)}`);
}

/**
 * How weights start: as each layer has it (`standard`), or such that boxes keep their width from layer to layer (`ibp`, Shi et al.
 * 2021): matrices and kernels are normal with deviation √(2π) / fan-in.
 */
export const INITIALIZATIONS = ["standard", "ibp"] as const;
export type InitializationName = (typeof INITIALIZATIONS)[number];

/** Starting weights, a function of the seed and of each parameter's name alone. */
export function initialWeights(
  network: Network,
  seed: number,
  initialization: InitializationName = "standard",
): Weights {
  checkNetwork("initialWeights: network", network);
  expectFinite("initialWeights: seed", seed);
  if (!INITIALIZATIONS.includes(initialization)) {
    throw new UsageError(
      `initialWeights: initialization: expected ${INITIALIZATIONS.join(" or ")}, found ${String(initialization)}`,
    );
  }
  return new Map(
    network.parameters.map((parameter) => {
      const { name, shape } = parameter;
      // Of a matrix or a kernel the first extent counts outputs.
      const isWeight = parameter.role === "trained" && shape.length > 1;
      const deviation = (Math.sqrt(2 * Math.PI) * shape[0]) / sizeOf(shape);
      const own =
        initialization === "ibp" && isWeight
          ? ({ kind: "normal", std: deviation } as const)
          : parameter.initialization;
      return [name, initialValues(sizeOf(shape), own, seed, name)];
    }),
  );
}

function initialValues(
  size: number,
  initialization: Initialization,
  seed: number,
  name: string,
): Float64Array {
  const values = new Float64Array(size);
  const source = random(seed, `weights/${name}`);
  switch (initialization.kind) {
    case "constant":
      return values.fill(initialization.value);
    case "normal":
      return source.fillNormal(values, initialization.std);
    case "uniform":
      return values.map(() => (2 * source.uniform() - 1) * initialization.bound);
    default:
      return initialization satisfies never;
  }
}

/**
 * Checks that weights are all there, have their parameter's size, and are finite in `dtype`; variances must not be
 * negative. Throws a `FormatError` that names the first fault. `where` is the file they came from.
 */
export function checkWeights(
  network: Network,
  weights: Weights,
  where: string,
  dtype: Dtype = "float64",
): void {
  for (const { name, shape, role } of network.parameters) {
    const values = weights.get(name);
    if (!values)
      throw new FormatError(`${where}: weight "${name}" is missing, expected ${formatShape(shape)}`);
    if (values.length !== sizeOf(shape)) {
      throw new FormatError(
        `${where}: weight "${name}" has ${values.length} numbers, expected ${sizeOf(shape)} (${formatShape(shape)})`,
      );
    }
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new FormatError(`${where}: weight "${name}"[${bad}] is ${values[bad]}, expected a finite number`);
    const large =
      dtype === "float64" ? -1 : values.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (large >= 0) {
      throw new FormatError(
        `${where}: weight "${name}"[${large}] is ${values[large]}, more than ${dtype} holds; expected --dtype float64`,
      );
    }
    if (role === "statistic" && name.endsWith(".variance")) {
      const negative = values.findIndex((value) => value < 0);
      if (negative >= 0) throw new FormatError(`${where}: variance "${name}"[${negative}] is negative`);
    }
  }
}

/** A parameter's place on a backend: `[first extent, all others]`. */
export function parameterLayout(shape: Shape): readonly [features: number, rows: number] {
  return [shape[0], sizeOf(shape) / shape[0]];
}

/** What a model's own file computes with. */
export function arithmeticOfModel({ weights, arithmetic }: Pick<Model, "weights" | "arithmetic">): Dtype {
  if (arithmetic) return arithmetic;
  for (const values of weights.values()) if (values instanceof Float64Array) return "float64";
  return "float32";
}

/** A network on a backend, in double precision as well once that is asked for; until it is disposed. */
export function placeModel(backend: Backend, model: Model): PlacedNetwork & Disposable {
  let double: (PlacedNetwork & Disposable) | undefined;
  const parameters = uploadWeights(backend, model);
  return {
    backend,
    network: model.network,
    parameters,
    madeFor: arithmeticOfModel(model),
    inDouble() {
      double ??= placeModel(backend.inDouble(), model);
      return double;
    },
    [Symbol.dispose]() {
      double?.[Symbol.dispose]();
      releaseParameters(parameters);
    },
  };
}

/** A network's parameters on a backend, by name. Release each, or all by `releaseParameters`. */
export type Parameters = ReadonlyMap<string, Tensor>;

/**
 * Puts a model's weights on a backend, each as `[first extent, all others]`. Throws a `FormatError` that names the first
 * weight that is missing, of another size, or not finite in the backend's arithmetic, or a negative variance.
 */
export function uploadWeights(backend: Backend, { network, weights }: Model): Parameters {
  checkWeights(network, weights, "model", backend.dtype);
  return new Map(
    network.parameters.map(({ name, shape }) => {
      const [features, rows] = parameterLayout(shape);
      return [name, backend.upload(features, rows, weights.get(name) as Float64Array)];
    }),
  );
}

/** Copies parameters to the host, row-major, in the backend's arithmetic. */
export async function downloadWeights(backend: Backend, parameters: Parameters): Promise<Weights> {
  const entries: [string, Float32Array | Float64Array][] = [];
  for (const [name, tensor] of parameters) entries.push([name, await backend.read(tensor)]);
  return new Map(entries);
}

/** Releases the tensors of all parameters. */
export function releaseParameters(parameters: Parameters): void {
  for (const tensor of parameters.values()) tensor.dispose();
}

/** Parameters as variables of a computation, by name. */
export type Bindings = ReadonlyMap<string, Variable>;

/** Parameters without gradients. */
export function fixedBindings(parameters: Parameters): Bindings {
  return new Map([...parameters].map(([name, value]) => [name, { value, tracked: false }]));
}

/** Trained parameters with gradients, statistics without. */
export function trainedBindings(network: Network, parameters: Parameters): Bindings {
  return new Map(
    network.parameters.map(({ name, role }) => [
      name,
      { value: parameters.get(name) as Tensor, tracked: role === "trained" },
    ]),
  );
}
