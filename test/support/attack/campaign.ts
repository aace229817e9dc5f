import { type AttackResult, attackSeed, type Certifying } from "./attack-case.js";
import { attackPropertySeed, type Verifying } from "./attack-property.js";

const CLOSE = 1e-5;

/** How many results fall under a word, and how many of them broke. */
export interface Tally {
  readonly label: string;
  readonly cases: number;
  readonly attacked: number;
  readonly exactFalse: number;
  readonly floatFalse: number;
}

/** What many attacks found. */
export interface Campaign {
  readonly cases: number;
  readonly attacked: number;
  readonly refused: readonly AttackResult[];
  /** False in real arithmetic. */
  readonly exactFalse: readonly AttackResult[];
  /** False in some evaluation that the certificate was about. */
  readonly floatFalse: readonly AttackResult[];
  readonly undecided: number;
  /** Attacks that brought a margin below a hundred-thousandth of the outputs: the bounds were sharp. */
  readonly close: number;
  readonly byLabel: readonly Tally[];
  /** How many certificates each evaluation breaks. */
  readonly byEvaluation: readonly (readonly [name: string, count: number])[];
}

/** Attacks the certificates of so many seeds, one after another. */
export function runCampaign(
  seeds: Iterable<number>,
  certifying: Certifying,
  onResult?: (result: AttackResult) => void,
): Promise<readonly AttackResult[]> {
  return eachOf(seeds, (seed) => attackSeed(seed, certifying), onResult);
}

/** The same with the answers to properties. */
export function runPropertyCampaign(
  seeds: Iterable<number>,
  verifying: Verifying,
  onResult?: (result: AttackResult) => void,
): Promise<readonly AttackResult[]> {
  return eachOf(seeds, (seed) => attackPropertySeed(seed, verifying), onResult);
}

async function eachOf(
  seeds: Iterable<number>,
  attack: (seed: number) => Promise<AttackResult>,
  onResult: (result: AttackResult) => void = () => {},
): Promise<readonly AttackResult[]> {
  const results: AttackResult[] = [];
  for (const seed of seeds) {
    const result = await attack(seed);
    onResult(result);
    results.push(result);
  }
  return results;
}

/** What the results come to. */
export function summary(results: readonly AttackResult[]): Campaign {
  const attacked = results.filter(({ state }) => state === "attacked");
  const labels = new Map<string, AttackResult[]>();
  for (const result of results) {
    for (const [what, word] of Object.entries(result.labels)) {
      const label = `${what}: ${word}`;
      labels.set(label, [...(labels.get(label) ?? []), result]);
    }
  }
  const evaluations = new Map<string, number>();
  for (const { floats } of results) {
    for (const name of floats) evaluations.set(name, (evaluations.get(name) ?? 0) + 1);
  }
  const exactFalse = (own: readonly AttackResult[]) => own.filter(({ exact }) => exact === "false");
  const floatFalse = (own: readonly AttackResult[]) => own.filter(({ floats }) => floats.length > 0);
  return {
    cases: results.length,
    attacked: attacked.length,
    refused: results.filter(({ state }) => state === "refused"),
    exactFalse: exactFalse(results),
    floatFalse: floatFalse(results),
    undecided: results.filter(({ exact }) => exact === "undecided").length,
    close: attacked.filter(({ closeness }) => closeness !== null && closeness < CLOSE).length,
    byLabel: [...labels].sort().map(([label, own]) => ({
      label,
      cases: own.length,
      attacked: own.filter(({ state }) => state === "attacked").length,
      exactFalse: exactFalse(own).length,
      floatFalse: floatFalse(own).length,
    })),
    byEvaluation: [...evaluations].sort(),
  };
}

/** A summary as lines of text; `most` seeds of every kind of failure. */
export function summaryLines(campaign: Campaign, most = 20): readonly string[] {
  const seeds = (results: readonly AttackResult[]): string =>
    results
      .slice(0, most)
      .map(({ seed }) => seed)
      .join(" ") + (results.length > most ? " ..." : "");
  const { exactFalse, floatFalse, refused } = campaign;
  return [
    `${campaign.cases} networks, ${campaign.attacked} certificates attacked, ${campaign.close} within ${CLOSE} of the outputs`,
    `false in real arithmetic: ${exactFalse.length}${exactFalse.length > 0 ? `, seeds ${seeds(exactFalse)}` : ""}`,
    `false in an evaluation: ${floatFalse.length}${floatFalse.length > 0 ? `, seeds ${seeds(floatFalse)}` : ""}`,
    `not decided by enclosures: ${campaign.undecided}`,
    ...(refused.length > 0
      ? [`refused: ${refused.length}, seeds ${seeds(refused)}, such as: ${refused[0].refusal}`]
      : []),
    "",
    `${"".padEnd(40)}${["networks", "attacked", "exact", "float"].map((word) => word.padStart(10)).join("")}`,
    ...campaign.byLabel.map(
      ({ label, cases, attacked, exactFalse, floatFalse }) =>
        `${label.padEnd(40)}${[cases, attacked, exactFalse, floatFalse].map((n) => String(n).padStart(10)).join("")}`,
    ),
    ...(campaign.byEvaluation.length > 0 ? ["", "certificates that evaluations break"] : []),
    ...campaign.byEvaluation.map(([name, count]) => `${name.padEnd(70)}${String(count).padStart(10)}`),
  ];
}
