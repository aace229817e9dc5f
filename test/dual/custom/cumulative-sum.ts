import { defineLayer, operations, type Tape, type Variable } from "../../../src/index.js";

/** L with ones on and below the diagonal: output i is the sum of the inputs 0 to i. */
function lowerTriangle(tape: Tape, size: number): Variable {
  const ones = Float64Array.from({ length: size * size }, (_, i) => (i % size <= i / size ? 1 : 0));
  return tape.own(tape.backend.upload(size, size, ones));
}

/** Running sums of a flat input, an affine layer without weights. */
export const cumulativeSum = defineLayer<null>({
  name: "cumulative-sum",
  outputShape: (_options, [shape]) => shape,
  forward: (tape, _options, _context, [x]) =>
    operations.linear(tape, lowerTriangle(tape, x.value.features), x, undefined),
  multiplyAdds: (_options, [[size]]) => size * size,
  dual: {
    form: "affine",
    bind(tape, _options, { inputShapes: [[size]] }) {
      const matrix = lowerTriangle(tape, size);
      const square = (x: Variable) => operations.apply(tape, { kind: "square" }, x);
      return {
        kind: "affine",
        coupling: "mixing",
        offset: undefined,
        push: (tape, [x]) => operations.linear(tape, matrix, x, undefined),
        back: (tape, nu) => ({ nus: [operations.linearTranspose(tape, matrix, nu)] }),
        // Entries of L are 0 and 1, so that |L| and the matrix of squares are L itself.
        absolute: (tape, [r], order) =>
          order === 1
            ? operations.linear(tape, matrix, r, undefined)
            : operations.apply(tape, { kind: "sqrt" }, operations.linear(tape, matrix, square(r), undefined)),
      };
    },
  },
});
