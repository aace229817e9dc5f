import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { attackSeed, type Certifying } from "../support/attack/attack-case.js";
import { type Campaign, runCampaign, summary } from "../support/attack/campaign.js";
import { certifyingBy, certifyingUnrounded } from "../support/attack/certifying.js";
import { allEngines } from "../support/attack/engines.js";
import { GENEROUS, intervalCertifier, roomOf } from "../support/attack/interval-certifier.js";
import type { Certifier } from "../support/attack/verge.js";

const engines = allEngines();
/** Of every kind of layer, all structures but the wide ones in number; `scripts/attack-certificates.mjs` runs 10,000. */
const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);

const campaignOf = async (certifying: Certifying, seeds = SEEDS) =>
  summary(await runCampaign(seeds, certifying));

/** The seeds of all false certificates. */
const broken = ({ exactFalse, floatFalse }: Campaign) =>
  [...exactFalse, ...floatFalse].map(({ seed }) => seed);

describe("certificates under attack", () => {
  const campaign = campaignOf(certifyingBy(engines));

  it("are found for most networks", async () => {
    const { cases, attacked, refused, undecided } = await campaign;
    expect(refused).toEqual([]);
    expect(undecided).toBeLessThan(cases / 20);
    expect(attacked).toBeGreaterThan(0.8 * cases);
  });

  it("hold in real arithmetic and in every evaluation", async () => {
    expect(broken(await campaign)).toEqual([]);
  });
});

describe("the attack", () => {
  it("comes to the verge of bounds that leave rounding out, and breaks them", async () => {
    const { attacked, close, exactFalse, floatFalse } = await campaignOf(certifyingUnrounded(engines));
    expect(close).toBeGreaterThan(0.2 * attacked);
    expect(exactFalse.length).toBeGreaterThan(3);
    expect(floatFalse.length).toBeGreaterThan(15);
  });

  it("does not break what leaves more room than evaluations need", async () => {
    const certify = intervalCertifier(() => GENEROUS);
    const found = await campaignOf({ engines, certify, optionsFor: () => ({}) }, SEEDS.slice(0, 25));
    expect(broken(found)).toEqual([]);
    expect(found.attacked).toBeGreaterThan(5);
  });

  it("asks for no more than a certificate is about", async () => {
    let room = GENEROUS;
    const sound: Certifying = {
      engines,
      certify: intervalCertifier(() => room),
      optionsFor(evaluation) {
        room = roomOf(evaluation);
        return {};
      },
    };
    const found = await campaignOf(sound, SEEDS.slice(0, 60));
    expect(broken(found)).toEqual([]);
    expect(found.attacked).toBeGreaterThan(30);
  });

  it("breaks what is a little too sure of itself", async () => {
    // Bounds that are too high by a hundred-thousandth of the largest.
    const certify: Certifier = async (placed, batch, options) => {
      const { guarantee, examples } = await certifyBatch(placed, batch, options);
      return {
        guarantee,
        examples: examples.map((own) => {
          const most = Math.max(...own.marginLower.map(Math.abs));
          const marginLower = own.marginLower.map((margin) => margin + 1e-5 * most);
          const proved = marginLower.every((margin, j) => j === own.reference || margin > 0);
          return { ...own, marginLower, certified: own.prediction === own.reference && proved };
        }),
      };
    };
    const found = await campaignOf({ engines, certify, optionsFor: () => ({}) }, SEEDS.slice(0, 25));
    expect(found.exactFalse.length).toBeGreaterThan(0);
  });

  it("is a function of the seed", async () => {
    const certifying = certifyingBy(engines);
    expect(await attackSeed(5, certifying)).toEqual(await attackSeed(5, certifying));
  });
});
