import { niceStep } from "./bins.js";

/** A lower bound with its sign, rounded down to three digits: +1.23, −0.0456; `unknown` where it is no number. */
export function formatMargin(margin: number | null): string {
  if (margin === null) return "unknown";
  if (margin === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(margin)));
  const step = 10 ** (2 - exponent);
  // 1.23 · 100 may be a little less than 123: that is no reason to round down.
  const rounded = Math.floor(margin * step + 1e-9) / step;
  const text =
    Math.abs(rounded) < 1e-4 ? Math.abs(rounded).toExponential(2) : Math.abs(rounded).toPrecision(3);
  return `${margin > 0 ? "+" : "−"}${text}`;
}

/** A figure of a curve: four digits. */
export function formatValue(value: number): string {
  const text = String(Number(value.toPrecision(4)));
  return text.replace("-", "−");
}

/** Round numbers within a domain, about `wanted` of them; whole ones on request. */
export function evenTicks(low: number, high: number, wanted: number, whole = false): number[] {
  // Of the largest doubles a difference is none.
  const step = niceStep(Math.max(high / wanted - low / wanted, whole ? 1 : 0) || 1);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}
