import { formatEpsilon, formatNumber, plural } from "../wording.js";
import { HistogramChart } from "./histogram-chart.js";
import { MissingPart } from "./missing-part.js";
import { marginHistogram, radiusHistogram } from "./run-figures.js";
import type { RunRecord } from "./run-record.js";

/** How far examples are from a certificate: histograms of margins, and of certified radii where they are known. */
export function MarginDistribution({ record }: { readonly record: RunRecord }) {
  const { verdicts, radii, measured, ball } = record;
  const margins = marginHistogram(record);
  const found = radiusHistogram(record);
  const estimated = measured.kind === "known" && measured.value.guarantee === "estimate";
  const partly = measured.kind === "known" && measured.value.mix;
  return (
    <>
      <p class="aside">
        The margin of an example is the smallest bound of its answer's lead over another class, anywhere in
        the ball of ε = {formatEpsilon(ball.epsilon)}:{" "}
        {estimated && !partly
          ? "here an estimate, which certifies nothing"
          : "above 0 it certifies the answer, right or wrong"}
        {estimated && partly ? ", but where it is an estimate" : ""}.
      </p>
      <MissingPart part={verdicts} />
      <div class="charts">
        {margins && margins.bins.length > 0 && <HistogramChart histogram={margins} />}
        {found && found.bins.length > 0 && radii.kind === "known" && (
          <div>
            <HistogramChart histogram={found} />
            <p class="note">
              Of {plural(radii.value.rows.length, "example")}, each to within{" "}
              {formatNumber(radii.value.tolerance)} of the largest ε that these bounds certify,{" "}
              {formatNumber(radii.value.most)} at most.
            </p>
          </div>
        )}
      </div>
      <MissingPart part={radii} />
    </>
  );
}
