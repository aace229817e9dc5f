import type { Way } from "../dual/bounders/bounder.js";
import type { LayerReport } from "../dual/planner.js";

/** What a layer took over all batches, per example. */
export interface LayerSummary {
  readonly name: string;
  /** In how many batches it was bounded in each way. */
  readonly ways: Readonly<Partial<Record<Way, number>>>;
  readonly neurons: number;
  /** Those that were unstable; the name is that of the files. */
  readonly open: number;
  readonly rows: number;
  readonly multiplyAdds: number;
  readonly milliseconds: number;
}

/** Collects how each layer was bounded, and at what price. */
export class LayerPlan {
  readonly #layers = new Map<string, LayerReport[]>();

  readonly add = (report: LayerReport): void => {
    const reports = this.#layers.get(report.name);
    if (reports) reports.push(report);
    else this.#layers.set(report.name, [report]);
  };

  /** In the network's order, of so many examples in all. */
  summary(examples: number): LayerSummary[] {
    return [...this.#layers].map(([name, reports]) => {
      const mean = (of: (report: LayerReport) => number) =>
        reports.reduce((sum, report) => sum + of(report), 0) / examples;
      const ways: Partial<Record<Way, number>> = {};
      for (const { way } of reports) ways[way] = (ways[way] ?? 0) + 1;
      return {
        name,
        ways,
        neurons: Math.round(mean(({ neurons }) => neurons)),
        open: mean(({ unstable }) => unstable),
        rows: mean(({ rows }) => rows),
        multiplyAdds: mean(({ multiplyAdds }) => multiplyAdds),
        milliseconds: 1000 * mean(({ seconds }) => seconds),
      };
    });
  }
}
