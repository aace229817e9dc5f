import { apply } from "../../../src/autodiff/index.js";
import { defineLayer } from "../../../src/dual/define-layer.js";
import { elementwise } from "../../../src/dual/layers/elementwise.js";
import { relu } from "../../../src/network/build-layer.js";

const RELU = relu();

/** An enclosed layer of one's own: ReLU under another name. */
export const ownLayer = defineLayer<null>({
  name: "own-relu",
  outputShape: (_options, [shape]) => shape,
  forward: (tape, _options, _context, [x]) => apply(tape, RELU, x),
  multiplyAdds: (_options, [shape]) => 2 * shape.reduce((a, b) => a * b),
  dual: {
    form: "enclosed",
    parallel: (tape, _options, context, bounds) => elementwise.parallel(tape, RELU, context, bounds),
    adaptive: (tape, _options, context, bounds) => elementwise.adaptive(tape, RELU, context, bounds),
    interval: (tape, _options, context, bounds) => elementwise.interval(tape, RELU, context, bounds),
    states: (_options, context, lower, upper, examples) =>
      elementwise.states(RELU, context, lower, upper, examples),
  },
});
