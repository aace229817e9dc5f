import { binsOf } from "../../report/page/bins.js";
import { GROUPS, rankedGroups, smallestMargin } from "../../report/page/margins.js";
import type { Part, RunRecord } from "../../report/page/run-record.js";
import { aboutOf } from "../../threat/about.js";

/** What `report --json` writes: the figures of the page. Parts that are not there are null, with the reason in `missing`. */
export function reportRecord(record: RunRecord) {
  const { verdicts, radii } = record;
  const groups = verdicts.kind === "known" ? rankedGroups(verdicts.value) : null;
  const parts = {
    measured: record.measured,
    attacked: record.attacked,
    verdicts,
    radii,
    curves: record.curves,
    layers: record.layers,
    pictures: record.pictures,
    ballPictures: record.ballPictures,
  };
  return {
    schema: "autodual/report/1",
    kind: record.kind,
    title: record.title,
    status: record.status,
    notes: record.notes,
    model: record.model,
    stages: record.stages,
    about: aboutOf(record.stages),
    data: record.data,
    ...record.ball,
    measured: valueOrNull(record.measured),
    // Figures alone: an input is no figure.
    attack: record.attacked.kind === "known" ? { ...record.attacked.value, shown: undefined } : null,
    groups: groups && Object.fromEntries(GROUPS.map((group) => [group, groups[group].length])),
    margins: verdicts.kind === "known" ? verdicts.value.map(smallestMargin) : null,
    radii: valueOrNull(radii),
    radiusBins: radii.kind === "known" ? binsOf(radii.value.rows.map(({ radius }) => radius)) : null,
    curves: valueOrNull(record.curves),
    stageRows: record.stageRows,
    layers: valueOrNull(record.layers),
    command: record.command,
    missing: Object.fromEntries(
      Object.entries(parts).flatMap(([name, part]) =>
        part.kind === "missing" ? [[name, { why: part.why, command: part.command }]] : [],
      ),
    ),
  };
}

function valueOrNull<T>(part: Part<T>): T | null {
  return part.kind === "known" ? part.value : null;
}
