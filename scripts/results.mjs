// Writes docs/results.md, and the README's table of models, from the JSON and the pictures in results/: no figure there is
// typed by hand.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KNOWN } from "../dist/experiments/rows/interval-rows.js";
import { readRowResult } from "../dist/experiments/rows/row-result.js";
import { TABLE_ROWS } from "../dist/experiments/rows/table-rows.js";
import { TRAIN_SETTINGS } from "../dist/train/settings/named.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (name) => `${root}/results/${name}`;
const json = (name) => JSON.parse(readFileSync(at(name), "utf8"));

// An error of 0.0495 is told as 4.95; an upper bound is rounded up.
const percent = (fraction) => (100 * fraction).toFixed(2);
const upper = (fraction) => (Math.ceil(1e4 * fraction - 1e-7) / 100).toFixed(2);
const lower = (fraction) =>
  fraction === undefined ? "–" : `≥ ${(Math.floor(1e4 * fraction + 1e-7) / 100).toFixed(2)}`;
const paper = (value, digits = 2) => (value === undefined ? "–" : value.toFixed(digits));
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function rowCells(row) {
  const result = readRowResult(at(`${row.id}.json`));
  const epsilon = row.data === "cifar10" ? `${Math.round(255 * row.epsilon)}/255` : String(row.epsilon);
  const ball = `${row.norm === "l2" ? "ℓ2" : "ℓ∞"}, ${epsilon}`;
  const training = row.projections === "exact" ? "deterministic" : `r = ${row.projections}`;
  const start = [`\`${row.id}\``, ball, training];
  const ours = result
    ? [
        percent(result.single.error),
        percent(result.single.pgdError),
        upper(result.single.robustError),
        paper(row.paper.single?.robustError),
        ...cascadeCells(row, result.cascade),
      ]
    : [
        "not run",
        "",
        "",
        paper(row.paper.single?.robustError),
        "",
        "",
        "",
        paper(row.paper.cascade?.robustError),
        "",
      ];
  return [...start, ...ours];
}

function cascadeCells(row, cascade) {
  const ofPaper = paper(row.paper.cascade?.robustError);
  if (!cascade) return row.cascade > 1 ? ["not run", "", "", ofPaper, ""] : ["–", "–", "–", ofPaper, "–"];
  const { error, pgdError, robustError, switchingError } = cascade;
  return [percent(error), percent(pgdError), upper(robustError), ofPaper, lower(switchingError)];
}

function costCells(row) {
  const result = readRowResult(at(`${row.id}.json`));
  if (!result) return [];
  const { stages, hours, secondsAnEpoch, peakMemoryMB, threads, examples, config } = result;
  const missing = stages.length < row.cascade ? ` (${stages.length} of ${row.cascade} stages)` : "";
  return [
    [
      `\`${row.id}\``,
      String(examples.test),
      String(config.epochs),
      stages.map(({ robustError }) => upper(robustError)).join(", ") + missing,
      stages.map(({ trainedOn }) => trainedOn ?? "–").join(", "),
      hours.toFixed(2),
      secondsAnEpoch === null ? "–" : secondsAnEpoch.toFixed(0),
      (peakMemoryMB / 1024).toFixed(2),
      String(threads),
    ],
  ];
}

// MNIST and CIFAR-10 alike.
const paperEpochs = TRAIN_SETTINGS["paper-mnist"].epochs;

const tables = ["table2", "table3", "table4"].map((name) => {
  const rows = TABLE_ROWS.filter((row) => row.table === name);
  const head = [
    "row",
    "ball",
    "trained by",
    "error",
    "PGD error",
    "robust error",
    "paper",
    "cascade: error",
    "PGD, stage that answers",
    "robust, stage that answers",
    "paper",
    "own answers under attack",
  ];
  const costs = rows.flatMap(costCells);
  return [
    `## Table ${name.slice(-1)}`,
    table(head, rows.map(rowCells)),
    ...(costs.length === 0
      ? []
      : [
          "What it took:",
          table(
            [
              "row",
              "test examples",
              `epochs (paper: ${paperEpochs})`,
              "robust error (of the stage that answers) after each stage",
              "trained on",
              "hours",
              "seconds per epoch",
              "GB",
              "threads",
            ],
            costs,
          ),
        ]),
  ].join("\n\n");
});

