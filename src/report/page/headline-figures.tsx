import type { ComponentChildren } from "preact";
import { aboutOf } from "../../threat/about.js";
import { formatBall, formatDuration, formatNumber, formatPercent, plural } from "../wording.js";
import { MissingPart } from "./missing-part.js";
import type { Measured, RunRecord } from "./run-record.js";

/** The figures that a run is told by, each with what it is worth. */
export function HeadlineFigures({ record }: { readonly record: RunRecord }) {
  const { measured, attacked, ball, data } = record;
  const of = record.stages > 1 ? ` of the ${aboutOf(record.stages)}` : "";
  if (measured.kind === "missing") return <MissingPart part={measured} />;
  const {
    error,
    robustError,
    estimatedRobustError,
    certified,
    examples,
    method,
    arithmetic,
    seconds,
    guarantee,
    mix = null,
  } = measured.value;
  return (
    <>
      <dl class="figures">
        {record.stages > 1 && <AttackedCascade attacked={attacked} />}
        <Tile name="standard error" value={formatPercent(error)}>
          without any change
        </Tile>
        {attacked.kind === "known" ? (
          <Tile name={`PGD error${of}`} value={formatPercent(attacked.value.pgdError, "lower")}>
            lower bound: an attack of {plural(attacked.value.steps, "step")},{" "}
            {plural(attacked.value.restarts, "start")}, really causes it; FGSM{" "}
            {formatPercent(attacked.value.fgsmError)}
          </Tile>
        ) : (
          <Tile name={`PGD error${of}`} value="–">
            <MissingPart part={attacked} />
          </Tile>
        )}
        {estimatedRobustError === null || mix ? (
          <Tile name={`robust error${of}`} value={formatPercent(robustError, "upper")}>
            {upperBoundInWords(record, measured.value)}
          </Tile>
        ) : (
          <Tile name={`robust error${of}`} value={`≈ ${formatPercent(estimatedRobustError)}`}>
            an estimate, which guarantees nothing
          </Tile>
        )}
        {certified !== null && (
          <Tile name="certified answers" value={formatPercent(certified, "lower")}>
            right or wrong, no point of the ball changes{" "}
            {record.stages > 1 ? "that of the stage that answers" : "them"}
          </Tile>
        )}
      </dl>
      {attacked.kind === "known" && guarantee === "deterministic" && (
        <p>
          {record.stages > 1
            ? "Under the worst attack on the stage that answers, the error on these examples"
            : "The true robust error on these examples"}{" "}
          lies between {formatPercent(attacked.value.pgdError, "lower")} and{" "}
          {formatPercent(robustError, "upper")}.
        </p>
      )}
      {record.stages > 1 && (
        <p>
          A changed input may go to another stage, which may answer otherwise. No certificate of a cascade
          bounds the error of its own answers within the ball
          {attacked.kind === "known" && attacked.value.switchingError !== null
            ? `: it is at least ${formatPercent(attacked.value.switchingError, "lower")}.`
            : "."}
        </p>
      )}
      <p class="aside">
        On {plural(examples, "example")} of {data.name} ({data.split}); ball: {formatBall(ball)}; {method}{" "}
        bounds in {arithmetic}; certified in {formatDuration(seconds)}.
      </p>
    </>
  );
}

/** What an attacker can reach of a cascade: no certificate bounds it, so that it stands first. */
function AttackedCascade({ attacked }: Pick<RunRecord, "attacked">) {
  const found = attacked.kind === "known" ? attacked.value.switchingError : null;
  return (
    <Tile
      name="error that an attacker reaches"
      value={found === null ? "–" : `≥ ${formatPercent(found, "lower")}`}
    >
      {found === null
        ? "not measured"
        : "of the cascade's own answers, found by attacks; nothing bounds it from above"}
    </Tile>
  );
}

function upperBoundInWords({ stages }: RunRecord, { guarantee, delta }: Measured): string {
  const what =
    stages > 1
      ? "upper bound of the error under attacks on the stage that answers"
      : "upper bound: no attack within the ball causes more";
  if (guarantee === "deterministic" || delta === null) return what;
  return `${what}, if all of its certificates hold, each with probability ${formatNumber(1 - delta)} at least`;
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly children: ComponentChildren;
}

function Tile({ name, value, children }: TileProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
        <div class="worth">{children}</div>
      </dd>
    </div>
  );
}
