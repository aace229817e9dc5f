import { type Dataset, subset } from "../data/dataset.js";
import type { Team } from "../distributed/team.js";
import type { PlacedNetwork } from "../network/weights.js";
import { aboutOf } from "../threat/about.js";
import { mixOf, weakest } from "../threat/guarantee.js";
import {
  type Certification,
  type CertificationSettings,
  certifyDataset,
  errorsAmong,
  evaluationOf,
  rungsOf,
} from "./certification.js";
import type { Watch } from "./observer.js";

/** A rank's share of a data set, in its order; none where there are more ranks than examples. */
export function ownExamples(dataset: Dataset, team: Team): Dataset {
  if (team.isAlone) return dataset;
  const { first, count } = team.share(dataset.count);
  return subset(
    dataset,
    Int32Array.from({ length: count }, (_, i) => first + i),
  );
}

/** How a certification that says what deterministic bounds prove is made; a deadline or an estimate is one process's own. */
type SharedSettings = Omit<CertificationSettings, "deadline" | "estimation">;

/**
 * `certifyDataset` by a team, each rank its share: all of them get the whole certification. An example's verdict is its own, whichever
 * rank finds it. Throws the reason of the team's signal.
 */
export async function certifyTogether(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  settings: SharedSettings,
  { watch, team }: { readonly watch: Watch; readonly team: Team },
): Promise<Certification> {
  if (team.isAlone) return certifyDataset(stages, dataset, settings, watch);
  const began = performance.now();
  const { first, count } = team.share(dataset.count);
  const own = count === 0 ? null : await certifyDataset(stages, ownExamples(dataset, team), settings, watch);
  const found = (await team.everyones({ first, own })).flatMap(({ first, own }) =>
    own ? [{ first, own }] : [],
  );
  await team.meet();
  watch.signal?.throwIfAborted();
  const examples = found.flatMap(({ first, own }) =>
    own.examples.map((example) => ({ ...example, index: first + example.index })),
  );
  const guarantees = found.flatMap(({ own }) =>
    own.examples.map(({ guarantee }) => guarantee ?? own.guarantee),
  );
  const mix = mixOf(guarantees);
  const seconds = (performance.now() - began) / 1000;
  return {
    about: aboutOf(stages.length),
    guarantee: weakest(guarantees),
    evaluation: settings.rounding === undefined ? evaluationOf(stages) : settings.rounding,
    ...(mix && { mix }),
    summary: {
      ...errorsAmong(examples),
      ...(settings.each !== undefined && { rungs: rungsOf(examples) }),
      examplesPerSecond: examples.length / seconds,
      seconds,
    },
    examples: mix ? examples.map((example, i) => ({ ...example, guarantee: guarantees[i] })) : examples,
  };
}
