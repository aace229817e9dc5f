import { checkClaim } from "../../check/claims.js";
import { type CheckedNetwork, checkedNetwork } from "../../check/network.js";
import { MACHINES, Refusal } from "../../check/rounding.js";
import { letIn, type Stop } from "../../compute/deadline.js";
import type { Dataset } from "../../data/dataset.js";
import { FormatError, ShapeError, UsageError } from "../../errors.js";
import type { Certificate, Claim } from "../../formats/certificate/schema.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { plainText } from "../../formats/plain-text.js";
import type { Property } from "../../formats/vnnlib/property.js";
import { sizeOf } from "../../network/shape.js";
import { type About, aboutOf } from "../../threat/about.js";
import { checkPropertyFits, checkPropertyWithout } from "../../verify/property-fits.js";
import { observed, type Watch } from "../observer.js";
import { type ClaimedGroup, claimedGroups } from "./claimed.js";
import { missingCase } from "./claimed-cases.js";
import { ExampleBook, exampleOf } from "./claimed-examples.js";
import { type CertificateRequirements, lackingIn, lackingOf } from "./requirements.js";

/** What a certificate is checked against. */
export interface CheckedAgainst {
  /** One model, or the stages of a cascade. */
  readonly stages: readonly LoadedModel[];
  /** Where it is given, the examples of claims must be its own. */
  readonly dataset?: Dataset;
  /** Where it is given, every case of it must be claimed, of one model run in one way. */
  readonly property?: Property;
  /** What claims must say beside being true. */
  readonly required?: CertificateRequirements;
}

/** The first thing that does not hold. */
export interface CertificateFault {
  /** The claim's place in the file, from 0; null if one is missing. */
  readonly claim: number | null;
  /** The example that it is about. */
  readonly example: number | null;
  readonly what: string;
}

/** What became of a check. */
export interface CheckOutcome {
  /** Null: every claim was bounded again. */
  readonly fault: CertificateFault | null;
  /** How many claims were bounded again. */
  readonly checked: number;
  /** Whose answers claims are about: of a cascade those of single stages, whichever of them answers. */
  readonly about: About;
  /** What the claims say; empty where there is a fault. */
  readonly claimed: readonly ClaimedGroup[];
}

/**
 * Checks a certificate claim by claim, until one does not hold, or does not say what is required. Throws the reason of the signal, or of a
 * `stop`, which is heard within a claim, too.
 */
export async function checkClaims(
  { claims }: Certificate,
  against: CheckedAgainst,
  watch: Watch & { readonly stop?: Stop | undefined } = {},
): Promise<CheckOutcome> {
  const { stages, property, required = {} } = against;
  const about = aboutOf(stages.length);
  return observed(watch, { name: "check", total: claims.length }, async (seen) => {
    const { signal, stop } = watch;
    const checker = new ClaimChecker(against, () => stop?.throwIfAborted());
    for (const [i, claim] of claims.entries()) {
      const what = checker.faultOf(i, claim);
      if (what !== null) {
        const example = claim.kind === "robust" ? claim.index : null;
        return { about, claimed: [], checked: i, fault: { claim: i, example, what: plainText(what, 500) } };
      }
      seen.update(i + 1, {});
      await letIn(signal);
      stop?.throwIfAborted();
    }
    const missing = lackingOf(checker.examples, required) ?? (property && missingCase(claims, property));
    const fault = typeof missing === "string" ? { claim: null, example: null, what: missing } : null;
    return { about, claimed: fault ? [] : claimedGroups(claims, stages), checked: claims.length, fault };
  });
}

/** With ε the box is that of certify unless told: the data's own where they have one. */
function requiredOf({ required = {}, dataset }: CheckedAgainst): CertificateRequirements {
  const isOpen = required.epsilon !== undefined && required.box === undefined;
  return isOpen && dataset?.box ? { ...required, box: dataset.box } : required;
}

/** What the checks of a file's claims have in common. */
class ClaimChecker {
  readonly #against: CheckedAgainst;
  readonly #networks = new Map<string, CheckedNetwork>();
  readonly #book: ExampleBook;
  readonly #features: number;
  readonly #step: () => void;

  /** `step` is called now and then, and may end the check by what it throws. */
  constructor(against: CheckedAgainst, step: () => void) {
    this.#step = step;
    this.#against = { ...against, ...(against.required && { required: requiredOf(against) }) };
    this.#features = sizeOf(against.stages[0].network.inputShape);
    this.#book = new ExampleBook(this.#features);
  }

  /** How many examples claims were about so far. */
  get examples(): number {
    return this.#book.size;
  }

  faultOf(number: number, claim: Claim): string | null {
    const { stages, dataset, required } = this.#against;
    const model = stages.find(({ sha256 }) => sha256 === claim.model);
    if (!model) {
      const found = stages.map(({ sha256 }) => sha256).join(", ");
      return `expected the model with SHA-256 ${claim.model}, found ${found}`;
    }
    try {
      const lacking = required ? lackingIn(claim, required, this.#features) : null;
      if (lacking !== null) return lacking;
      const key = `${claim.model} ${claim.evaluation}`;
      const network = this.#networks.get(key) ?? {
        ...checkedNetwork(model, MACHINES[claim.evaluation]),
        step: this.#step,
      };
      this.#networks.set(key, network);
      if (claim.kind === "robust") {
        this.#book.enter(number, claim);
        checkClaim(network, claim, dataset && exampleOf(claim, dataset));
      } else checkClaim(network, claim);
      return null;
    } catch (error) {
      if (error instanceof Refusal || error instanceof FormatError) return error.message;
      throw error;
    }
  }
}

/**
 * Throws a `UsageError` or a `ShapeError` for what a certificate cannot be compared with: a property with a cascade or with another
 * network, data with claims about no examples. `names` are those of the data and of the property in errors.
 */
export function checkComparable(
  { claims }: Certificate,
  { stages, property, hasData }: Pick<CheckedAgainst, "stages" | "property"> & { readonly hasData: boolean },
  names: { readonly data: string; readonly property: string },
): void {
  if (hasData && claims.every(({ kind }) => kind !== "robust")) {
    throw new UsageError(
      `${names.data}: expected claims about examples, found claims about properties alone`,
    );
  }
  if (!property) return;
  if (stages.length > 1) {
    throw new UsageError(
      `${names.property}: expected one model, as a property is that of a single network, found ${stages.length} stages of a cascade`,
    );
  }
  checkPropertyWithout(stages[0].leftOut, property, stages[0].path);
  try {
    checkPropertyFits(stages[0].network, property);
  } catch (error) {
    throw error instanceof ShapeError ? new ShapeError(`${names.property}: ${error.message}`) : error;
  }
}
