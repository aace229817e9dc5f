import { sideOfDecimal } from "../formats/vnnlib/decimal.js";
import { enclosureOf } from "../formats/vnnlib/input-box.js";
import type { InputBox, OutputConstraint, Property, PropertyCase } from "../formats/vnnlib/property.js";
import { concat, flatten, take } from "../network/build-layer.js";
import { graph, type Handle, type Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Subject } from "../network/subject.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import { nextUp, sumUp } from "../threat/outward.js";
import { narrowedBox } from "./narrow-box.js";
import { comparesInputs } from "./property-fits.js";
import { emptyCases, type Question, questionsOf } from "./question.js";

/** What is asked of a network whose outputs are all that is compared. */
export interface AskedOfOutputs {
  readonly subject: Subject;
  readonly questions: readonly Question[];
  /** The numbers of the cases without an input. */
  readonly empty: readonly number[];
}

/**
 * A property as questions about outputs. Where inputs are compared, the network hands on those as further outputs, which moves
 * numbers and rounds nothing: then a relation of inputs is one more row of its case, whose share in the dual bound is its
 * multiplier λ ≥ 0, and a row of inputs and outputs is a row of outputs. Their bounds are raised by all that the machine's inputs
 * may differ from the real ones, since both are one number here, and by what decimals differ from doubles: proofs are about more
 * points, never fewer. Relations narrow the box as well. Counterexamples are judged by the comparisons themselves (`judged`).
 */
export function askedOf(subject: Subject, property: Property, evaluation: Evaluation): AskedOfOutputs {
  if (!comparesInputs(property)) {
    return { subject, questions: questionsOf(property), empty: emptyCases(property) };
  }
  const used = usedInputs(property);
  const { outputs, decimal = false } = property;
  const places = new Map(used.map((input, i) => [input, outputs + i]));
  const cases = property.cases.map((own): PropertyCase => {
    const rows = own.constraints.map((row) => raisedRow(row, own.box, decimal, evaluation));
    const box = narrowedBox(own.box, rows, decimal);
    return { box, constraints: rows.map((row) => rowOfOutputs(row, places)) };
  });
  const about = { ...property, outputs: outputs + used.length, cases };
  const questions = questionsOf(about).map((question) => ({
    ...question,
    cases: question.cases.map((own) => ({
      ...own,
      judged: { outputs, constraints: property.cases[own.number].constraints, decimal },
    })),
  }));
  return { subject: handingOn(subject, used), questions, empty: emptyCases(about) };
}

function usedInputs({ cases }: Property): number[] {
  const rows = cases.flatMap(({ constraints }) => constraints.flatMap(({ inputs = [] }) => inputs));
  return [...new Set(rows.map(({ input }) => input))].sort((a, b) => a - b);
}

function rowOfOutputs(
  { terms, inputs = [], bound, strict }: OutputConstraint,
  places: ReadonlyMap<number, number>,
): OutputConstraint {
  const further = inputs.map(({ input, coefficient }) => ({
    output: places.get(input) as number,
    coefficient,
  }));
  return { terms: [...terms, ...further], bound, strict };
}

/** Half a unit in the last place, as a share, and as much again. */
const DECIMAL_SHARE = 2 ** -52;
/** What sums and products below may lose. */
const UPWARD = 1 + 2 ** -30;

/** A row with its bound raised so far that all real points of the box that meet it still do as machines see them. */
function raisedRow(
  row: OutputConstraint,
  box: InputBox,
  decimal: boolean,
  evaluation: Evaluation,
): OutputConstraint {
  const { inputs, terms, bound } = row;
  if (!inputs) return row;
  const { roundoff, underflow, flushed } = arithmeticOf(evaluation);
  const { lower, upper } = enclosureOf(box, decimal);
  const areDecimals = decimal && terms.length === 0;
  const isOff = (value: number) => areDecimals && sideOfDecimal(value) !== 0;
  let room = isOff(bound) ? Math.abs(bound) * DECIMAL_SHARE : 0;
  for (const { input, coefficient } of inputs) {
    const size = Math.max(Math.abs(lower[input]), Math.abs(upper[input]));
    const share = roundoff + (isOff(coefficient) ? DECIMAL_SHARE : 0);
    room += Math.abs(coefficient) * (size * share + underflow + flushed);
  }
  return room === 0 ? row : { ...row, bound: sumUp(bound, nextUp(room * UPWARD)) };
}

/** The same network with these inputs as further outputs. Parameters keep their names. */
function handingOn(subject: Subject, used: readonly number[]): Subject {
  return {
    ...subject,
    network: withOutputs(subject.network, used),
    evaluate: async (input) => {
      const output = await subject.evaluate(input);
      return Float64Array.from([...output, ...used.map((own) => input[own])]);
    },
  };
}

function withOutputs(network: Network, used: readonly number[]): Network {
  return graph(network.inputShape, (input, attach) => {
    const taken = new Set(network.nodes.map(({ name }) => name));
    const free = (name: string): string => (taken.has(name) ? free(`${name}'`) : name);
    const handles: Handle[] = [input];
    for (const [i, { layer, inputs, name }] of network.nodes.entries()) {
      if (layer === null) continue;
      handles[i] = attach.named(name, layer, ...inputs.map((from) => handles[from]));
    }
    const flat = (name: string, of: Handle): Handle =>
      of.shape.length === 1 ? of : attach.named(free(name), flatten(), of);
    const all = flat("inputs", input);
    const handed =
      used.length === sizeOf(network.inputShape)
        ? all
        : attach.named(free("compared inputs"), take(0, used), all);
    const outputs = flat("outputs", handles[network.output]);
    return attach.named(free("outputs and inputs"), concat(), outputs, handed);
  });
}
