import * as z from "zod";
import type { Dataset, Split } from "../data/dataset.js";
import type { ReadingOptions } from "../data/reading.js";
import { expectText, kindOf, UsageError } from "../errors.js";
import { readCertificate } from "../formats/certificate/file.js";
import type { Property } from "../formats/vnnlib/property.js";
import { readVnnlib } from "../formats/vnnlib/read.js";
import { type CertificateFault, checkClaims, checkComparable } from "../runs/certificates/check-claims.js";
import type { ClaimedGroup } from "../runs/certificates/claimed.js";
import type { CertificateRequirements } from "../runs/certificates/requirements.js";
import { openStages } from "../runs/models/open-model.js";
import type { Watch } from "../runs/observer.js";
import type { About } from "../threat/about.js";
import { COMMON, checkOptions, isRecord, POSITIVE } from "./check-options.js";
import { checkedProperty } from "./check-property.js";
import { imagesFor } from "./images.js";
import { onBackend } from "./machine.js";

/** What claims are compared with, and what they must say; nothing must be given. */
export interface CheckCertificateOptions extends Watch, CertificateRequirements, ReadingOptions {
  /** A data set, or its name: examples of claims must be its own, and may be left out of the certificate. */
  readonly data?: string | Dataset;
  /** Of a named data set. Default `test`. */
  readonly split?: Split;
  /** Where a named data set is looked for first. */
  readonly dataDir?: string;
  /** A property, or the path of a VNN-LIB file: every case of it must be claimed, of one model run in one way. */
  readonly property?: string | Property;
}

/** What became of a check. */
export interface CheckedCertificate {
  /** Whether every claim was bounded again, and says what is required. */
  readonly valid: boolean;
  readonly claims: number;
  /** How many were bounded again before the first that could not be. */
  readonly checked: number;
  /** The first thing that does not hold; null where the certificate is valid. */
  readonly fault: CertificateFault | null;
  /** Whose answers claims are about: of a cascade those of single stages, whichever of them answers. */
  readonly about: About;
  /** What a valid certificate says; empty of another. */
  readonly claimed: readonly ClaimedGroup[];
}

/**
 * Checks a certificate file by a checker of its own, which knows networks and files and none of the bounds that certify: every
 * claim is bounded again, in double precision rounded outward, for the network as it is run in the arithmetic that the claim names.
 * `model` is a model file, a run folder, a cascade or a name of the package, or several as the stages of a cascade. Throws an
 * `AutodualError` for what cannot be read, and the signal's reason when it aborts.
 */
export async function checkCertificate(
  certificate: string,
  model: string | readonly string[],
  options: CheckCertificateOptions = {},
): Promise<CheckedCertificate> {
  expectText("checkCertificate: certificate", certificate);
  const names: readonly unknown[] = Array.isArray(model) ? model : [model];
  const paths = names.map((name) => {
    if (typeof name === "string") return name;
    throw new UsageError(
      `checkCertificate: model: expected the path of a file or folder, found ${kindOf(name)}`,
    );
  });
  checkOptions("checkCertificate", options, SHAPE);
  const { data, split, dataDir, layout, label, property, epsilon, norm, box, evaluation, examples } = options;
  const required = {
    ...(epsilon !== undefined && { epsilon }),
    ...(norm && { norm }),
    ...(box !== undefined && { box }),
    ...(evaluation && { evaluation }),
    ...(examples !== undefined && { examples }),
  };
  const read = await readCertificate(certificate);
  // On which the import of an ONNX file is compared with its graph; no bound comes from it.
  const { stages } = await onBackend({ backend: "portable" }, (backend) => openStages(paths, backend));
  const named = { ...(split && { split }), ...(dataDir !== undefined && { dataDir }), layout, label };
  const asked =
    typeof property === "string" ? await readVnnlib(property) : property && checkedProperty(property);
  checkComparable(
    read,
    { stages, hasData: data !== undefined, ...(asked && { property: asked }) },
    { data: "checkCertificate: data", property: "checkCertificate: property" },
  );
  const images =
    data === undefined ? null : await imagesFor("checkCertificate", stages[0].network, data, named);
  const against = {
    stages,
    required,
    ...(images && { dataset: images.dataset }),
    ...(asked && { property: asked }),
  };
  const { checked, fault, about, claimed } = await checkClaims(read, against, options);
  return { valid: fault === null, claims: read.claims.length, checked, fault, about, claimed };
}

const SHAPE = {
  data: z
    .custom<unknown>(
      (value) => typeof value === "string" || (isRecord(value) && "pixels" in value),
      "expected a data set or its name",
    )
    .optional(),
  split: COMMON.split,
  dataDir: COMMON.dataDir,
  layout: COMMON.layout,
  label: COMMON.label,
  property: z
    .custom<unknown>(
      (value) => typeof value === "string" || isRecord(value),
      "expected a property or the path of one",
    )
    .optional(),
  epsilon: z.number().min(0).optional(),
  norm: COMMON.norm,
  box: COMMON.box,
  evaluation: COMMON.evaluation,
  examples: POSITIVE.optional(),
  signal: COMMON.signal,
  observer: COMMON.observer,
};
