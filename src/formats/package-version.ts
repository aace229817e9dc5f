/** The version of this package, as in its package.json: what files name their maker by. */
export function packageVersion(): string {
  return "0.1.0";
}
