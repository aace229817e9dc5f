import { describe, expect, it } from "vitest";
import { formatMargin } from "../../src/report/page/numbers.js";
import { renderPage } from "../../src/report/page/render-page.js";
import { known, missing, type RunRecord } from "../../src/report/page/run-record.js";
import { epoch, runRecord, tableRows, textOf, VERDICTS, verdict } from "./run-records.js";

const HOSTILE = '<script>alert("x")</script>&amp;<img src=x onerror=alert(1)>';

describe("a page", () => {
  const html = renderPage(runRecord());
  const text = textOf(html);

  it("says what is guaranteed, with the ball, the examples and the arithmetic", () => {
    expect(text).toContain(
      "Guaranteed: for 3 of the 5 examples, no change of the input by at most 0.1 in every pixel",
    );
    expect(text).toContain(
      "2 of these answers are right, so no attack within that ball has an error above 60.0 %",
    );
    expect(text).toContain(
      "count all rounding: they hold in real arithmetic and in any float32 evaluation of this network by direct sums",
    );
    expect(text).toContain("2 right and certified");
    expect(text).toContain("1 right, not certified");
    expect(text).toContain("2 wrong");
  });

  it("has the headline figures, each with what it is worth", () => {
    const tiles = [...html.matchAll(/<dt>([^<]*)<\/dt><dd><span class="value">([^<]*)<\/span>/g)];
    expect(tiles.map(([, name, value]) => [name, value])).toEqual([
      ["standard error", "40.0 %"],
      ["PGD error", "50.0 %"],
      ["robust error", "60.0 %"],
      ["certified answers", "60.0 %"],
    ]);
    expect(text).toContain("lower bound: an attack of 20 steps, 1 start");
    expect(text).toContain("The true robust error on these examples lies between 50.0 % and 60.0 %");
  });

  it("gives the data of every curve as a table", () => {
    expect(tableRows(html, "Robust error")).toEqual([
      ["epochs", "training", "test"],
      ["1", "30", "40"],
      ["2", "15", "20"],
      ["3", "10", "13.33"],
    ]);
    expect(tableRows(html, "ε at the end").map((row) => row[1])).toEqual(["epsilon", "0.01", "0.02", "0.03"]);
  });

  it("counts every example in the histograms", () => {
    for (const [caption, count] of [
      ["Certified margins", 5],
      ["Certified radii", 3],
    ] as const) {
      const [, ...rows] = tableRows(html, caption);
      expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(count);
    }
  });

  it("sorts examples by margin in three groups, each with its bound against every class", () => {
    const cards = [...html.matchAll(/<li class="card"[\s\S]*?<\/li>/g)].map(([card]) => card);
    expect(cards.map((card) => /alt="Example (\d+)/.exec(card)?.[1])).toEqual(["1", "0", "2", "4", "3"]);
    expect(tableRows(cards[2], "Example 2")).toEqual([
      ["0", "−0.500"],
      ["1", "+1.00"],
    ]);
    expect(textOf(cards[4])).toContain("wrong, yet certified");
    // One a card, and two of the ball.
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(7);
  });

  it("counts labels against answers", () => {
    expect(tableRows(html, "Label (rows) against answer")).toEqual([
      ["label", "0", "1", "2"],
      ["0", "✓ 1", "✓ 1", "○ 1"],
      ["1", "·", "✓ 1", "·"],
      ["2", "·", "·", "○ 1"],
    ]);
  });

  it("has the plan of layers, the command and the configuration", () => {
    expect(tableRows(html, "Plan and time")[1]).toEqual([
      "relu1",
      "box",
      "648",
      "12.5",
      "12.0",
      "3.00 M",
      "0.250",
    ]);
    expect(text).toContain("autodual train --data glyphs --model tiny --epsilon 0.1");
    expect(text).toContain("Versions and machine");
  });

  it("asks for nothing outside itself", () => {
    expect(html).toContain(`content="default-src 'none';`);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses.filter((address) => !/^(#|data:)/.test(address))).toEqual([]);
    expect(html).not.toMatch(/@import|url\(/);
  });

  it("is the same text each time", () => {
    expect(renderPage(runRecord())).toBe(html);
  });
});

describe("what is not at hand", () => {
  it.each([
    ["measured", "Nothing is guaranteed"],
    ["attacked", "PGD error"],
    ["verdicts", "Margins and radii"],
    ["radii", "Certified margins"],
    ["curves", "Training"],
    ["layers", "How layers were bounded"],
    ["pictures", "Examples"],
  ] as const)("%s: one line in its place, with the command", (part, elsewhere) => {
    const html = renderPage(runRecord({ [part]: missing("Not measured", "autodual something") }));
    expect(textOf(html)).toContain("Not measured: autodual something");
    expect(textOf(html)).toContain(elsewhere);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws no chart of what is not there", () => {
    const nothing = missing("Not measured");
    const bare = runRecord({ curves: nothing, verdicts: nothing, radii: nothing, pictures: nothing });
    expect(renderPage(bare)).not.toContain('<figure class="chart"');
  });

  it("draws one epoch as a dot, and leaves out zeros on log scales", () => {
    const one = renderPage(runRecord({ curves: known([{ stage: null, epochs: [epoch(1)] }]) }));
    expect(one).toContain("line c0 dashed dot");
    const zeros = epoch(2, { robustError: 0, test: { error: 0, robustError: 0, examples: 5 } });
    const html = renderPage(
      runRecord({ curves: known([{ stage: null, epochs: [epoch(1), zeros, epoch(3)] }]) }),
    );
    expect(tableRows(html, "Robust error").map((row) => row[0])).toEqual(["epochs", "1", "3"]);
    expect(html).not.toMatch(/NaN|Infinity/);
  });

  it("has a curve of standard training, which has no bounds", () => {
    const epochs = [epoch(1, { robustLoss: null, robustError: null, test: null })];
    const html = renderPage(runRecord({ curves: known([{ stage: null, epochs }]) }));
    expect(html).not.toContain("<figcaption>Robust error");
    expect(textOf(html)).toContain("Standard error");
  });
});

describe("what estimates say", () => {
  const measured = runRecord().measured;
  if (measured.kind === "missing") throw new Error("measured");
  const open = VERDICTS.map((each) => ({ ...each, certified: false }));
  const text = textOf(
    renderPage(
      runRecord({
        verdicts: known(open),
        measured: known({
          ...measured.value,
          guarantee: "estimate",
          certified: 0,
          robustError: 1,
          estimatedRobustError: 0.6,
        }),
      }),
    ),
  );

  it("is never called guaranteed or certified", () => {
    expect(text).toContain("Nothing is guaranteed: these bounds are estimates");
    expect(text).toContain("an estimate, which guarantees nothing");
    expect(text).not.toContain("Guaranteed:");
    expect(text).not.toContain("The true robust error");
    expect(text).toContain("Estimated margins");
  });

  it("that hold with a probability are called so", () => {
    const value = { ...measured.value, guarantee: "probability" as const, delta: 0.01 };
    expect(textOf(renderPage(runRecord({ measured: known(value) })))).toContain(
      "with probability at least 0.99",
    );
  });
});

describe("a cascade's page", () => {
  const stageRows: RunRecord["stageRows"] = [
    {
      stage: 1,
      trainedOn: 100,
      seconds: 10,
      error: 0.4,
      robustError: 0.7,
      certified: 0.5,
      answers: { count: 3, certified: 3 },
    },
    {
      stage: 2,
      trainedOn: null,
      seconds: null,
      error: 0.4,
      robustError: 0.6,
      certified: 0.6,
      answers: { count: 2, certified: 0 },
    },
  ];
  const curves = known([
    { stage: 1, epochs: [epoch(1), epoch(2)] },
    { stage: 2, epochs: [epoch(1), epoch(2)] },
  ]);
  const html = renderPage(runRecord({ kind: "cascade", stages: 2, stageRows, curves }));

  it("says of test curves whom they are about", () => {
    const test = { error: 0.2, robustError: 0.4, examples: 5, stages: 2 };
    const later = known([
      { stage: 1, epochs: [epoch(1)] },
      { stage: 2, epochs: [epoch(1, { test })] },
    ]);
    const page = renderPage(runRecord({ kind: "cascade", stages: 2, stageRows, curves: later }));
    expect(textOf(page)).toContain("Robust error, on test examples of the stage that answers");
    expect(textOf(page)).toContain("robust ones about the stage that answers");
  });

  it("has its stages, and a line per stage", () => {
    expect(tableRows(html, "Stages of the cascade").slice(1)).toEqual([
      ["1", "100", "10 s", "40.0 %", "70.0 %", "50.0 %", "3", "3"],
      ["2", "given", "–", "40.0 %", "60.0 %", "60.0 %", "2", "0"],
    ]);
    expect(tableRows(html, "Robust error").map(([x]) => x)).toEqual([
      "epochs, all stages",
      "1",
      "2",
      "3",
      "4",
    ]);
    expect(textOf(html)).toContain("the first of 2 whose answer is certified");
  });

  it("does not say of the cascade what is known of the stage that answers", () => {
    expect(textOf(html)).toContain("upper bound of the error under attacks on the stage that answers");
    const tiles = [...html.matchAll(/<dt>([^<]*)<\/dt>/g)].map(([, name]) => name);
    // What an attacker reaches comes first.
    expect(tiles.slice(0, 5)).toEqual([
      "error that an attacker reaches",
      "standard error",
      "PGD error of the stage that answers",
      "robust error of the stage that answers",
      "certified answers",
    ]);
    expect(textOf(html)).toContain("robust error does not bound the error of the cascade under attack");
    expect(textOf(html)).not.toContain("no attack within");
    expect(textOf(html)).not.toContain("The true robust error");
    expect(textOf(html)).toContain(
      "No certificate of a cascade bounds the error of its own answers within the ball.",
    );
  });

  it("has the error of its own answers where it was measured", () => {
    const attacked = known({ pgdError: 0.5, fgsmError: 0.45, switchingError: 0.875, steps: 20, restarts: 1 });
    const page = renderPage(runRecord({ kind: "cascade", stages: 2, stageRows, curves, attacked }));
    expect(textOf(page)).toContain("its own answers within the ball: it is at least 87.5 %.");
  });
});

describe("text from files", () => {
  const html = renderPage(
    runRecord({
      title: HOSTILE,
      model: HOSTILE,
      notes: [HOSTILE],
      data: { name: HOSTILE, split: "test" },
      classNames: [HOSTILE, '"quoted"', "'c'"],
      command: HOSTILE,
      configuration: [[HOSTILE, HOSTILE]],
      radii: missing(HOSTILE, HOSTILE),
      layers: known({
        examples: 1,
        note: HOSTILE,
        layers: [
          { name: HOSTILE, ways: ["box"], neurons: 1, open: 0, rows: 0, multiplyAdds: 0, milliseconds: 0 },
        ],
      }),
    }),
  );

  it("is never markup", () => {
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain("<img src=x");
    expect(html).not.toMatch(/<[^>]*\sonerror=alert\(1\)>/);
    expect(textOf(html)).toContain(HOSTILE);
  });
});

describe("margins that are no numbers", () => {
  it("are unknown, in no histogram, and not certified", () => {
    const html = renderPage(
      runRecord({ verdicts: known([verdict(0, 0, [0, null, 1]), verdict(1, 0, [0, 1, 2])]) }),
    );
    expect(textOf(html)).toContain("unknown");
    expect(textOf(html)).toContain("1 examples have no bound that is a number");
    expect(html).not.toContain("NaN");
  });

  it.each([
    [1.239, "+1.23"],
    [0.00123, "+0.00123"],
    [1.23, "+1.23"],
    [-1.231, "−1.24"],
    [-0.5, "−0.500"],
    [0, "0"],
    [null, "unknown"],
    [123.9, "+123"],
  ])("%s is told rounded down, %s", (margin, text) => {
    expect(formatMargin(margin)).toBe(text);
  });
});

describe("many examples and classes", () => {
  it("shows 24 of each group, says how many are not shown, and stays small", () => {
    const verdicts = Array.from({ length: 10_000 }, (_, index) => {
      const label = index % 10;
      const margins = Array.from({ length: 10 }, (_, j) =>
        j === label ? 0 : 1 + ((index * 7 + j) % 100) / 50,
      );
      if (index % 20 === 0) margins[(label + 1) % 10] = -0.5;
      return verdict(index, index % 50 === 1 ? (label + 1) % 10 : label, margins);
    });
    const html = renderPage(runRecord({ verdicts: known(verdicts) }));
    expect(html.match(/class="card"/g)).toHaveLength(72);
    expect(textOf(html)).toContain("9,276 more examples are not shown");
    expect(html.length).toBeLessThan(2_000_000);
  });

  it("shows the lowest bounds and the most frequent confusions of a hundred classes", () => {
    const margins = Array.from({ length: 100 }, (_, j) => (j === 3 ? 0 : j + 1));
    const html = renderPage(
      runRecord({ verdicts: known([verdict(0, 3, margins), verdict(1, 50, margins)]) }),
    );
    expect(textOf(html)).toContain("the lowest 12 of 99");
    expect(tableRows(html, "The most frequent confusions")[1]).toEqual(["50", "3", "1", "0"]);
  });
});
