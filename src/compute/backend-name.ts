/** What flags and files of earlier versions called the portable backend. */
export const EARLIER_NAME = "reference";

/** A backend's name as it is now. */
export function presentName<N extends string>(name: N): Exclude<N, typeof EARLIER_NAME> | "portable" {
  return name === EARLIER_NAME ? "portable" : (name as Exclude<N, typeof EARLIER_NAME>);
}
