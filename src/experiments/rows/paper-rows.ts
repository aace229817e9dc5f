/** Errors in per cent of the whole test set, by deterministic bounds, as the paper prints them. */
export interface PaperFigures {
  readonly robustError?: number;
  readonly error?: number;
}

/** What the paper found of a row: of one model, and of a cascade of all stages. */
export interface PaperRow {
  readonly single?: PaperFigures;
  readonly cascade?: PaperFigures;
}

/**
 * Tables 2 to 4 of Wong, Schmidt, Metzen and Kolter (2018), arXiv 1805.12514v2, by the names of our rows; models were trained with 50
 * projections, but for `-exact`. The same stands in results/paper.json.
 */
export const PAPER_ROWS: Readonly<Record<string, PaperRow>> = {
  "mnist-small-0.1-exact": { single: { robustError: 4.48, error: 1.26 } },
  "mnist-small-0.1": {
    single: { robustError: 4.99, error: 1.37 },
    cascade: { robustError: 3.13, error: 3.13 },
  },
  "mnist-large-0.1": {
    single: { robustError: 3.67, error: 1.08 },
    cascade: { robustError: 3.42, error: 3.18 },
  },
  "mnist-small-0.3": {
    single: { robustError: 43.1, error: 14.87 },
    cascade: { robustError: 33.64, error: 33.64 },
  },
  "mnist-large-0.3": {
    single: { robustError: 45.66, error: 12.61 },
    cascade: { robustError: 41.62, error: 35.24 },
  },
  "cifar-small-2-255": {
    single: { robustError: 52.75, error: 38.91 },
    cascade: { robustError: 39.35, error: 39.35 },
  },
  "cifar-large-2-255": {
    single: { robustError: 46.59, error: 31.28 },
    cascade: { robustError: 38.84, error: 36.08 },
  },
  "cifar-resnet-2-255": {
    single: { robustError: 46.11, error: 31.72 },
    cascade: { robustError: 36.41, error: 35.93 },
  },
  "cifar-small-8-255": {
    single: { robustError: 79.25, error: 72.24 },
    cascade: { robustError: 71.71, error: 71.71 },
  },
  "cifar-large-8-255": {
    single: { robustError: 83.43, error: 80.56 },
    cascade: { robustError: 79.24, error: 79.14 },
  },
  "cifar-resnet-8-255": {
    single: { robustError: 78.22, error: 71.33 },
    cascade: { robustError: 70.95, error: 70.77 },
  },
  "mnist-wide1-0.1": { single: { robustError: 6.51, error: 2.27 } },
  "mnist-wide2-0.1": { single: { robustError: 5.46, error: 1.55 } },
  "mnist-wide4-0.1": { single: { robustError: 4.94, error: 1.33 } },
  "mnist-wide8-0.1": { single: { robustError: 4.79, error: 1.32 } },
  "mnist-wide16-0.1": { single: { robustError: 5.27, error: 1.36 } },
  "mnist-deep1-0.1": { single: { robustError: 5.28, error: 1.78 } },
  "mnist-deep2-0.1": { single: { robustError: 4.37, error: 1.28 } },
  "mnist-deep3-0.1": { single: { robustError: 4.2, error: 1.15 } },
  "mnist-small-l2-1.58-exact": {
    single: { robustError: 56.48, error: 11.86 },
    cascade: { robustError: 24.42, error: 19.57 },
  },
  "mnist-small-l2-1.58": {
    single: { robustError: 56.32, error: 13.11 },
    cascade: { robustError: 25.34, error: 20.93 },
  },
  "mnist-large-l2-1.58": {
    single: { robustError: 55.47, error: 11.88 },
    cascade: { robustError: 26.16, error: 24.97 },
  },
  "cifar-small-l2-36-255": {
    single: { robustError: 53.73, error: 44.72 },
    cascade: { robustError: 50.13, error: 48.64 },
  },
  "cifar-large-l2-36-255": {
    single: { robustError: 49.4, error: 40.24 },
    cascade: { robustError: 41.36, error: 41.16 },
  },
  "cifar-resnet-l2-36-255": {
    single: { robustError: 48.04, error: 38.8 },
    cascade: { robustError: 41.44, error: 41.28 },
  },
};
