import { afterEach, describe, expect, it, vi } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import { type CertificationSettings, certifyDataset } from "../../src/runs/certification.js";
import type { Watch } from "../../src/runs/observer.js";
import { backend, CONSTANT, IDENTITY, pointsOf, twoNeurons } from "../support/two-neurons.js";

/** No logits, where an input is large. */
const overflowing = twoNeurons([1e308, -1e308, 0, 0]);

/** So many points that `IDENTITY` certifies as class 1, with the label 0. */
const points = (count: number, x = [0.25, 0.75]) => pointsOf(new Array(count).fill({ x, label: 0 }));

const SETTINGS: CertificationSettings = {
  ...{ ball: { norm: "linf", epsilon: 0.125, box: null }, method: "parallel", against: "prediction" },
  batch: 2,
};
const certify = (count: number, change: Partial<CertificationSettings>, watch: Watch = {}) =>
  certifyDataset([IDENTITY], points(count), { ...SETTINGS, ...change }, watch);

/** A clock that stands still, and is moved by hand: seconds. */
const clock = { seconds: 0 };
function stopClock(): void {
  clock.seconds = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => 1000 * clock.seconds);
}
afterEach(() => void vi.restoreAllMocks());

/** A watch that does something whenever examples were judged. */
const atUpdate = (run: (done: number) => void): Watch => ({
  observer: { begin: () => ({ update: run, end: () => {} }) },
});

const UNKNOWN = { prediction: 1, certified: false, stage: 0, marginLower: [Number.NaN, 0] };

