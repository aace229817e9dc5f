import { add, gather, select, subtract, type Tape, type Variable } from "../autodiff/index.js";
import { OWN, type Owners } from "../compute/owners.js";
import type { BoxState } from "./box.js";
import type { DualGraph } from "./dual-graph.js";
import type { ErrorPass } from "./error-pass.js";
import { type Stream, streamRadius } from "./generators.js";

/** Generators that arrived at the output, its box, and the rounding on the way. */
export interface Arrived {
  readonly labels: Int32Array;
  readonly output: BoxState;
  readonly streams: readonly Stream[];
  readonly errors: ErrorPass;
}

/** Lower bounds of z_label − z_j for every class j by the forward direction: a zonotope's, `[classes, examples]`. */
export function forwardMargins(
  tape: Tape,
  graph: DualGraph,
  { labels, output, streams: arrived, errors }: Arrived,
): Variable {
  const { network, rounding } = graph;
  const { classes } = network;
  const examples = labels.length;
  const labelIndex = tape.own(tape.backend.upload(1, examples, labels)).value;
  const everyClass = new Int32Array(classes);
  const ofLabel = (x: Variable, owners: Owners): Variable =>
    gather(tape, select(tape, x, labelIndex, owners, 0), everyClass);
  const streams = arrived.map((stream) => ({
    ...stream,
    generators: subtract(tape, ofLabel(stream.generators, stream.owners), stream.generators),
  }));
  const radius = streamRadius(tape, streams, classes, examples);
  const centre = subtract(tape, ofLabel(output.centre, OWN), output.centre);
  if (!rounding) return subtract(tape, centre, radius);
  // Rounding of the label's logit and of the other one, and of the difference of their generators.
  const before = errors.at(network.output);
  const own = rounding.ofObjective(tape, rounding.gathered(output), classes);
  const each = before ? add(tape, own, before) : own;
  const both = (x: Variable): Variable => add(tape, ofLabel(x, OWN), x);
  const columns = streams.reduce((sum, { generators }) => sum + generators.value.rows, 0);
  const grown = rounding.ofColumns(tape, radius, columns);
  const alone = rounding.ofColumns(tape, streamRadius(tape, arrived, classes, examples), columns);
  const width = add(tape, add(tape, grown, both(each)), rounding.share(tape, both(alone)));
  return rounding.down(tape, subtract(tape, centre, rounding.up(tape, width, 8)), 8);
}
