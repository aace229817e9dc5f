import { boundPart, type CheckedPart } from "../../check/bounds.js";
import type { CheckedNetwork } from "../../check/network.js";
import { type HintedPlan, HintReader } from "../../formats/certificate/hints.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import type { CertificatePlan } from "../../formats/certificate/schema.js";
import { encodeNeurons, encodePlan, type ListedNeurons } from "./encode-hints.js";
import type { ProofPlan } from "./proof.js";

/** Plans that parts of trees name by their place: each once, however many parts share it. */
export class PlanTable {
  readonly encoded: CertificatePlan[] = [];
  /** The lists of neurons that all plans are about, as they stand in a claim. */
  readonly neurons: Record<string, string>;
  readonly reader: HintReader;
  readonly #network: CheckedNetwork;
  readonly #listed: ListedNeurons;
  readonly #places = new Map<ProofPlan, number>();
  readonly #whole = new Map<number, CheckedPart>();

  constructor(network: CheckedNetwork, listed: ListedNeurons) {
    this.#network = network;
    this.#listed = listed;
    this.neurons = encodeNeurons(network, listed);
    this.reader = new HintReader(network.layers, this.neurons);
  }

  placeOf(plan: ProofPlan): number {
    const known = this.#places.get(plan);
    if (known !== undefined) return known;
    this.encoded.push(encodePlan(this.#network, this.#listed, plan));
    this.#places.set(plan, this.encoded.length - 1);
    return this.encoded.length - 1;
  }

  /** The bounds of a whole region by a plan: all trees that begin with it have them. */
  whole(place: number, region: ClaimedRegion): CheckedPart {
    const known = this.#whole.get(place) ?? boundPart(this.#network, region, this.read(place));
    this.#whole.set(place, known);
    return known;
  }

  /** As the checker reads it. */
  read(place: number): HintedPlan {
    return this.reader.plan(this.encoded[place]);
  }
}
