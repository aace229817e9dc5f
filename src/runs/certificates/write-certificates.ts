import { type CheckedNetwork, checkedNetwork } from "../../check/network.js";
import { MACHINES, Refusal } from "../../check/rounding.js";
import { letIn, type Stop } from "../../compute/deadline.js";
import { type Dataset, examples } from "../../data/dataset.js";
import { writeCertificate } from "../../formats/certificate/file.js";
import type { Claim, ClaimedEvaluation } from "../../formats/certificate/schema.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { arithmeticOfModel } from "../../network/weights.js";
import type { BallSpec } from "../../threat/ball.js";
import type { CertifiedExample } from "../certification-summary.js";
import { observed, type Watch } from "../observer.js";
import { dataOf } from "./claimed-examples.js";
import { robustClaim } from "./robust-claim.js";

/** What verdicts are about, of which certificates are written. */
export interface CertifiedSubject {
  /** Of a cascade in order; a certificate is about the stage that answers. */
  readonly stages: readonly LoadedModel[];
  readonly dataset: Dataset;
  readonly ball: BallSpec;
  /** How the models are run; absent: each in the arithmetic of its own file. */
  readonly evaluation?: ClaimedEvaluation;
}

/** How many certificates there are. */
export interface WrittenCertificates {
  /** Of so many certified examples. */
  readonly certified: number;
  /** Those that the checker's own arithmetic bounds again. If there are none, no file is written. */
  readonly written: number;
}

/** Throws a `Refusal` that names the first model that the checker does not know what to do with: before the long work. */
export function checkCertifiable({
  stages,
  evaluation,
}: Pick<CertifiedSubject, "stages" | "evaluation">): void {
  for (const model of stages) {
    try {
      checkedNetwork(model, MACHINES[evaluation ?? arithmeticOfModel(model)]);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(`${model.path}: ${error.message}`) : error;
    }
  }
}

/**
 * Writes a file of certificates, one for each certified example that the checker's own arithmetic bounds again; nothing but that
 * arithmetic goes into them. Throws a `Refusal` for a network that the checker does not know, a `UsageError` for a file that cannot
 * be written, and the reason of the signal or of what else stops it.
 */
export async function writeCertificates(
  path: string,
  subject: CertifiedSubject,
  verdicts: readonly CertifiedExample[],
  watch: Watch = {},
  stop: Stop | undefined = watch.signal,
): Promise<WrittenCertificates> {
  const certified = verdicts.filter((verdict) => verdict.certified);
  let written = 0;
  await observed(watch, { name: "certificates", total: certified.length }, async (seen) => {
    async function* claims(): AsyncGenerator<Claim> {
      const networks = new Map<number, CheckedNetwork>();
      for (const [done, verdict] of certified.entries()) {
        const claim = claimOf(subject, networks, verdict);
        await letIn(stop);
        seen.update(done + 1, {});
        if (claim === null) continue;
        written += 1;
        yield claim;
      }
    }
    const all = claims();
    const first = await all.next();
    // A file without a claim would be valid of nothing.
    if (!first.done) await writeCertificate(path, continued(first.value, all));
  });
  return { certified: certified.length, written };
}

async function* continued(first: Claim, rest: AsyncGenerator<Claim>): AsyncGenerator<Claim> {
  yield first;
  yield* rest;
}

function claimOf(
  { stages, dataset, ball, evaluation: given }: CertifiedSubject,
  networks: Map<number, CheckedNetwork>,
  { stage, index, prediction }: CertifiedExample,
): Claim | null {
  const model = stages[stage];
  const evaluation = given ?? arithmeticOfModel(model);
  const network = networks.get(stage) ?? checkedNetwork(model, MACHINES[evaluation]);
  networks.set(stage, network);
  return robustClaim({
    ...{ network, model: model.sha256, evaluation, index, prediction, ball: ballOf(ball, index) },
    data: dataOf(dataset),
    x: examples(dataset, Int32Array.of(index)).x,
  });
}

/** Its own ε, where there is one per example. */
function ballOf(ball: BallSpec, index: number): BallSpec {
  const { epsilon } = ball;
  if (typeof epsilon === "number" || !("perExample" in epsilon)) return ball;
  return { ...ball, epsilon: epsilon.perExample[index] };
}
