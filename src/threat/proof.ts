/**
 * Whether a lower bound proves what it is about: above 0, and a number at that. NaN and overflow prove nothing. The one rule of
 * certificates, radii, properties, cascades and evaluations; bounds have counted their rounding before they are asked about.
 */
export function isProof(bound: number): boolean {
  return bound > 0 && Number.isFinite(bound);
}
