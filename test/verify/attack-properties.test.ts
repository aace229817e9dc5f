import { describe, expect, it } from "vitest";
import { runPropertyCampaign, summary } from "../support/attack/campaign.js";
import { verifyingBy } from "../support/attack/certifying.js";
import { allEngines } from "../support/attack/engines.js";

/** The first few, and some whose biases cancel; `scripts/attack-certificates.mjs` asks more. */
const SEEDS = [...Array.from({ length: 16 }, (_, i) => i + 1), 28, 57, 106, 107, 142];

describe("answers about what an output is known to reach", () => {
  const campaign = runPropertyCampaign(SEEDS, verifyingBy(allEngines())).then(summary);

  it("are asked for", async () => {
    const { cases, attacked } = await campaign;
    expect(attacked).toBeGreaterThan(0.8 * cases);
  });

  it("are never that it holds", async () => {
    const { exactFalse, floatFalse } = await campaign;
    expect([...exactFalse, ...floatFalse].map(({ seed }) => seed)).toEqual([]);
  });
});
