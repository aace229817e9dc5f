import type { Path } from "./strokes.js";

/** Height and width of a glyph in pixels. */
export const SIDE = 28;

/**
 * Draws a path with a round pen onto `canvas` [SIDE · SIDE], anti-aliased: a pixel's coverage falls linearly from
 * 1 to 0 within half a pixel on either side of the stroke's edge; where strokes overlap, the larger one stays.
 *
 * Coordinates are in pixels, pixel (row, column) centred at (row + 0.5, column + 0.5). The pen's half-width goes
 * evenly from `begin` to `end` along the path.
 */
export function drawPath(canvas: Float64Array, path: Path, begin: number, end: number): void {
  const pieces = path.length / 2 - 1;
  for (let i = 0; i < pieces; i++) {
    const r0 = begin + ((end - begin) * i) / pieces;
    const r1 = begin + ((end - begin) * (i + 1)) / pieces;
    drawPiece(canvas, path[2 * i]!, path[2 * i + 1]!, path[2 * i + 2]!, path[2 * i + 3]!, (r0 + r1) / 2);
  }
}

function drawPiece(canvas: Float64Array, x0: number, y0: number, x1: number, y1: number, half: number): void {
  const reach = half + 0.5;
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach - 0.5));
  const right = Math.min(SIDE - 1, Math.floor(Math.max(x0, x1) + reach - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach - 0.5));
  const bottom = Math.min(SIDE - 1, Math.floor(Math.max(y0, y1) + reach - 0.5));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy;
  const inverse = squared > 0 ? 1 / squared : 0;
  for (let row = top; row <= bottom; row++) {
    const py = row + 0.5 - y0;
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - x0;
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) * inverse));
      const ex = px - along * dx;
      const ey = py - along * dy;
      const distance = ex * ex + ey * ey;
      if (distance >= reach * reach) continue;
      const coverage = Math.min(1, reach - Math.sqrt(distance));
      const at = row * SIDE + column;
      if (coverage > canvas[at]!) canvas[at] = coverage;
    }
  }
}
