import type { CheckedLayer, CheckedNetwork } from "../../check/network.js";
import { base64Of, encodeListed } from "../../formats/certificate/numbers.js";
import type { CertificateLines, CertificatePlan } from "../../formats/certificate/schema.js";
import type { LineSlopes, ProofPlan } from "./proof.js";

/** By activation's node, the neurons that hints are about, in order. */
export type ListedNeurons = ReadonlyMap<number, Int32Array>;

/** The lists of neurons, as they stand in a claim. */
export function encodeNeurons({ layers }: CheckedNetwork, listed: ListedNeurons): Record<string, string> {
  return Object.fromEntries(
    [...listed]
      .sort(([a], [b]) => a - b)
      .map(([node, neurons]) => {
        const { name, from, to } = layers[node];
        return [name, encodeListed(neurons, to - from)];
      }),
  );
}

/** A plan, as it stands in a claim. Slopes are rounded to a byte, which any bound survives. */
export function encodePlan(
  network: CheckedNetwork,
  listed: ListedNeurons,
  { rows, slopes }: ProofPlan,
): CertificatePlan {
  const plan: CertificatePlan = {};
  const { layers } = network;
  for (const node of new Set([...rows.keys(), ...slopes.keys()])) {
    const own = rows.get(node);
    plan[layers[node].name] = {
      ...encodeLines(layers[node], slopes.get(node)),
      ...(own && { rows: true }),
      ...(own?.slopes && { rowSlopes: base64Of(rowBytes(layers, listed, node, own.slopes)) }),
    };
  }
  return plan;
}

/** Slopes by activation, as they stand in a claim. */
export function encodeSlopes(
  { layers }: CheckedNetwork,
  slopes: ReadonlyMap<number, LineSlopes>,
): Record<string, CertificateLines> {
  return Object.fromEntries(
    [...slopes].map(([node, own]) => [layers[node].name, encodeLines(layers[node], own)]),
  );
}

function encodeLines({ curve }: CheckedLayer, { lower, upper }: LineSlopes = {}): CertificateLines {
  const bytes = (slopes: ArrayLike<number>) =>
    base64Of(Uint8Array.from(slopes, (slope) => byteOf(slope, curve?.steepest ?? 1)));
  return {
    ...(lower !== undefined && { lower: lower === "adaptive" ? lower : bytes(lower) }),
    ...(upper !== undefined && { upper: bytes(upper) }),
  };
}

function rowBytes(
  layers: readonly CheckedLayer[],
  listed: ListedNeurons,
  node: number,
  slopes: ArrayLike<number>,
): Uint8Array {
  const before = [...listed].filter(([own]) => own < node).sort(([a], [b]) => a - b);
  const steepest = before.flatMap(([own, { length }]) =>
    Array<number>(length).fill(layers[own].curve?.steepest ?? 1),
  );
  return Uint8Array.from(slopes, (slope, i) => byteOf(slope, steepest[i % steepest.length]));
}

function byteOf(slope: number, steepest: number): number {
  return Math.max(0, Math.min(255, Math.round((255 * slope) / steepest)));
}
