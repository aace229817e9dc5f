import { describe, expect, it, vi } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import type { PlacedNetwork } from "../../src/network/weights.js";
import type { CertificationSettings } from "../../src/runs/certification.js";
import { certifyWithinTime } from "../../src/runs/certify-within-time.js";
import type { Figures, Observer, Work } from "../../src/runs/observer.js";
import { BENT, CONSTANT, pointsOf } from "../support/two-neurons.js";

/** Class 0, by bounds; by slopes; by slopes; by bounds, while the label is another. */
const POINTS = [2, 0, 0, 2].map((x, i) => ({ x: [x, 0], label: i === 3 ? 1 : 0 }));
const SETTINGS: CertificationSettings = {
  ...{ ball: { norm: "linf", epsilon: 1, box: null }, method: "parallel", against: "label" },
  ...{ batch: 3, each: 60 },
};

interface Told {
  readonly work: Work;
  readonly updates: [number, Figures][];
  isEnded: boolean;
}

/** Remembers what it is told, and does something at each beginning and update. */
class Listener implements Observer {
  readonly told: Told[] = [];
  readonly #at: (round: number, done: number) => void;

  constructor(at: (round: number, done: number) => void = () => {}) {
    this.#at = at;
  }

  begin(work: Work) {
    const own: Told = { work, updates: [], isEnded: false };
    const round = this.told.push(own);
    this.#at(round, 0);
    return {
      update: (done: number, figures: Figures) => {
        own.updates.push([done, figures]);
        this.#at(round, done);
      },
      end: () => {
        own.isEnded = true;
      },
    };
  }

  get names(): string[] {
    return this.told.map(({ work }) => work.name);
  }
}

function rounds(
  change: Partial<CertificationSettings> = {},
  listener = new Listener(),
  { points = POINTS, stages = [BENT], signal = undefined as AbortSignal | undefined } = {},
) {
  const settings = { ...SETTINGS, deadline: Deadline.in(1e5), ...change };
  return certifyWithinTime(stages as readonly PlacedNetwork[], pointsOf(points), settings, {
    observer: listener,
    ...(signal && { signal }),
  });
}

const ONE = ["certify"];
const TWO = ["certify", "branch and bound"];

