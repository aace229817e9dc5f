import { describe, expect, it } from "vitest";
import { modelCard } from "../../src/report/model-card.js";
import { known, missing, type RunRecord } from "../../src/report/page/run-record.js";
import { runRecord } from "./run-records.js";

const CONTEXT = { date: "2026-01-31", version: "1.2.3", checkedBy: "autodual certify run --epsilon 0.1" };
const card = (changes: Partial<RunRecord> = {}): string => modelCard(runRecord(changes), CONTEXT);
const measuredOf = (record: RunRecord) => {
  if (record.measured.kind !== "known") throw new Error("a record without figures");
  return record.measured.value;
};

describe("a model card", () => {
  it("says data, network, ball, figures and their worth, date, and how to check", () => {
    const text = card();
    for (const part of ["# a run", "| network | tiny |", "glyphs (test)", "epsilon 0.1", "2026-01-31"]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("| error without any change | 40.0 % |");
    expect(text).toMatch(/\| robust error \| at most 60\.0 % \| proved by deterministic bounds/);
    expect(text).toContain("```sh\nautodual certify run --epsilon 0.1\n```");
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it("calls nothing proved that is estimated or was not measured", () => {
    const measured = measuredOf(runRecord());
    const estimated = card({
      measured: known({
        ...measured,
        guarantee: "estimate",
        certified: 0,
        robustError: 1,
        estimatedRobustError: 0.5,
      }),
    });
    expect(estimated).toContain("about 50.0 % | an estimate, which guarantees nothing");
    expect(estimated).not.toMatch(/proved|Guaranteed:/);
    const unmeasured = card({ measured: missing("nothing was certified") });
    expect(unmeasured).toContain("Nothing is guaranteed");
    expect(unmeasured).not.toMatch(/proved|at most|Guaranteed:/);
  });

  it("of a cascade begins with what an attacker reaches, and says that nothing bounds it", () => {
    const attack = { pgdError: 0.2, fgsmError: 0.2, switchingError: 0.75, steps: 40, restarts: 2 };
    const text = card({ kind: "cascade", stages: 2, attacked: known(attack) });
    const rows = text
      .slice(text.indexOf("## Figures"))
      .split("\n")
      .filter((line) => line.startsWith("|"));
    expect(rows[2]).toMatch(
      /error that an attacker reaches \| at least 75\.0 % .* nothing bounds it from above/,
    );
    expect(text).toContain("robust error of the stage that answers");
  });

  it("takes text from files for nothing but text", () => {
    const text = card({
      title: "a\n# <b>run</b>",
      model: "x | y",
      command: "autodual train --model '```\nrm'",
    });
    expect(text.startsWith("# a \\# \\<b\\>run\\</b\\>\n")).toBe(true);
    expect(text).toContain("| network | x \\| y |");
    expect(text).toContain("````sh\nautodual train --model '```");
  });
});
