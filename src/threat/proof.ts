/**
 * Whether a lower bound proves what it is about: above what its own rounding may have made of it, and a number at that. NaN
 * and overflow prove nothing. The one rule of certificates, radii, properties, cascades and evaluations; `rounding` is in the
 * bound's units.
 */
export function isProof(bound: number, rounding = 0): boolean {
  const proved = bound - rounding;
  return proved > 0 && Number.isFinite(proved);
}
