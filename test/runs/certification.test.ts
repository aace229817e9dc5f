import { describe, expect, it } from "vitest";
import { printCertification } from "../../src/cli/certification-words.js";
import type { OutputStream } from "../../src/cli/io.js";
import { Output } from "../../src/cli/output.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Dataset } from "../../src/data/dataset.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { claimInWords, guaranteeInSentences, mixInWords } from "../../src/report/guarantee.js";
import { renderPage } from "../../src/report/page/render-page.js";
import { known } from "../../src/report/page/run-record.js";
import { certifyDataset } from "../../src/runs/certification.js";
import { certificationRecord } from "../../src/runs/certification-record.js";
import type { Estimation } from "../../src/runs/estimation.js";
import { checkMeasured } from "../../src/runs/measured-files.js";
import { measuredOf } from "../../src/runs/page/measured-parts.js";
import { mixOf } from "../../src/threat/guarantee.js";
import { runRecord, textOf } from "../report/run-records.js";
import { lively } from "../support/networks.js";

const network = sequential([4], [linear(12), relu(), linear(9), relu(), linear(3)]);
const model = lively(network, 3);
const backend = createPortableBackend({ dtype: "float64" });
const placed = { backend, network, parameters: uploadWeights(backend, model) };
const COUNT = 8;
const BATCH = 2;
const BALL = { norm: "linf", epsilon: 1e-4, box: null } as const;

/** Eight points, each labelled as the network answers. */
async function dataset(): Promise<Dataset> {
  const pixels = Float64Array.from({ length: 4 * COUNT }, (_, i) => ((7 * i) % 11) / 11);
  const unlabelled: Dataset = {
    ...{ name: "points", split: "test", count: COUNT, shape: [4], classes: 3, source: "this test" },
    ...{ pixels, labels: new Int32Array(COUNT) },
  };
  const { examples } = await certifyDataset([placed], unlabelled, SETTINGS);
  return { ...unlabelled, labels: Int32Array.from(examples, ({ prediction }) => prediction) };
}

const SETTINGS = { ball: BALL, method: "parallel", against: "prediction", batch: BATCH } as const;

/** Estimates in the batches that begin with these examples; in the others it has more dimensions than any layer. */
function stub(guarantee: "estimate" | "probability", batches: readonly number[]): Estimation {
  return {
    ...{ guarantee, dimension: 3, form: "joint" },
    tail:
      guarantee === "probability"
        ? { sketches: 1, delta: 0.01, estimates: 5, epsilon: 0.1, dimension: 3 }
        : null,
    estimatorFor: ([first]): Estimator => ({
      ...medianEstimator({ dimension: batches.includes(first) ? 3 : 500, seed: 1, when: "wider" }),
      guarantee,
    }),
  };
}

const subjectOf = (data: Dataset, estimation: Estimation) => ({
  model: { path: "m", sha256: "0".repeat(64), stages: [{ network }] } as never,
  ...({ dataset: data, ball: BALL, method: "parallel", arithmetic: "float64", estimation } as const),
});

