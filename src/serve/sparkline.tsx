import { scaled } from "../report/page/plot-frame.js";

interface SparklineProps {
  /** Above 0. */
  readonly values: readonly number[];
  readonly description: string;
}

/** A small curve without axes, on a log scale from its smallest value to its largest. */
export function Sparkline({ values, description }: SparklineProps) {
  const logs = values.map(Math.log);
  const low = logs.reduce((a, b) => Math.min(a, b));
  const high = logs.reduce((a, b) => Math.max(a, b));
  const most = Math.max(1, values.length - 1);
  const points = logs.map((log, i) => {
    const height = high > low ? (log - low) / (high - low) : 0.5;
    return `${scaled(i / most)} ${scaled(0.95 - 0.9 * height)}`;
  });
  return (
    <svg
      class="sparkline"
      viewBox="0 0 1000 1000"
      preserveAspectRatio="none"
      role="img"
      aria-label={description}
    >
      <path
        class={points.length === 1 ? "line c0 dot" : "line c0"}
        d={points.length === 1 ? `M${points[0]}h0` : `M${points.join("L")}`}
      />
    </svg>
  );
}
