import { formatMargin } from "./numbers.js";

/** The bound against one class. */
export interface ClassMargin {
  readonly name: string;
  readonly margin: number | null;
}

const COLUMN = 13;
const HEIGHT = 44;
const LETTERS = 12;

interface BarsProps {
  readonly margins: readonly ClassMargin[];
  /** What the tallest bar stands for; taller ones are cut. Heights grow with the square root. */
  readonly scale: number;
}

/** Small bars around 0, a class each: up and full where the bound is above 0, down and outlined where it is not. */
export function MarginBars({ margins, scale }: BarsProps) {
  const middle = HEIGHT / 2;
  // One letter per class where that tells them apart.
  const letters = new Set(margins.map(({ name }) => name.slice(0, 1))).size === margins.length ? 1 : 2;
  const known = margins.filter(({ margin }) => margin !== null);
  const least = known.reduce<ClassMargin | null>(
    (best, each) => (best === null || (each.margin ?? 0) < (best.margin ?? 0) ? each : best),
    null,
  );
  const words = least ? `smallest bound ${formatMargin(least.margin)} against ${least.name}` : "no bounds";
  return (
    <svg
      class="margin-bars"
      viewBox={`0 0 ${COLUMN * margins.length} ${HEIGHT + LETTERS}`}
      width={COLUMN * margins.length}
      height={HEIGHT + LETTERS}
      role="img"
      aria-label={words}
    >
      <path class="zero" d={`M0 ${middle}H${COLUMN * margins.length}`} />
      {margins.map(({ name, margin }, i) => (
        <>
          {margin === null ? (
            <text x={COLUMN * (i + 0.5)} y={middle - 3} class="no-bound">
              ?
            </text>
          ) : (
            <Bar margin={margin} scale={scale} left={COLUMN * i + 2.5} />
          )}
          <text x={COLUMN * (i + 0.5)} y={HEIGHT + LETTERS - 2}>
            {name.slice(0, letters)}
          </text>
        </>
      ))}
    </svg>
  );
}

function Bar({
  margin,
  scale,
  left,
}: {
  readonly margin: number;
  readonly scale: number;
  readonly left: number;
}) {
  const middle = HEIGHT / 2;
  const height =
    Math.round(10 * Math.max(1, Math.min(1, Math.sqrt(Math.abs(margin) / scale)) * (middle - 1))) / 10;
  const up = margin > 0;
  return (
    <rect
      class={up ? "bar" : "bar below"}
      x={left}
      y={up ? middle - height : middle}
      width={COLUMN - 5}
      height={height}
    />
  );
}
