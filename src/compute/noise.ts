/** Which random numbers: a distribution, and the key and stream of a counter-based generator. */
export interface Noise {
  readonly distribution: "cauchy" | "normal";
  readonly key: readonly [low: number, high: number];
  readonly stream: readonly [number, number];
}
