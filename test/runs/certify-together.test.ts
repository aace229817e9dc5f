import { describe, expect, it, vi } from "vitest";
import { ALONE } from "../../src/distributed/communicator.js";
import { Team } from "../../src/distributed/team.js";
import { type CertificationSettings, certifyDataset } from "../../src/runs/certification.js";
import type { Certification } from "../../src/runs/certification-summary.js";
import { certifyTogether, ownExamples } from "../../src/runs/certify-together.js";
import type { Work } from "../../src/runs/observer.js";
import { ranksInMemory } from "../support/ranks.js";
import { CONSTANT, IDENTITY, pointsOf } from "../support/two-neurons.js";

/** Certified, open, certified as another class, certified, open. */
const DATA = pointsOf([
  { x: [0.75, 0.25], label: 0 },
  { x: [0.5, 0.375], label: 0 },
  { x: [0.25, 0.75], label: 0 },
  { x: [0.25, 0.75], label: 1 },
  { x: [0.375, 0.5], label: 1 },
]);
const SETTINGS: CertificationSettings = {
  ...{ ball: { norm: "linf", epsilon: 0.125, box: null }, method: "parallel", against: "prediction" },
  batch: 2,
};
const teams = (size: number) => ranksInMemory(size).map((ranks) => new Team(ranks));

/** What each rank is told of the whole. */
function together(
  size: number,
  change: Partial<CertificationSettings> = {},
  data = DATA,
  stages = [IDENTITY],
): Promise<Certification[]> {
  return Promise.all(
    teams(size).map((team) => certifyTogether(stages, data, { ...SETTINGS, ...change }, { watch: {}, team })),
  );
}

/** Without what depends on the clock. */
const timeless = ({ summary: { seconds, examplesPerSecond, ...summary }, ...rest }: Certification) => ({
  ...rest,
  summary,
});

describe("a certification by several ranks", () => {
  it.each([1, 2, 3, 7])("is that of one process, on each of %i", async (size) => {
    const alone = timeless(await certifyDataset([IDENTITY], DATA, SETTINGS));
    for (const own of await together(size)) {
      expect(timeless(own)).toEqual(alone);
    }
    expect(alone.summary).toEqual({ error: 0.2, robustError: 0.6, certified: 0.6 });
  });

  it("takes as long as its slowest rank", async () => {
    let now = 1e6;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    // A second for each batch, of which one rank has two; the clock is one.
    const update = () => {
      now += 1000;
    };
    const watch = { observer: { begin: () => ({ update, end: () => {} }) } };
    const found = await Promise.all(
      teams(2).map((team) => certifyTogether([IDENTITY], DATA, SETTINGS, { watch, team })),
    );
    vi.restoreAllMocks();
    expect(found.map(({ summary }) => [summary.seconds, summary.examplesPerSecond])).toEqual([
      [3, 5 / 3],
      [3, 5 / 3],
    ]);
  });

  it("says in which way it was made, as that does", async () => {
    const double = { ...IDENTITY, madeFor: "float64" } as const;
    const [plain] = await together(2);
    expect([plain.evaluation, plain.about, "rungs" in plain.summary]).toEqual(["float32", "model", false]);
    const [own] = await together(2, {}, DATA, [double]);
    expect(own.evaluation).toBe("float64");
    const [left] = await together(2, { rounding: null }, DATA, [double]);
    expect(left.evaluation).toBeNull();
    const [asked] = await together(2, { rounding: "real" });
    expect(asked.evaluation).toBe("real");
    const [staged] = await together(2, {}, DATA, [IDENTITY, CONSTANT]);
    expect(staged.about).toBe("stage that answers");
    expect(staged.examples.map(({ stage }) => stage)).toEqual([0, 1, 0, 0, 1]);
    const [climbed] = await together(2, { each: 0 });
    expect(climbed.summary.rungs).toMatchObject({ interval: 3, slopes: 0 });
  });

  it("is told of by each rank's own share, by those that have one", async () => {
    const totals = async (size: number) => {
      const works: Work[] = [];
      const begin = (work: Work) => {
        works.push(work);
        return { update: () => {}, end: () => {} };
      };
      const watch = { observer: { begin } };
      await Promise.all(
        teams(size).map((team) => certifyTogether([IDENTITY], DATA, SETTINGS, { watch, team })),
      );
      return works.map(({ total }) => total).sort();
    };
    expect(await totals(2)).toEqual([2, 3]);
    expect(await totals(7)).toEqual([1, 1, 1, 1, 1]);
  });

  it("ends where one of the ranks is to, with the reason of each rank's own signal", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    const [first, second] = ranksInMemory(2);
    const ranks = [new Team(first, stop.signal), new Team(second)];
    stop.abort(reason);
    const outcomes = await Promise.allSettled(
      ranks.map((team) =>
        certifyTogether([IDENTITY], DATA, SETTINGS, { watch: { signal: team.signal as AbortSignal }, team }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const alone = new Team(ALONE, stop.signal);
    const watch = { signal: stop.signal };
    await expect(certifyTogether([IDENTITY], DATA, SETTINGS, { watch, team: alone })).rejects.toBe(reason);
  });
});

describe("a rank's examples", () => {
  it("are a share of them in their order, of one rank all", () => {
    const labels = teams(2).map((team) => {
      const { count, pixels } = ownExamples(DATA, team);
      expect(pixels).toHaveLength(2 * count);
      return [...pixels];
    });
    expect(labels.flat()).toEqual([...DATA.pixels]);
    expect(labels.map(({ length }) => length).sort()).toEqual([4, 6]);
    expect(ownExamples(DATA, new Team())).toBe(DATA);
  });
});
