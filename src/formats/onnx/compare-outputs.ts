import type { Dtype } from "../../compute/backend.js";
import { FormatError } from "../../errors.js";

/** The outputs of a network at one input, in double precision, and how far other evaluations may be from them. */
export interface ExpectedOutputs {
  readonly outputs: Float64Array;
  /** The magnitudes that meet in each output's last sum. */
  readonly sizes: Float64Array;
  /** No evaluation is further from an output than this. */
  readonly errors: Float64Array;
}

/**
 * The most that outputs may differ, of the magnitudes that meet in each one's last sum. Deep networks have error bounds far
 * larger than what rounding does, which would let a wrong import pass.
 */
const TOLERANCES = { float64: 1e-6, float32: 1e-3 } as const;

/** A sum that leaves less of the magnitudes that met in it has cancelled. */
const CANCELLED = 2 ** -20;

/** A `FormatError` where a graph gives what is no number for an input that is nothing special. */
export function checkFinite(outputs: Float64Array, where: string): void {
  const bad = outputs.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new FormatError(
    `${where}: gives ${outputs[bad]} as output ${bad} for an ordinary input; nothing can be said of it`,
  );
}

/** A `FormatError` unless a graph's outputs, in double precision, are the network's but for rounding. */
export function compareWithGraph(
  expected: ExpectedOutputs,
  found: Float64Array,
  constants: Dtype,
  where: string,
): void {
  const fault = firstFault(expected, found, constants);
  if (!fault) return;
  const gives =
    `${where}: the network made of this file gives ${fault.expected} where its graph gives ${fault.found} ` +
    `(output ${fault.output}, random input)`;
  throw new FormatError(
    fault.isRounding
      ? `${gives}; rounding alone may do that in ${constants}, so it cannot be told whether it was imported rightly`
      : `${gives}; it was not imported rightly and is not used: please report the file`,
  );
}

/** A `FormatError` unless a backend's outputs are the network's but for the rounding of its arithmetic. */
export function compareWithBackend(
  expected: ExpectedOutputs,
  found: Float64Array,
  dtype: Dtype,
  where: string,
): void {
  const fault = firstFault(expected, found, dtype);
  if (!fault) return;
  const gives =
    `${where}: the network made of this file gives ${fault.found} in ${dtype} and ${fault.expected} in double precision ` +
    `(output ${fault.output}, random input)`;
  throw new FormatError(
    fault.isRounding
      ? `${gives}: rounding leaves too little of it${dtype === "float32" ? "; expected --dtype float64" : ""}`
      : `${gives}, which is more than rounding: please report the file`,
  );
}

interface Fault {
  readonly output: number;
  readonly expected: number;
  readonly found: number;
  /** Whether rounding may have made the difference. */
  readonly isRounding: boolean;
}

function firstFault(
  { outputs, sizes, errors }: ExpectedOutputs,
  found: Float64Array,
  precision: Dtype,
): Fault | undefined {
  for (const [output, expected] of outputs.entries()) {
    const difference = Math.abs(found[output] - expected);
    if (difference <= Math.min(errors[output], TOLERANCES[precision] * sizes[output])) continue;
    return { output, expected, found: found[output], isRounding: difference <= errors[output] };
  }
  return undefined;
}

/**
 * A `FormatError` where single precision leaves nothing of an output: its last sum cancels on all inputs, and what is left may
 * be rounding alone. An output that is 0 in double precision is left alone.
 */
export function expectDigits(samples: readonly ExpectedOutputs[], where: string): void {
  for (let i = 0; i < samples[0].outputs.length; i++) {
    const most = Math.max(...samples.map(({ outputs }) => Math.abs(outputs[i])));
    const error = Math.min(...samples.map(({ errors }) => errors[i]));
    const cancels = samples.every(({ sizes }) => most < CANCELLED * sizes[i]);
    if (!cancels || most === 0 || most > error) continue;
    throw new FormatError(
      `${where}: rounding in float32 may change output ${i} by ${error.toPrecision(2)}, and it is ${most.toPrecision(2)} ` +
        "at most on random inputs: its sum cancels, and nothing could be said of it; expected --dtype float64",
    );
  }
}
