import { afterAll, describe, expect, it } from "vitest";
import { checkClaim } from "../../src/check/claims.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES, Refusal } from "../../src/check/rounding.js";
import { certificateText, parseCertificate } from "../../src/formats/certificate/file.js";
import { subjectOf } from "../../src/network/subject.js";
import { arithmeticOfModel } from "../../src/network/weights.js";
import { proofGroups } from "../../src/runs/certificates/proof-trees.js";
import { propertyClaim } from "../../src/runs/certificates/property-claim.js";
import type { CaseProof } from "../../src/verify/proof.js";
import { verify } from "../../src/verify/verify.js";
import type { SplitChoice } from "../../src/verify/verify-options.js";
import { outputsOf, randomModel, randomProperty } from "../verify/random-questions.js";
import { fastBackend } from "../verify/subjects.js";

/** How many random questions; the full measurement takes 2000. */
const COUNT = Number(process.env.AUTODUAL_PROOFS ?? 40);
const MODEL = "0".repeat(64);

describe("proofs of properties, as certificates", () => {
  const lines: string[] = [];
  afterAll(() => console.log(lines.join("\n")));

  it.each<SplitChoice>(["auto", "inputs", "neurons"])(
    "pass the checker: split %s",
    async (split) => {
      const backend = await fastBackend();
      const counts = new Map<string, number>();
      const refused: string[] = [];
      const add = (key: string, by = 1) => counts.set(key, (counts.get(key) ?? 0) + by);
      for (let seed = 0; seed < COUNT; seed++) {
        const model = randomModel(seed);
        const property = randomProperty(model, seed);
        const subject = subjectOf(backend, model, (x) => Float64Array.from(outputsOf(model, x)));
        const proofs: CaseProof[] = [];
        await verify(subject, property, { timeout: 10, split, onProof: (proof) => proofs.push(proof) });
        const evaluation = arithmeticOfModel(model);
        const network = checkedNetwork(model, MACHINES[evaluation]);
        for (const { region, ...group } of proofGroups(network, proofs)) {
          const { lower, upper } = region;
          for (const further of [0, 1000]) {
            const began = performance.now();
            try {
              const claim = propertyClaim({
                ...{ network, model: MODEL, evaluation, lower, upper, ...group, further },
              });
              let text = "";
              for await (const part of certificateText([claim])) text += part;
              const [again] = parseCertificate(text, "text").claims;
              checkClaim(network, again);
              add(`passed ${further}`);
              add(
                `parts ${further}`,
                claim.cases.reduce((sum, { tree }) => sum + tree.length, 0),
              );
              add(`bytes ${further}`, text.length);
            } catch (error) {
              if (!(error instanceof Refusal)) throw error;
              add(`refused ${further}`);
              if (further > 0) refused.push(`seed ${seed}: ${error.message}`);
            }
            add(`ms ${further}`, Math.round(performance.now() - began));
          }
        }
      }
      lines.push(`${split}: ${[...counts].map(([key, count]) => `${key}: ${count}`).join(", ")}`, ...refused);
      backend.dispose();
      expect(refused).toEqual([]);
    },
    600_000,
  );
});
