import type highsModule from "highs";
import { notInstalled } from "../errors.js";

/** min cost·x over lower ≤ x ≤ upper and rowLower ≤ A x ≤ rowUpper; A dense, row-major. */
export interface LinearProgram {
  readonly cost: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly matrix: Float64Array;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
}

/**
 * The multipliers of a linear program's rows at its optimum, by HiGHS, and its solution; null where the solver ends without,
 * in so many seconds, or numbers are beyond arithmetic.
 * Both are hints: whoever proves anything with them checks it by a bound of their own.
 */
export async function solveProgram(
  program: LinearProgram,
  seconds = LONGEST,
): Promise<{ readonly multipliers: Float64Array; readonly solution: Float64Array } | null> {
  const { cost, lower, upper, matrix, rowLower, rowUpper } = program;
  if (!matrix.every(Number.isFinite) || [...rowLower, ...rowUpper].some(Number.isNaN)) return null;
  const highs = await solver();
  const [rows, columns] = [rowLower.length, cost.length];
  const starts = new Int32Array(rows + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = matrix[row * columns + column];
      if (value === 0) continue;
      indices.push(column);
      values.push(value);
    }
    starts[row + 1] = indices.length;
  }
  try {
    return highs.withModel(
      {
        numCols: columns,
        numRows: rows,
        colCost: cost,
        colLower: lower,
        colUpper: upper,
        rowLower,
        rowUpper,
        matrix: { format: "csr", numRows: rows, numCols: columns, starts, indices, values },
      },
      (model) => {
        model.options.set({ output_flag: false, time_limit: Math.min(LONGEST, seconds) });
        const { modelStatus } = model.run();
        if (modelStatus !== highs.constants.modelStatus.optimal) return null;
        const { rowDual, colValue } = model.getSolution();
        return { multipliers: Float64Array.from(rowDual), solution: Float64Array.from(colValue) };
      },
    );
  } catch (error) {
    // It refuses numbers that lie too far apart.
    if (error instanceof highs.errors.HighsError) return null;
    throw error;
  }
}

/** Seconds. */
const LONGEST = 5;

// The package's types call its CommonJS export `default`; at run time the import is the loader itself.
type LoadHighs = typeof highsModule.default;
let loading: ReturnType<LoadHighs> | undefined;

/** HiGHS, loaded at the first program; a `UsageError` where the package is not installed. */
function solver(): ReturnType<LoadHighs> {
  loading ??= import("highs")
    .catch((error: unknown) => notInstalled("linear programs of branch and bound", "highs", error))
    .then((module) => (module.default as unknown as LoadHighs)());
  return loading;
}