describe("bounds of all examples, and then branch and bound", () => {
  it("prove by either, and say by which", async () => {
    const listener = new Listener();
    const layers: string[] = [];
    const onLayer: CertificationSettings["onLayer"] = () => void layers.push(listener.names.at(-1) as string);
    const { about, guarantee, evaluation, mix, examples, summary } = await rounds({ onLayer }, listener);
    expect(examples.map(({ index, certified, rung }) => [index, certified, rung])).toEqual([
      [0, true, "interval"],
      [1, true, "slopes"],
      [2, true, "slopes"],
      [3, false, null],
    ]);
    expect([about, guarantee, evaluation, mix, "guarantee" in examples[1]]).toEqual([
      ...["model", "deterministic", "float32", undefined, false],
    ]);
    expect(summary).toMatchObject({ certified: 0.75, robustError: 0.25, error: 0.25, unfinished: 0 });
    expect(summary.rungs).toMatchObject({ interval: 1, parallel: 0, slopes: 2 });
    expect("unreached" in summary).toBe(false);
    expect(listener.told.map(({ work, isEnded }) => [work, isEnded])).toEqual([
      [{ name: "certify", total: 4, about: "model" }, true],
      [{ name: "branch and bound", total: 3, about: "model" }, true],
    ]);
    // So many are done, of which so many are proved.
    expect(listener.told[1].updates.at(-1)).toEqual([3, { proved: 2 }]);
    expect(new Set(layers)).toEqual(new Set(["certify"]));
  });

  it("take as many at once as are asked for, and eight at most where what the time cuts is lost", async () => {
    const doneAt = async (batch: number, count: number) => {
      const listener = new Listener();
      const points = new Array(count).fill({ x: [0, 0], label: 0 });
      await rounds({ batch, each: 1e-9 }, listener, { points });
      return listener.told[1].updates.map(([done]) => done);
    };
    expect(await doneAt(2, 5)).toEqual([2, 4, 5]);
    expect(await doneAt(100, 11)).toEqual([8, 11]);
  });

  it("are one round where there is no time for all, or for each, or where stages go through", async () => {
    const names = async (change: Partial<CertificationSettings>, stages = [BENT]) => {
      const listener = new Listener();
      await rounds(change, listener, { stages });
      return listener.names;
    };
    expect(await names({})).toEqual(TWO);
    expect(await names({ deadline: Deadline.at(new AbortController().signal) })).toEqual(ONE);
    expect(await names({ each: 0 })).toEqual(ONE);
    expect(await names({}, [BENT, CONSTANT])).toEqual(ONE);
    for (const absent of ["each", "deadline"] as const) {
      const { [absent]: _, ...settings } = { ...SETTINGS, deadline: Deadline.in(1e5) };
      const listener = new Listener();
      await certifyWithinTime([BENT], pointsOf(POINTS), settings, { observer: listener });
      expect(listener.names).toEqual(ONE);
    }
  });

  it("end with the bounds where these prove all, or the time is over", async () => {
    const proved = new Listener();
    const { summary } = await rounds({}, proved, { points: [POINTS[0]] });
    expect([proved.names, summary.certified]).toEqual([ONE, 1]);
    const none = new Listener();
    expect((await rounds({ deadline: Deadline.in(-1) }, none)).summary.unfinished).toBe(4);
    expect(none.names).toEqual(ONE);
    // A signal in the midst of the bounds.
    const stop = new AbortController();
    const cut = new Listener((_, done) => void (done === 3 && stop.abort()));
    const found = await rounds({ deadline: Deadline.in(1e5, stop.signal) }, cut);
    expect([cut.names, found.summary.unreached, found.examples.length]).toEqual([ONE, 1, 3]);
    // And at their end.
    const last = new AbortController();
    const over = new Listener((_, done) => void (done === 4 && last.abort()));
    const bounds = await rounds({ deadline: Deadline.in(1e5, last.signal) }, over);
    expect([over.names, "unreached" in bounds.summary]).toEqual([ONE, false]);
    expect(bounds.examples.map(({ certified }) => certified)).toEqual([true, false, false, false]);
  });

  it("leave no second round where the time ends with some unbounded", async () => {
    let now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    try {
      const listener = new Listener((_, done) => {
        if (done === 3) now += 2e8;
        else if (done === 4) now -= 2e8;
      });
      const { summary } = await rounds({}, listener);
      // The clock goes back, so that it is the example without bounds that ends it.
      expect([listener.names, summary.unfinished, summary.certified]).toEqual([ONE, 1, 0.25]);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("keep the bounds, and what was proved, where the time ends in between", async () => {
    const stop = new AbortController();
    let climbed = 0;
    const inDouble = () => {
      climbed += 1;
      if (climbed === 2) stop.abort();
      return BENT;
    };
    const listener = new Listener();
    const deadline = Deadline.in(1e5, stop.signal);
    const stages = [{ ...BENT, inDouble }];
    const { examples, summary } = await rounds({ deadline }, listener, { stages });
    expect(examples.map(({ certified, rung }) => [certified, rung])).toEqual([
      [true, "interval"],
      [true, "slopes"],
      [false, null],
      [false, null],
    ]);
    expect(["unreached" in summary, summary.unfinished]).toEqual([false, 0]);
    expect(listener.told[1].updates).toEqual([[1, { proved: 1 }]]);
  });

  it("say how long both took together", async () => {
    let now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    try {
      const listener = new Listener((round, done) => {
        if (done > 0) now += round === 1 ? 1000 : 4000;
      });
      const { summary } = await rounds({ batch: 4, each: 1e-9 }, listener);
      expect(listener.names).toEqual(TWO);
      expect([summary.seconds, summary.examplesPerSecond]).toEqual([5, 0.8]);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("end by the watch's signal, in the second round too", async () => {
    const reason = new Error("enough");
    const stop = new AbortController();
    const listener = new Listener((round) => void (round === 2 && stop.abort(reason)));
    await expect(rounds({}, listener, { signal: stop.signal })).rejects.toBe(reason);
    expect(listener.told.map(({ isEnded }) => isEnded)).toEqual([true, true]);
    await expect(certifyWithinTime([BENT], pointsOf(POINTS), SETTINGS, { signal: stop.signal })).rejects.toBe(
      reason,
    );
  });
});
