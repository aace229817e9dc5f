import { renderToString } from "preact-render-to-string";
import type { Series } from "../report/figure.js";
import { LineChart } from "../report/page/line-chart.js";
import { PageFooter, PageHeader, SkipLink } from "../report/page/page-frame.js";
import type { Curve, Epoch } from "../report/page/run-record.js";
import { Section } from "../report/page/section.js";
import { plural } from "../report/wording.js";
import type { LiveRun } from "./live-run.js";
import { RunStatus } from "./run-status.js";
import { Connection } from "./run-view.js";
import { Sparkline } from "./sparkline.js";
import { type LiveView, versionOf, viewPart } from "./view.js";

interface IndexLinks extends Pick<LiveView, "events"> {
  readonly run: (number: number) => string;
}

/** Several runs side by side: a card for each, and their robust errors in one plot. */
export function indexView(runs: readonly LiveRun[], links: IndexLinks): LiveView {
  const lines = runs.map((run) => robustLine(run));
  const parts = [
    ...runs.map((run, i) => viewPart(`run-${i + 1}`, card(run, i + 1, links.run(i + 1), lines[i]))),
    viewPart("together", together(lines)),
  ];
  const top = renderToString(
    <>
      <SkipLink />
      <PageHeader kind="runs" title={plural(runs.length, "run")}>
        <Connection />
      </PageHeader>
    </>,
  );
  return {
    title: plural(runs.length, "run"),
    ...{ parts, version: versionOf(parts), top, events: links.events },
    bottom: renderToString(<PageFooter by="Served by" command="autodual serve" />),
  };
}

function card({ name, snapshot }: LiveRun, number: number, href: string, line: Series | null): string {
  const { record, ...status } = snapshot;
  const id = `run-${number}`;
  return renderToString(
    <section id={id} class="run-card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        <a href={href}>{name}</a>
      </h2>
      <p class="aside">
        {record.model} on {record.data.name}, {record.ball.norm}
      </p>
      {line && <Sparkline values={line.y} description={`The robust error of ${name}, epoch by epoch`} />}
      <RunStatus {...status} />
    </section>,
  );
}

function together(lines: readonly (Series | null)[]): string {
  const series = lines.filter((line) => line !== null);
  return renderToString(
    <Section id="together" title="Robust errors together">
      {series.length === 0 ? (
        <p>No run has finished an epoch with a robust error yet.</p>
      ) : (
        <>
          <p class="aside">
            Of epochs that were evaluated: upper bounds on test examples. Of runs without such an epoch,
            dashed: those of training, which guarantee nothing.
          </p>
          <div class="charts">
            <LineChart
              figure={{
                name: "robust-error",
                title: "Robust error, in per cent",
                panel: {
                  x: { label: "epochs", whole: true },
                  y: { label: "robust error, %", scale: "log" },
                  series,
                },
              }}
            />
          </div>
        </>
      )}
    </Section>,
  );
}

/** Robust errors in per cent against epochs, of all stages one after the other: evaluated ones where there are any. */
function robustLine({ name, snapshot: { record } }: LiveRun): Series | null {
  const curves = record.curves.kind === "known" ? record.curves.value : [];
  const tested = pointsOf(curves, ({ test }) => test?.robustError ?? null);
  const points = tested.length > 0 ? tested : pointsOf(curves, ({ robustError }) => robustError);
  if (points.length === 0) return null;
  return {
    name,
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y),
    draw: "line",
    dashed: tested.length === 0,
  };
}

/** 0 has no place on a log scale and is left out. */
function pointsOf(curves: readonly Curve[], pick: (epoch: Epoch) => number | null) {
  let before = 0;
  return curves.flatMap(({ epochs }) => {
    const start = before;
    before += epochs.length;
    return epochs.flatMap((epoch) => {
      const value = pick(epoch);
      return value === null || !(value > 0) ? [] : [{ x: start + epoch.epoch, y: 100 * value }];
    });
  });
}
