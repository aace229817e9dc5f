import { type CertifyOptions, certifyBatch } from "../certify/certify.js";
import type { Backend } from "../compute/backend.js";
import type { LayerReport } from "../dual/planner.js";
import { placeModel } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { countWork } from "./count-work.js";
import { median } from "./measure.js";
import { MEBIBYTE, type StepFigure, type StepSubject } from "./steps.js";

/** How long certification takes, what it computes, and what comes out. */
export interface CertifyFigure extends StepFigure {
  /** Fraction of the examples not certified. */
  readonly robustError: number;
  /** How many times as long outward bounds take as bounds without rounding, the median over pairs of batches. */
  readonly roundingCost: number;
  /** Of an example: those of the rows that the planner asked for. */
  readonly multiplyAddsNeeded: number;
  /** Of an example: those of all products, with the network itself, boxes, rounding and second looks. */
  readonly multiplyAddsDone: number;
  /** What is done in a second, in 10⁹ floating-point operations, and beside the machine's peak in the same run. */
  readonly gflops: number;
  readonly fractionOfPeak: number;
}

/** Certification of every batch once, with rounding and without it in turn, after a first that does not count. */
export async function benchCertify(
  backend: Backend,
  { name, model, ball, batches }: StepSubject,
  options: Omit<CertifyOptions, keyof BallSpec>,
  onBatch: (done: number) => void = () => {},
): Promise<CertifyFigure> {
  const peakBefore = await backend.peakGflops();
  const work = countWork(backend);
  using placed = placeModel(work.backend, model);
  let needed = 0;
  const certify = (batch: LabelledBatch, own: Partial<CertifyOptions> = {}) =>
    certifyBatch(placed, batch, { ...ball, ...options, ...own });
  const timed = async <T>(
    run: () => Promise<T>,
  ): Promise<{ readonly seconds: number; readonly result: T }> => {
    const began = performance.now();
    const result = await run();
    return { seconds: (performance.now() - began) / 1000, result };
  };
  if (batches.length > 1) {
    await certify(batches[0]);
    await certify(batches[0], { rounding: null });
  }
  // Reports wait for the backend layer by layer, so that what they say is asked for apart from the timings.
  const onLayer = ({ multiplyAdds }: LayerReport): void => {
    needed += multiplyAdds;
  };
  const before = work.multiplyAdds();
  await certify(batches[0], { onLayer });
  const done = work.multiplyAdds() - before;
  backend.memory(true);
  const times: number[] = [];
  const ratios: number[] = [];
  let [examples, robust] = [0, 0];
  for (const [i, batch] of batches.entries()) {
    const outward = () => timed(() => certify(batch));
    const plain = () => timed(() => certify(batch, { rounding: null }));
    // The first of two finds caches colder: they take turns.
    const first = i % 2 === 0 ? await outward() : await plain();
    const second = i % 2 === 0 ? await plain() : await outward();
    const [own, other] = i % 2 === 0 ? [first, second] : [second, first];
    const verdict = own.result;
    times.push(own.seconds);
    ratios.push(own.seconds / other.seconds);
    examples += batch.labels.length;
    robust += verdict.examples.filter(
      ({ certified, prediction }, b) => certified && prediction === batch.labels[b],
    ).length;
    onBatch(examples);
  }
  const { peakBytes } = backend.memory();
  // A shared machine may be slow for a moment.
  const peakGflops = Math.max(peakBefore, await backend.peakGflops());
  const batch = batches[0].labels.length;
  const gflops = (2 * done) / median(times) / 1e9;
  return {
    name,
    batch,
    seconds: median(times),
    secondsPerExample: times.reduce((sum, time) => sum + time, 0) / examples,
    examples,
    peakMemoryMB: peakBytes / MEBIBYTE,
    robustError: 1 - robust / examples,
    roundingCost: median(ratios),
    multiplyAddsNeeded: needed / batch,
    multiplyAddsDone: done / batch,
    gflops,
    fractionOfPeak: gflops / peakGflops,
  };
}
