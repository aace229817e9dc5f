import { LineChart } from "./line-chart.js";
import { MissingPart } from "./missing-part.js";
import { curveFigures } from "./run-figures.js";
import type { RunRecord } from "./run-record.js";

/** Errors and loss against epochs, the ε of each epoch underneath. */
export function TrainingCurves({ record }: { readonly record: RunRecord }) {
  const { curves, testCurves } = record;
  if (curves.kind === "missing") return <MissingPart part={curves} />;
  const ofCascade =
    record.kind === "cascade" ||
    curves.value.some(({ epochs }) => epochs.some(({ test }) => test?.stages !== undefined));
  return (
    <>
      <p class="aside">
        Training errors are of the examples of an epoch, at its own ε and by the bounds that it trains with,
        which may be estimates; they guarantee nothing. Test errors are by deterministic bounds at the last ε
        {ofCascade ? ", of the cascade up to that stage, robust ones about the stage that answers" : ""}.
        Values of 0 have no place on a log scale and are left out.
      </p>
      <MissingPart part={testCurves} />
      <div class="charts">
        {curveFigures(curves.value).map((figure) => (
          <LineChart figure={figure} />
        ))}
      </div>
    </>
  );
}
