import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  AutodualError,
  certify,
  checkCertificate,
  encodeModel,
  linear,
  relu,
  robustness,
  sequential,
  type Work,
} from "../../src/index.js";
import { lively } from "../support/networks.js";

const folder = mkdtempSync(join(tmpdir(), "autodual-certificate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = lively(sequential([4], [linear(8), relu(), linear(6), relu(), linear(3)]), 3);
const path = join(folder, "model.safetensors");
writeFileSync(path, encodeModel(model));
const images = Array.from({ length: 5 }, (_, b) =>
  Array.from({ length: 4 }, (_, f) => ((3 * b + 5 * f) % 10) / 10),
);
const certificate = join(folder, "c.json");
const asked = { epsilon: 0.02, backend: "portable", certificate } as const;

describe("certificates from the library", () => {
  it("are written for certified images, and checked", async () => {
    const works: Work[] = [];
    const observer = {
      begin(work: Work) {
        works.push(work);
        return { update() {}, end() {} };
      },
    };
    const { examples, written } = await certify(path, images, { ...asked, observer });
    const certified = examples.filter((example) => example.certified).length;
    expect(certified).toBeGreaterThan(0);
    expect(written).toEqual({ certified, written: certified });
    const checked = await checkCertificate(certificate, path, { observer });
    expect(checked).toEqual({
      ...{ valid: true, claims: certified, checked: certified, fault: null, about: "model" },
      claimed: [expect.objectContaining({ kind: "robust", examples: certified, epsilon: 0.02, box: [0, 1] })],
    });
    expect(works.map(({ name, total }) => [name, total])).toEqual([
      ["certify", 5],
      ["certificates", certified],
      ["check", certified],
    ]);
    expect("written" in (await certify(path, images, { epsilon: 0.02, backend: "portable" }))).toBe(false);
  });

  it("have radii of their own, by image or by feature", async () => {
    const perExample = images.map((_, b) => 0.004 * b);
    const each = await certify(path, images, { ...asked, epsilon: { perExample } });
    expect(each.written?.written).toBeGreaterThan(0);
    expect((await checkCertificate(certificate, path)).valid).toBe(true);
    const features = {
      ...asked,
      epsilon: { perFeature: [0, 0.01, 0.02, 0.001] },
      norm: "l2",
      box: null,
    } as const;
    expect((await certify(path, images, features)).written?.written).toBeGreaterThan(0);
    expect((await checkCertificate(certificate, [path])).valid).toBe(true);
  });

  it("claim no property that they do not have", async () => {
    await certify(path, images, asked);
    const property = robustness(images[0], { epsilon: 0.02, prediction: 0, classes: 3 });
    const { valid, fault } = await checkCertificate(certificate, path, { property });
    expect([valid, fault?.what]).toEqual([false, "case 0 of the property is not claimed"]);
  });

  it("end with the signal", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(checkCertificate(certificate, path, { signal })).rejects.toThrow("enough");
  });

  it.each([
    [
      "a model in memory",
      () => certify(model, images, asked),
      "certify: certificate: expected a model of a file",
    ],
    [
      "projections",
      () => certify(path, images, { ...asked, projections: 3 }),
      "expected deterministic bounds",
    ],
    [
      "an option too many",
      () => checkCertificate(certificate, path, { colour: "red" } as never),
      "checkCertificate",
    ],
    [
      "no path",
      () => checkCertificate(certificate, model as never),
      "checkCertificate: model: expected the path",
    ],
    [
      "data that is none",
      () => checkCertificate(certificate, path, { data: 5 as never }),
      "checkCertificate: data",
    ],
  ])("are refused with %s", async (_, call, message) => {
    const error = await call().then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AutodualError);
    expect((error as Error).message).toContain(message);
  });
});
