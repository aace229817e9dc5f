import { type RandomSource, random } from "../../compute/random.js";
import { checkLimit, type Dataset, type Split } from "../dataset.js";
import { ALLOGRAPHS } from "./allographs.js";
import { between, drawPose, place, shiftPaths } from "./pose.js";
import { drawPath, SIDE } from "./raster.js";
import { tracePaths } from "./strokes.js";

/** Number of examples in each split unless a limit says otherwise. */
export const GLYPH_COUNTS = { train: 10_000, test: 1_000 } as const satisfies Record<Split, number>;

const DIGITS = 10;
const PIXELS = SIDE * SIDE;

/** Wobble of each point of a stroke, in units of the allograph's box. */
const WOBBLE = 2.5;
/** Largest shift of the digit's centre from the image's centre, in pixels. */
const SHIFT = 4;
/** Largest amplitude of the noise under the digit, as a fraction of full ink. */
const NOISE = 0.04;

/**
 * Generated handwriting: ten classes of 1 × 28 × 28 digits, drawn with a round pen of 2.4 to 3.4 pixels in a
 * random pose, shape, pressure and ink.
 *
 * Example i depends on the seed, the split and i alone, not on `count`, and is the same on every machine. Every
 * ten examples in a row hold each digit once. Throws UsageError when `count` is not a positive integer.
 */
export function generateGlyphs(options: { split: Split; count?: number; seed?: number }): Dataset {
  const { split, count = GLYPH_COUNTS[split], seed = 0 } = options;
  checkLimit(count);
  const stream = random(seed, `glyphs/${split}`);
  const pixels = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  const canvas = new Float64Array(PIXELS);
  let order: Int32Array = new Int32Array(0);
  for (let i = 0; i < count; i++) {
    if (i % DIGITS === 0) order = stream.fork(`order/${i / DIGITS}`).permutation(DIGITS);
    const digit = order[i % DIGITS]!;
    labels[i] = digit;
    drawGlyph(canvas, digit, stream.fork(i));
    const start = i * PIXELS;
    for (let p = 0; p < PIXELS; p++) pixels[start + p] = Math.round(255 * canvas[p]!);
  }
  return {
    name: "glyphs",
    split,
    shape: [1, SIDE, SIDE],
    classes: DIGITS,
    count,
    pixels,
    labels,
    classNames: Array.from({ length: DIGITS }, (_, digit) => String(digit)),
    source: `generated from seed ${seed}`,
  };
}

/** Draws one digit onto `canvas` [28 · 28], row-major, in [0, 1]: 0 is paper, 1 full ink. */
export function drawGlyph(canvas: Float64Array, digit: number, source: RandomSource): void {
  const allographs = ALLOGRAPHS[digit]!;
  const allograph = allographs[source.integer(allographs.length)]!;
  const pose = drawPose(source);
  const paths = tracePaths(allograph, (x, y) =>
    place(pose, x + between(source, -WOBBLE, WOBBLE), y + between(source, -WOBBLE, WOBBLE)),
  );
  const pen = between(source, 1.2, 1.7);
  shiftPaths(paths, source, SHIFT, pen);

  canvas.fill(0);
  for (const path of paths) {
    // The pen lightens or presses harder along the stroke.
    drawPath(canvas, path, pen * between(source, 0.95, 1.1), pen * between(source, 0.95, 1.1));
  }
  const ink = between(source, 0.92, 1);
  const grain = between(source, 0, NOISE) / 2 ** 32;
  for (let p = 0; p < PIXELS; p++) {
    const coverage = canvas[p]!;
    canvas[p] = coverage * ink + (1 - coverage) * grain * source.bits();
  }
}
