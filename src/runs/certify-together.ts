import { type Dataset, subset } from "../data/dataset.js";
import type { Team } from "../distributed/team.js";
import type { PlacedNetwork } from "../network/weights.js";
import { aboutOf } from "../threat/about.js";
import { type CertificationSettings, certifyDataset, evaluationOf } from "./certification.js";
import { type Certification, certificationOf, type JudgedExample } from "./certification-summary.js";
import type { Watch } from "./observer.js";

/** A rank's share of a data set, in its order; none where there are more ranks than examples. */
export function ownExamples(dataset: Dataset, team: Team): Dataset {
  return team.isAlone ? dataset : subset(dataset, ownNumbers(dataset, team));
}

/** Which examples these are. */
function ownNumbers(dataset: Dataset, team: Team): Int32Array {
  const { first, count } = team.share(dataset.count);
  return Int32Array.from({ length: count }, (_, i) => first + i);
}

/** How a certification that says what deterministic bounds prove is made; a deadline, an estimate or a part is one process's own. */
type SharedSettings = Omit<CertificationSettings, "deadline" | "estimation" | "among" | "keep">;

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
  const began = performance.now();
  const among = ownNumbers(dataset, team);
  const own =
    among.length === 0 ? [] : judgedBy(await certifyDataset(stages, dataset, { ...settings, among }, watch));
  const found = await team.everyones(own);
  await team.meet();
  watch.signal?.throwIfAborted();
  return certificationOf(found.flat(), {
    about: aboutOf(stages.length),
    evaluation: settings.rounding === undefined ? evaluationOf(stages) : settings.rounding,
    byRungs: settings.each !== undefined,
    asked: dataset.count,
    seconds: (performance.now() - began) / 1000,
  });
}

function judgedBy({ examples, guarantee }: Certification): JudgedExample[] {
  return examples.map((example) => ({ ...example, guarantee }));
}