/** Models that are trained by interval bounds, whose rows are not the paper's. */
function intervals() {
  const rows = TABLE_ROWS.filter((row) => row.table === "intervals").map((row) => {
    const result = readRowResult(at(`${row.id}.json`));
    const epsilon = row.data === "cifar10" ? `${Math.round(255 * row.epsilon)}/255` : String(row.epsilon);
    const known = KNOWN[`${row.data === "mnist" ? "mnist" : "cifar"} ${epsilon}`];
    const others = [known.robustError.toFixed(2), known.source];
    if (!result) return [`\`${row.id}\``, `ℓ∞, ${epsilon}`, "", "not run", "", "", "", "", "", ...others];
    const { config, hours, single, cascade, stages } = result;
    const { error, pgdError, robustError, rungs = {} } = single;
    const proved = Object.entries(rungs).filter(([, count]) => count > 0);
    return [
      `\`${row.id}\``,
      `ℓ∞, ${epsilon}`,
      config.loss,
      `${config.epochs}, ${hours.toFixed(2)}`,
      percent(error),
      percent(pgdError),
      upper(robustError),
      proved.map(([rung, count]) => `${rung} ${count}`).join(", ") || "–",
      cascade
        ? `${stages.length} stages: ${percent(cascade.error)}, ${lower(cascade.switchingError)}, ${upper(cascade.robustError)}`
        : "–",
      ...others,
    ];
  });
  return [
    "## Trained by interval bounds",
    table(
      [
        "row",
        "ball",
        "loss",
        "epochs, hours",
        "error",
        "PGD error",
        "robust error",
        "proved first by",
        "cascade: error, attacked on its own answers, robust error",
        "known",
        "by whom",
      ],
      rows,
    ),
    "By `autodual reproduce intervals`, on 1 or 2 threads; hours are the clock's, and some of these runs waited for other work of the machine; `--each` is the row's (`src/experiments/rows/interval-rows.ts`). “Known” is the lowest robust error that we could find, whatever the network and its training took.",
  ].join("\n\n");
}

function table1({ networks, threads, projections, batch }) {
  const ofPaper = ({ data, model }) =>
    json("paper.json").table1.find((row) => row.data === data && row.model === model)?.secondsAnEpoch;
  const cells = networks.map(({ data, model, hiddenUnits, parameters, secondsAnEpoch, peakMemoryMB }) => [
    data,
    model,
    String(hiddenUnits),
    String(parameters),
    secondsAnEpoch.toFixed(0),
    paper(ofPaper({ data, model }), 0),
    (peakMemoryMB / 1024).toFixed(2),
  ]);
  return [
    table(
      ["data", "model", "hidden units", "parameters", "seconds per epoch", "paper, its GPU", "GB"],
      cells,
    ),
    `Robust training with random weights, batches of ${batch}, r = ${projections}, on ${threads} threads: the median time of a step times the steps of an epoch. Hidden units and parameters are the paper's, but for its 28064 hidden units of the large network on MNIST, an erratum.`,
  ].join("\n\n");
}

const figures = [
  ["figure2", "Figure 2: training by random projections and by deterministic bounds", figure2],
  ["figure3", "Figure 3: robust error of the stage that answers as stages are added to a cascade", figure3],
  ["figure5", "Figure 5: a cascade on points of the plane", figure5],
  ["figure6", "Figure 6: estimates of bound widths", figure6],
  ["figure7", "Figure 7: a training step against the size of a network", figure7],
].flatMap(([name, title, words]) =>
  existsSync(at(`${name}.json`))
    ? [`## ${title}`, `![${title}](../results/${name}.svg)`, words(json(`${name}.json`))]
    : [`## ${title}`, "not run"],
);

