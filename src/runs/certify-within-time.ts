import type { Dataset } from "../data/dataset.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type CertificationSettings, certifyDataset } from "./certification.js";
import { type Certification, certificationOf, type JudgedExample } from "./certification-summary.js";
import { observed, type Watch } from "./observer.js";

/** Examples that branch and bound takes at a time: what the time ends is lost, and with it those beside it. */
const CLIMBED_AT_ONCE = 8;

/**
 * `certifyDataset`, in two rounds where there is a time for all together and one for branch and bound: the bounds of all examples come
 * before branch and bound of the first, which could take the whole time. The stages of a cascade go through in one round, as it is
 * decided by what proves an example who answers it. Throws what `certifyDataset` throws.
 */
export async function certifyWithinTime(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  settings: CertificationSettings,
  watch: Watch = {},
): Promise<Certification> {
  const { each, deadline } = settings;
  if (!each || !deadline?.isTimed || stages.length > 1) {
    return certifyDataset(stages, dataset, settings, watch);
  }
  const bounds = await certifyDataset(stages, dataset, { ...settings, each: 0 }, watch);
  const among = Int32Array.from(
    bounds.examples.filter(({ certified }) => !certified),
    ({ index }) => index,
  );
  const { unreached, unfinished } = bounds.summary;
  if (among.length === 0 || unreached || unfinished || deadline.passed) return bounds;
  const climbed = new Map<number, JudgedExample>();
  const { onLayer: _, ...again } = settings;
  const batch = Math.min(settings.batch, CLIMBED_AT_ONCE);
  const work = { name: "branch and bound", total: among.length, about: bounds.about } as const;
  const { summary } = await observed(watch, work, (seen) => {
    let done = 0;
    const keep = async (judged: readonly JudgedExample[]): Promise<void> => {
      for (const own of judged) if (own.certified) climbed.set(own.index, own);
      done += judged.length;
      seen.update(done, { proved: climbed.size });
    };
    return certifyDataset(
      stages,
      dataset,
      { ...again, batch, among, keep },
      { ...(watch.signal && { signal: watch.signal }) },
    );
  });
  const { guarantee } = bounds;
  const judged = bounds.examples.map((own) => ({ ...(climbed.get(own.index) ?? own), guarantee }));
  return certificationOf(judged, {
    ...{
      about: bounds.about,
      evaluation: bounds.evaluation,
      byRungs: true,
      asked: judged.length,
      unfinished,
    },
    seconds: bounds.summary.seconds + summary.seconds,
  });
}
