/** Survivors that no test can tell: the text `was` in `file`, on the line `at` if that is given, taken for `becomes`. */
export const EQUIVALENTS = [];