function figure2({ curves, config, test }) {
  const rows = curves.map(({ projections, points }) => {
    const last = points[points.length - 1];
    const seconds = points.reduce((sum, point) => sum + point.seconds, 0) / points.length;
    return [
      projections === "exact" ? "deterministic" : `r = ${projections}`,
      percent(last.testError),
      upper(last.testRobustError),
      seconds.toFixed(1),
    ];
  });
  return [
    table(["trained by", "error", "robust error", "seconds per epoch"], rows),
    `After ${config.epochs} epochs of ${config.data.count} training examples; deterministic bounds on ${test} test examples, in per cent. The picture calls these bounds exact.`,
  ].join("\n\n");
}

function figure3({ config, curves }) {
  const rows = curves.map(({ stage, trainedOn, epochs, evaluation }) => {
    const { robustError } = epochs[epochs.length - 1];
    return [String(stage), String(trainedOn), percent(robustError), upper(evaluation.robustError)];
  });
  const seen = curves[0].epochs.find(({ test }) => test)?.test;
  return [
    table(["stage", "trained on", "robust error in training", "of the stage that answers, test"], rows),
    `${config.model} on ${config.data.name}: training errors are of what a stage is trained on, by its bounds; test errors are of the cascade up to that stage, about the stage that answers, by deterministic bounds, on ${curves[0].evaluation.examples} test examples${seen ? ` (in the plot on the first ${seen.examples})` : ""}, in per cent. Dashed lines are of training.`,
  ].join("\n\n");
}

function figure5({ points, stages, cascade, epsilon }) {
  const right = cascade.filter(({ certified, prediction }, b) => certified && prediction === points[b].label);
  return (
    `${points.length} points, ε = ${epsilon} (ℓ∞). Certified with their label: ` +
    stages
      .map(
        ({ certified, trainedOn }, i) =>
          `${certified.filter(Boolean).length} by stage ${i + 1} (trained on ${trainedOn.length})`,
      )
      .join(", ") +
    `, ${right.length} by the cascade. A solid square is one that is certified.`
  );
}

function figure6({ rows, examples, sketches }) {
  const last = Math.max(...rows.map(({ layer }) => layer));
  const cells = rows
    .filter(({ layer, form, dimension }) => layer === last && (form === "joint" || dimension === 50))
    .map(({ weights, form, dimension, width }) => [
      weights,
      form,
      String(dimension),
      width.mean.toFixed(3),
      width.deviation.toFixed(3),
    ]);
  return [
    table(["weights", "form", "r", "mean of the relative error", "standard deviation"], cells),
    `Widths at activation ${last} of networks whose layers are all estimated, ${examples} examples, ${sketches} sketches each.`,
  ].join("\n\n");
}

/** "scaling exact, generators" as "deterministic, generators". */
function waysInWords(name) {
  return name.replace("scaling ", "").replace("exact", "deterministic");
}

function figure7({ steps, threads, notRun }) {
  const cells = steps.map(
    ({ name, hiddenUnits, seconds, peakMemoryMB, secondsPerHiddenUnit, bytesPerHiddenUnit }) => [
      waysInWords(name),
      String(hiddenUnits),
      seconds.toPrecision(3),
      peakMemoryMB.toFixed(0),
      (1e6 * secondsPerHiddenUnit).toPrecision(3),
      bytesPerHiddenUnit.toFixed(0),
    ],
  );
  const stopped = notRun.map(
    ({ name, hiddenUnits, neededMemoryMB }) =>
      `${waysInWords(name)}: ${hiddenUnits} hidden units and more were not run; they would need ${(neededMemoryMB / 1024).toPrecision(2)} GB.`,
  );
  return [
    table(["bounds", "hidden units", "seconds", "MB", "µs per unit", "bytes per unit"], cells),
    `A training step of ten examples on ${threads} threads. ${stopped.join(" ")} The picture calls deterministic bounds exact.`,
  ].join("\n\n");
}

