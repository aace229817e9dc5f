import type { ComponentChildren } from "preact";
import { CommandLine } from "../report/page/command-line.js";
import { formatPercent } from "../report/wording.js";
import { aboutOf } from "../threat/about.js";
import type { RunSnapshot } from "./live-run.js";
import type { ErrorsNow, RunProgress } from "./progress.js";

const WORDS: Readonly<Record<RunProgress["state"], { readonly name: string; readonly look: string }>> = {
  "under way": { name: "Under way", look: "alive" },
  killed: { name: "Killed", look: "ended" },
  interrupted: { name: "Interrupted", look: "ended" },
  finished: { name: "Finished", look: "done" },
};

/** Where a run is, its errors, and the time that is left: on its page, and on its card among several. */
export function RunStatus({ progress, resume, problem }: Omit<RunSnapshot, "record">) {
  const { state, here, errors, endsAt, writtenAt } = progress;
  const { name, look } = WORDS[state];
  return (
    <>
      {problem !== null && <p class="missing">The folder cannot be read at the moment: {problem}</p>}
      <p class={`state ${look}`} data-tab={tabOf(progress)}>
        <strong>{name}</strong>
        {placeInWords(progress)}
      </p>
      {progress.epochs > 0 && (
        <progress value={progress.epoch} max={progress.epochs} aria-label="epochs that are done" />
      )}
      {state === "under way" && progress.epoch === 0 && errors === null && (
        <p>The run has just begun: its first epoch is under way, and there is nothing to show yet.</p>
      )}
      {!here && (
        <p class="note">It runs on another machine: whether it still lives cannot be told from here.</p>
      )}
      {(state === "killed" || state === "interrupted") && (
        <p>
          {state === "killed" ? "Its process is no more. " : ""}It goes on with{" "}
          <CommandLine command={resume} what="go on" />
        </p>
      )}
      <dl class="figures">
        {errors && <Errors errors={errors} />}
        {state === "under way" && progress.epoch < progress.epochs && (
          <Tile
            name={progress.stage ? "time left in this stage" : "time left"}
            worth={endsAt === null ? "told after the first epoch" : "by the pace of its last epochs"}
          >
            {endsAt === null ? "–" : <Moment look="ends" at={endsAt} />}
          </Tile>
        )}
        <Tile name="last written" worth="any file of the run">
          <Moment look="age" at={writtenAt} />
        </Tile>
      </dl>
    </>
  );
}

function Errors({ errors }: { readonly errors: ErrorsNow }) {
  const { error, robustError, isBound, stages, of } = errors;
  const whose = stages > 1 ? ` of the ${aboutOf(stages)}` : "";
  const worth = isBound ? `upper bound, ${of}` : `${of}, at its own ε; guarantees nothing`;
  return (
    <>
      {robustError !== null && (
        <Tile name={`robust error${whose}`} worth={worth}>
          {formatPercent(robustError, isBound ? "upper" : "none")}
        </Tile>
      )}
      <Tile name="standard error" worth={of}>
        {formatPercent(error)}
      </Tile>
    </>
  );
}

interface TileProps {
  readonly name: string;
  readonly worth: string;
  readonly children: ComponentChildren;
}

function Tile({ name, worth, children }: TileProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="value">{children}</span>
        <div class="worth">{worth}</div>
      </dd>
    </div>
  );
}

/** A moment, which the page's script says from now: the time until then, or since. */
function Moment({ look, at }: { readonly look: "ends" | "age"; readonly at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} data-from-now={look} data-at={String(Math.round(at))}>
      {iso.slice(11, 19)} UTC
    </time>
  );
}

function placeInWords({ stage, epoch, epochs, state }: RunProgress): string {
  const parts = [
    ...(stage ? [`stage ${stage.number} of ${stage.of}`] : []),
    ...(epochs > 0 ? [`epoch ${epoch} of ${epochs}`] : []),
  ];
  const evaluating = state === "under way" && epochs > 0 && epoch === epochs;
  const at = parts.length === 0 ? "" : `: ${parts.join(", ")}`;
  return evaluating ? `${at}; the last evaluation is under way` : at;
}

/** What a browser's tab says before the title. */
function tabOf({ state, epoch, epochs }: RunProgress): string {
  return state === "under way" && epochs > 0 ? `${epoch}/${epochs}` : state;
}