describe("a certification whose batches are not worth the same", () => {
  it("is worth what the weakest batch is, wherever it comes", async () => {
    const data = await dataset();
    for (const at of [0, 4, 6]) {
      const { guarantee, mix, examples, summary } = await certifyDataset([placed], data, {
        ...SETTINGS,
        estimation: stub("estimate", [at]),
      });
      expect([guarantee, mix]).toEqual(["estimate", { estimate: 2, deterministic: 6 }]);
      expect(examples.map((example) => example.guarantee === "estimate")).toEqual(
        examples.map(({ index }) => index === at || index === at + 1),
      );
      // Estimated, they look certified; the others are.
      expect(examples.map(({ certified }) => certified)).toEqual(
        examples.map(({ index }) => index !== at && index !== at + 1),
      );
      expect([summary.certified, summary.robustError, summary.estimatedRobustError]).toEqual([0.75, 0.25, 0]);
    }
  });

  it("says in its record what the mix means, and in words", async () => {
    const data = await dataset();
    const estimation = stub("estimate", [2]);
    const certification = await certifyDataset([placed], data, { ...SETTINGS, estimation });
    const record = certificationRecord(subjectOf(data, estimation), certification);
    expect(record.bound).toMatchObject({
      guarantee: "estimate",
      delta: null,
      mix: {
        examples: { deterministic: 6, estimate: 2 },
        meaning:
          "Bounds are not worth the same for all examples: deterministic for 6 examples, estimates for 2, which guarantee " +
          "nothing: these count as not certified.",
      },
    });
    const file = checkMeasured(JSON.parse(JSON.stringify(record)), "certification", "c.json");
    expect(measuredOf(file).mix).toEqual({ deterministic: 6, estimate: 2 });
    const text = textOf(
      renderPage(runRecord({ measured: known(measuredOf(file)), verdicts: known(file.examples) })),
    );
    expect(text).toContain("Guaranteed: for 6 of the 8 examples");
    expect(text).toContain("estimates for 2, which guarantee nothing: these count as not certified");
    expect(text).toContain("no attack within that ball has an error above 25.0 %");
    // An estimate is no certificate, whatever stands beside it.
    const forged = JSON.parse(JSON.stringify(record));
    forged.examples[2].certified = true;
    forged.summary.robustError = 1 / 8;
    expect(() => checkMeasured(forged, "certification", "c.json")).toThrow(
      /example 2: expected no certificate by estimates/,
    );
  });

  it("has both robust errors in the terminal's table, the bound and the estimate", async () => {
    const data = await dataset();
    const estimation = stub("estimate", [2]);
    const certification = await certifyDataset([placed], data, { ...SETTINGS, estimation });
    const printed: string[] = [];
    const write = (text: string) => printed.push(text) > 0;
    const stream = { write } as unknown as OutputStream;
    const output = new Output({ stdout: stream, stderr: stream, env: {} }, undefined);
    printCertification(output, subjectOf(data, estimation), certification);
    const text = printed.join("");
    expect(text).toMatch(/bound +│ parallel, estimated for 2 examples/);
    expect(text).toMatch(/robust error, at most +│ 25\.0 %/);
    expect(text).toMatch(/robust error, estimated +│ 0\.0 %/);
  });

  it("holds with a probability where no batch is an estimate", async () => {
    const data = await dataset();
    const estimation = stub("probability", [0]);
    const certification = await certifyDataset([placed], data, { ...SETTINGS, estimation });
    expect([certification.guarantee, certification.mix]).toEqual([
      "probability",
      { probability: 2, deterministic: 6 },
    ]);
    expect(certificationRecord(subjectOf(data, estimation), certification).bound.delta).toBe(0.01);
    const claim = {
      ball: BALL,
      stages: 1,
      evaluation: "float32" as const,
      examples: 8,
      certified: 8,
      right: 8,
      robustError: 0,
      delta: 0.01,
    };
    const words = guaranteeInSentences({
      ...claim,
      guarantee: "probability",
      mix: certification.mix ?? null,
    });
    expect(words).toContain("Certified with a probability: for 8 of the 8 examples");
    expect(words).toContain("deterministic for 6 examples, certain with a probability for 2.");
    expect(words).toContain("probability at least 0.99");
  });

  it("is none where all are alike, and says nothing of it", async () => {
    const data = await dataset();
    for (const [batches, guarantee] of [
      [[], "deterministic"],
      [[0, 2, 4, 6], "estimate"],
    ] as const) {
      const estimation = stub("estimate", batches);
      const found = await certifyDataset([placed], data, { ...SETTINGS, estimation });
      expect(found.guarantee).toBe(guarantee);
      expect("mix" in found || "guarantee" in found.examples[0]).toBe(false);
      expect("mix" in certificationRecord(subjectOf(data, estimation), found).bound).toBe(false);
    }
    expect(mixOf(["probability", "probability"])).toBeNull();
  });

  it("guarantees nothing where only estimates and nothing certified are left", () => {
    const claim = {
      ball: BALL,
      stages: 1,
      evaluation: "float32" as const,
      examples: 3,
      certified: 0,
      right: 0,
      robustError: 1,
      delta: null,
    };
    const mix = { estimate: 2, deterministic: 1 };
    expect(claimInWords({ ...claim, guarantee: "estimate", mix })).toMatch(
      /^Nothing is guaranteed: for none of the 3/,
    );
    expect(claimInWords({ ...claim, guarantee: "estimate" })).toContain("these bounds are estimates");
    expect(mixInWords(mix)).toContain("deterministic for 1 example, estimates for 2");
  });
});