function verifySuite({ timeout, threads, networks }) {
  const rows = networks.map(({ name, rows: own }) => {
    const by = (answer) => own.filter((row) => row.answer === answer).length;
    const seconds = own.map((row) => row.seconds).sort((a, b) => a - b);
    return [
      `\`${name}\``,
      [
        ...new Set(
          own.map(({ epsilon }) =>
            name.startsWith("cifar") ? `${Math.round(255 * epsilon)}/255` : String(epsilon),
          ),
        ),
      ].join(", "),
      String(own.length),
      String(by("holds")),
      String(by("violated")),
      String(by("unknown")),
      ((100 * (own.length - by("unknown"))) / own.length).toFixed(0),
      seconds[seconds.length >> 1].toFixed(1),
    ];
  });
  return [
    table(["network", "ε", "properties", "hold", "violated", "unknown", "% decided", "median seconds"], rows),
    `Robustness (ℓ∞, pixels within [0, 1]) of test images that a network gets right, as \`node scripts/verify-suite.mjs\` asks: networks like those of the field's public benchmarks, trained by this project, each through an ONNX file and each property through a VNN-LIB file; ${timeout} seconds per property on ${threads} threads.`,
  ].join("\n\n");
}

const text = [
  "# Results",
  "Made by `npm run results` from the JSON files in `results/`, which `autodual reproduce` wrote. Errors are in per cent of " +
    "the test examples at hand. Robust errors are upper bounds by deterministic bounds (no random projections); " +
    "PGD errors (40 steps, 2 starts) are lower bounds. Of a cascade both are, as in the paper, about the " +
    "network of the stage that answers the unchanged example; a changed input may go to another stage, so that neither is the error of the cascade under attack. “Own answers” is how many " +
    "of the cascade's own answers an attack made wrong so ([cascades](cascade.md#how-it-answers)); no certificate bounds it. " +
    "Times are wall-clock times of machines that may have done other work as well. “Paper” is Wong, Schmidt, Metzen and Kolter (2018), “–” where it has none. What was not run says so; the rows of Table 3 are of single models, without cascades.",
  "## Table 1",
  existsSync(at("table1.json")) ? table1(json("table1.json")) : "not run",
  ...tables,
  intervals(),
  ...figures,
  "## Properties of other networks",
  existsSync(at("verify.json")) ? verifySuite(json("verify.json")) : "not run",
].join("\n\n");
writeFileSync(`${root}/docs/results.md`, `${text}\n`);

/** The models that come with the package, as the README shows them. */
function modelTable() {
  const rows = readdirSync(`${root}/models`).flatMap((name) => {
    const row = TABLE_ROWS.find(({ id }) => id === name);
    const result = readRowResult(at(`${name}.json`));
    if (!row || !result) return [];
    const { single, cascade, stages, examples } = result;
    return [
      [
        `\`${name}\``,
        ...rowCells(row).slice(1, 2),
        `${percent(single.pgdError)} – ${upper(single.robustError)}`,
        cascade ? `${percent(cascade.pgdError)} – ${upper(cascade.robustError)}` : "–",
        cascade ? lower(cascade.switchingError) : "–",
        String(stages.length),
        examples.test.toLocaleString("en-US"),
      ],
    ];
  });
  const head = [
    "model",
    "ball",
    "stage 1: error under any attack, %",
    "cascade: on the stage that answers, %",
    "cascade: its own answers, %",
    "stages",
    "test images",
  ];
  return table(head, rows);
}

const readme = readFileSync(`${root}/README.md`, "utf8");
const [before, rest] = readme.split("<!-- models -->\n");
const after = rest?.split("<!-- /models -->\n")[1];
if (after === undefined) throw new Error("README.md: the marks of the table of models are missing");
writeFileSync(`${root}/README.md`, `${before}<!-- models -->\n${modelTable()}\n<!-- /models -->\n${after}`);