describe("examples that the time did not reach", () => {
  it("are answered, and not certified", async () => {
    const { guarantee, examples, summary } = await certify(3, { deadline: Deadline.in(-1) });
    expect(guarantee).toBe("deterministic");
    expect(examples).toEqual([0, 1, 2].map((index) => ({ ...UNKNOWN, index, label: 0 })));
    expect(summary).toMatchObject({
      certified: 0,
      robustError: 1,
      error: 1,
      unfinished: 3,
      examplesPerSecond: 0,
    });
    expect("unreached" in summary).toBe(false);
  });

  it("have no margins against any class but the one that they are to have", async () => {
    const deadline = Deadline.in(-1);
    const asked = { ...SETTINGS, deadline };
    const labelled = await certify(1, { deadline, against: "label" });
    expect(labelled.examples[0]).toMatchObject({ prediction: 1, marginLower: [0, Number.NaN] });
    const large = points(1, [10, 10]);
    const none = await certifyDataset([overflowing], large, asked);
    expect(none.examples[0]).toMatchObject({
      prediction: -1,
      certified: false,
      marginLower: [0, Number.NaN],
    });
    // Nothing suggests that they are robust, either.
    expect(none.summary.robustError).toBe(1);
    const right = await certifyDataset([IDENTITY], points(1, [0.75, 0.25]), asked);
    expect(right.summary).toMatchObject({ error: 0, robustError: 1, certified: 0 });
    // Of a cascade the last stage answers.
    const { examples } = await certifyDataset([IDENTITY, CONSTANT], points(2, [0.75, 0.25]), asked);
    expect(examples.map(({ prediction, stage }) => [prediction, stage])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("are those after the batch that the time ends with", async () => {
    stopClock();
    const deadline = Deadline.in(10);
    const { examples, summary } = await certify(
      7,
      { deadline },
      atUpdate((done) => {
        clock.seconds += done === 4 ? 11 : 1;
      }),
    );
    expect(examples.map(({ index, certified }) => [index, certified])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((index) => [index, index < 4]),
    );
    expect(summary).toMatchObject({ unfinished: 3, seconds: 13, examplesPerSecond: 4 / 13 });
  });

  it("are those of the batch in whose midst it ends, too", async () => {
    stopClock();
    let layers = 0;
    const onLayer = () => {
      layers += 1;
      if (layers > 2) clock.seconds += 11;
    };
    const { examples, summary } = await certify(4, { deadline: Deadline.in(10), onLayer });
    // A layer and the margins of the first batch; a layer of the second.
    expect(examples.map(({ certified }) => certified)).toEqual([true, true, false, false]);
    expect(summary.unfinished).toBe(2);
    expect(layers).toBe(3);
  });

  it("are none where there is time for all", async () => {
    const { summary } = await certify(3, { deadline: Deadline.in(1e4) });
    expect(summary).toMatchObject({ unfinished: 0, certified: 1 });
    expect(
      "unfinished" in (await certify(3, { deadline: Deadline.at(new AbortController().signal) })).summary,
    ).toBe(false);
    expect("unfinished" in (await certify(3, {})).summary).toBe(false);
  });

  it("are left out where somebody goes on later", async () => {
    const kept: number[] = [];
    const { examples, summary } = await certify(3, {
      deadline: Deadline.in(-1),
      keep: async (judged) => void kept.push(judged.length),
    });
    expect([examples.length, kept, summary.unreached]).toEqual([0, [], 3]);
  });

  it("are answered many at once, as memory has it", async () => {
    const sizes = async (count: number, change: Partial<CertificationSettings> = {}) => {
      const upload = vi.spyOn(backend, "upload");
      const { summary } = await certify(count, { deadline: Deadline.in(-1), ...change });
      expect([summary.unfinished, "unreached" in summary]).toEqual([count, false]);
      const asked = upload.mock.calls.map(([, examples]) => examples);
      upload.mockRestore();
      return asked;
    };
    expect(await sizes(450)).toEqual([200, 200, 50]);
    expect(await sizes(3, { budget: new Budget(1) })).toEqual([1, 1, 1]);
  });

  it("are answered for half a second, and then left out", async () => {
    for (const [took, answered] of [
      [0.49, 400],
      [0.51, 200],
    ]) {
      stopClock();
      const read = backend.read.bind(backend);
      vi.spyOn(backend, "read").mockImplementation((tensor) => {
        clock.seconds += took;
        return read(tensor);
      });
      const { examples, summary } = await certify(450, { deadline: Deadline.in(-1) });
      expect([examples.length, summary.unfinished, summary.unreached]).toEqual([
        answered,
        answered,
        450 - answered,
      ]);
      vi.restoreAllMocks();
    }
  });

  it("are not even answered where a signal ended the work", async () => {
    const stop = new AbortController();
    const watch = atUpdate((done) => void (done === 2 && stop.abort()));
    const timed = await certify(5, { deadline: Deadline.in(1e4, stop.signal) }, watch);
    expect([timed.examples.length, timed.summary.unreached, timed.summary.unfinished]).toEqual([2, 3, 0]);
    const { examples, summary } = await certify(5, { deadline: Deadline.at(stop.signal) });
    expect([examples.length, summary.unreached, "unfinished" in summary]).toEqual([0, 5, false]);
  });
});

describe("a watch's signal", () => {
  const reason = new Error("enough");

  it("ends the work within a batch, with its reason, whether there is a time or not", async () => {
    for (const isTimed of [false, true]) {
      const stop = new AbortController();
      let layers = 0;
      const onLayer = () => {
        layers += 1;
        stop.abort(reason);
      };
      const deadline = Deadline.in(1e4, stop.signal);
      const done = certify(4, { onLayer, ...(isTimed && { deadline }) }, { signal: stop.signal });
      await expect(done).rejects.toBe(reason);
      expect(layers).toBe(1);
    }
  });

  it("ends it where the time's own does not know of it", async () => {
    const stop = new AbortController();
    let layers = 0;
    const onLayer = () => {
      layers += 1;
      stop.abort(reason);
    };
    const done = certify(4, { onLayer, deadline: Deadline.in(1e4) }, { signal: stop.signal });
    await expect(done).rejects.toBe(reason);
    // By the end of the batch.
    expect(layers).toBe(2);
  });

  it("is let in between two batches, and after the last", async () => {
    for (const batch of [1, 2]) {
      const stop = new AbortController();
      let judged = 0;
      const watch = atUpdate((done) => {
        judged = done;
        setTimeout(() => stop.abort(reason), 0);
        // The timer is due by then.
        const from = performance.now();
        while (performance.now() < from + 3);
      });
      // With a time, what computes looks at that alone.
      const work = certify(2, { batch, deadline: Deadline.in(1e4) }, { ...watch, signal: stop.signal });
      await expect(work).rejects.toBe(reason);
      expect(judged).toBe(batch);
    }
  });
});
