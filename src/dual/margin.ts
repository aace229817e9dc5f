import { reshape, scatterAdd, type Tape, type Variable } from "../autodiff/index.js";
import { ShapeError, UsageError } from "../errors.js";

/** What a row of the margins bounds: z_label − z_other of an example. */
export interface Margin {
  readonly example: number;
  readonly label: number;
  readonly other: number;
}

/** One for every class but the label, whose margin is 0; example by example. */
export function allMargins(labels: Int32Array, classes: number): Margin[] {
  const margins: Margin[] = [];
  labels.forEach((label, example) => {
    for (let other = 0; other < classes; other++)
      if (other !== label) margins.push({ example, label, other });
  });
  return margins;
}

/** Rows e_label − e_other, row-major `[classes, margins]`. */
export function objectiveOf(margins: readonly Margin[], classes: number): Float64Array {
  const rows = margins.length;
  const c = new Float64Array(classes * rows);
  margins.forEach(({ label, other }, row) => {
    c[label * rows + row] = 1;
    c[other * rows + row] = -1;
  });
  return c;
}

/** Bounds of margins where they belong, `[classes, examples]`; 0 elsewhere. */
export function placed(
  tape: Tape,
  lower: Variable,
  margins: readonly Margin[],
  classes: number,
  examples: number,
): Variable {
  const place = Int32Array.from(margins, ({ other, example }) => other * examples + example);
  const all = scatterAdd(tape, reshape(tape, lower, margins.length, 1), place, classes * examples);
  return reshape(tape, all, classes, examples);
}

/** What makes a classifier of a network with one output. */
export const SINGLE_LOGIT_MEND =
  "of a single logit, export [0, z] in its place, whose larger one is the sign's class (torch.cat([torch.zeros_like(z), z], 1))";

/**
 * Throws a `ShapeError` or a `UsageError` unless there is a label of a known class for each example.
 */
export function checkLabels(labels: Int32Array, classes: number, examples: number): void {
  if (classes < 2)
    throw new UsageError(
      `margins: a classifier has two outputs or more, this network has ${classes}; ${SINGLE_LOGIT_MEND}`,
    );
  if (labels.length !== examples) throw new ShapeError(`labels: expected ${examples}, got ${labels.length}`);
  const bad = labels.findIndex((label) => label < 0 || label >= classes);
  if (bad >= 0)
    throw new UsageError(`labels: label ${labels[bad]} of example ${bad} is not among ${classes} classes`);
}
