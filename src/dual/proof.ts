/** Whether a margin's lower bound proves anything: above 0, and a number at that. NaN and overflow prove nothing. */
export function isProof(margin: number): boolean {
  return margin > 0 && Number.isFinite(margin);
}
