/**
 * An equation of an Einsum whose operands have so many axes, each ellipsis by a digit for each axis that it stands for: the same in
 * all operands, and the first of the result where there is no arrow.
 */
export function withoutEllipses(equation: string, ranks: readonly number[]): string {
  if (!equation.includes("...")) return equation;
  const [left, right] = equation.split("->");
  const words = left.split(",");
  const counts = words.flatMap((word, i) =>
    word.includes("...") ? [(ranks[i] ?? 0) - word.replace("...", "").length] : [],
  );
  const digits = "0123456789".slice(0, Math.max(0, ...counts));
  const letters = [...left.replace(/[.,]/g, "")];
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort();
  const result = right ?? `...${once.join("")}`;
  return `${left.replaceAll("...", digits)}->${result.replace("...", digits)}`;
}
