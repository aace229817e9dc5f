import { pictureOf } from "../../src/report/page/picture.js";
import { type Epoch, known, type RecordedVerdict, type RunRecord } from "../../src/report/page/run-record.js";

/** A verdict by its margins over the classes; 0 at the prediction. */
export function verdict(index: number, label: number, margins: readonly (number | null)[]): RecordedVerdict {
  const prediction = margins.indexOf(0);
  const certified = margins.every((margin, j) => j === prediction || (margin !== null && margin > 0));
  return { index, label, prediction, certified, stage: 0, marginLower: margins };
}

/** Three classes: 2 certified with their label, 1 right and open, 2 wrong, of which one is certified. */
export const VERDICTS: readonly RecordedVerdict[] = [
  verdict(0, 0, [0, 1.5, 2.25]),
  verdict(1, 1, [0.125, 0, 3]),
  verdict(2, 2, [-0.5, 1, 0]),
  verdict(3, 0, [2, 0, 1]),
  verdict(4, 0, [-1.75, 2, 0]),
];

export function epoch(number: number, changes: Partial<Epoch> = {}): Epoch {
  return {
    epoch: number,
    epsilon: 0.01 * number,
    loss: 1 / number,
    robustLoss: 2 / number,
    error: 0.1 / number,
    robustError: 0.3 / number,
    seconds: 1,
    test: { error: 0.2 / number, robustError: 0.4 / number, examples: 5 },
    ...changes,
  };
}

/** A finished training with every part. */
export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  const picture = pictureOf(
    Array.from({ length: 16 }, (_, i) => i / 15),
    [1, 4, 4],
  )!;
  return {
    kind: "training",
    title: "a run",
    status: "finished",
    notes: [],
    model: "tiny",
    stages: 1,
    data: { name: "glyphs", split: "test" },
    classNames: null,
    ball: { norm: "linf", epsilon: 0.1, box: [0, 1] },
    measured: known({
      examples: 5,
      error: 0.4,
      robustError: 0.6,
      certified: 0.6,
      estimatedRobustError: null,
      guarantee: "deterministic",
      delta: null,
      method: "parallel",
      evaluation: "float32",
      arithmetic: "float64",
      seconds: 2,
    }),
    attacked: known({ pgdError: 0.5, fgsmError: 0.45, switchingError: null, steps: 20, restarts: 1 }),
    verdicts: known(VERDICTS),
    radii: known({
      most: 1,
      tolerance: 1 / 2048,
      rows: [0.05, 0.1, 0.15].map((radius, index) => ({ index, label: 0, prediction: 0, radius })),
    }),
    curves: known([{ stage: null, epochs: [epoch(1), epoch(2), epoch(3)] }]),
    testCurves: known(true),
    stageRows: [],
    layers: known({
      examples: 20,
      note: null,
      layers: [
        {
          name: "relu1",
          ways: ["box"],
          neurons: 648,
          open: 12.5,
          rows: 12,
          multiplyAdds: 3e6,
          milliseconds: 0.25,
        },
      ],
    }),
    pictures: known(new Map(VERDICTS.map(({ index }) => [index, picture]))),
    ballPictures: known({
      ...{ index: 0, label: 0, prediction: 0, certified: true, original: picture, noisy: picture },
      attacked: null,
    }),
    configuration: [["model", "tiny"]],
    circumstances: [["node", "20"]],
    command: "autodual train --data glyphs --model tiny --epsilon 0.1",
    ...changes,
  };
}

/** What a page says: its text, without markup, entities decoded. */
export function textOf(html: string): string {
  return html
    .replace(/<(style|script|title)>[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");
}

/** The rows of the table with this caption, as text cells. */
export function tableRows(html: string, caption: string): string[][] {
  const table = html.split("<table").find((part) => textOf(`<table${part}`).trim().startsWith(caption));
  if (table === undefined) throw new Error(`no table ${caption}`);
  const body = table.slice(0, table.indexOf("</table>"));
  return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textOf(cell).trim()),
  );
}
