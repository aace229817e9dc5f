import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { AutodualError } from "../../src/errors.js";
import { parseCertificate } from "../../src/formats/certificate/file.js";
import type { Certificate, Claim } from "../../src/formats/certificate/schema.js";
import { checkClaims } from "../../src/runs/certificates/check-claims.js";
import { certificateOfPlanes, counterexampleOf, PLANES } from "./certified-planes.js";
import { mutated } from "./mutate.js";

/** More of them, such as AUTODUAL_MUTATIONS=100000, take minutes. */
const MUTATIONS = Number(process.env.AUTODUAL_MUTATIONS ?? 4000);
const CERTIFICATES = 40;

/** What becomes of a text: no certificate, refused, or accepted with its claims. */
async function judged(text: string): Promise<"malformed" | "refused" | readonly Claim[]> {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(text, "c.json");
  } catch (error) {
    expect(error).toBeInstanceOf(AutodualError);
    expect((error as Error).message).not.toMatch(/\n/);
    return "malformed";
  }
  const { fault } = await checkClaims(certificate, { stages: PLANES });
  if (fault === null) return certificate.claims;
  expect(fault.what).not.toMatch(/\n/);
  return "refused";
}

describe("changed certificates", () => {
  it(`are accepted only where what they claim is true: ${MUTATIONS} of them`, {
    timeout: 7_200_000,
  }, async () => {
    const counts = { malformed: 0, refused: 0, accepted: 0 };
    const originals = Array.from({ length: CERTIFICATES }, (_, seed) => certificateOfPlanes(seed));
    for (const own of originals) expect(await judged(JSON.stringify(own))).toHaveLength(2);
    const source = random(1, "mutations");
    for (let i = 0; i < MUTATIONS; i++) {
      const text = mutated(originals[i % CERTIFICATES], source);
      const outcome = await judged(text);
      if (typeof outcome === "string") {
        counts[outcome] += 1;
        continue;
      }
      counts.accepted += 1;
      for (const claim of outcome) {
        const fault = counterexampleOf(claim, source);
        expect(fault, `${fault}: ${text}`).toBeNull();
      }
    }
    // A change that is none, or that claims less, is accepted: so the judge has something to judge.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(MUTATIONS / 50);
  });
});
