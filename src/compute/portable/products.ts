import type { FloatArray } from "../backend.js";

/**
 * out[outBase + a·outStride][r] = start[a] + Σ_k w[weightBase + a·weightStride + weight[k]] · x[feature[k]][r]
 * for a < channels and every row r. Linear maps, convolutions and their transposes with few taps or outputs; blocked in
 * registers, 4 channels × 2 rows. It reads tensors as they lie; `packed-product.ts` rearranges larger ones first.
 */
export function multiply(
  w: FloatArray,
  weightBase: number,
  weightStride: number,
  weight: Int32Array,
  x: FloatArray,
  feature: Int32Array,
  count: number,
  out: FloatArray,
  outBase: number,
  outStride: number,
  channels: number,
  rows: number,
  start: FloatArray | null,
  startBase: number,
): void {
  const step = outStride * rows;
  let a = 0;
  for (; a + 4 <= channels; a += 4) {
    const p0 = weightBase + a * weightStride;
    const p1 = p0 + weightStride;
    const p2 = p1 + weightStride;
    const p3 = p2 + weightStride;
    const s0 = start ? start[startBase + a] : 0;
    const s1 = start ? start[startBase + a + 1] : 0;
    const s2 = start ? start[startBase + a + 2] : 0;
    const s3 = start ? start[startBase + a + 3] : 0;
    const o0 = outBase * rows + a * step;
    const o1 = o0 + step;
    const o2 = o1 + step;
    const o3 = o2 + step;
    let r = 0;
    for (; r + 2 <= rows; r += 2) {
      let c00 = s0;
      let c01 = s0;
      let c10 = s1;
      let c11 = s1;
      let c20 = s2;
      let c21 = s2;
      let c30 = s3;
      let c31 = s3;
      for (let k = 0; k < count; k++) {
        const i = r + feature[k] * rows;
        const j = weight[k];
        const xa = x[i];
        const xb = x[i + 1];
        const w0 = w[p0 + j];
        const w1 = w[p1 + j];
        const w2 = w[p2 + j];
        const w3 = w[p3 + j];
        c00 += w0 * xa;
        c01 += w0 * xb;
        c10 += w1 * xa;
        c11 += w1 * xb;
        c20 += w2 * xa;
        c21 += w2 * xb;
        c30 += w3 * xa;
        c31 += w3 * xb;
      }
      out[o0 + r] = c00;
      out[o0 + r + 1] = c01;
      out[o1 + r] = c10;
      out[o1 + r + 1] = c11;
      out[o2 + r] = c20;
      out[o2 + r + 1] = c21;
      out[o3 + r] = c30;
      out[o3 + r + 1] = c31;
    }
    if (r < rows) {
      let c0 = s0;
      let c1 = s1;
      let c2 = s2;
      let c3 = s3;
      for (let k = 0; k < count; k++) {
        const xa = x[r + feature[k] * rows];
        const j = weight[k];
        c0 += w[p0 + j] * xa;
        c1 += w[p1 + j] * xa;
        c2 += w[p2 + j] * xa;
        c3 += w[p3 + j] * xa;
      }
      out[o0 + r] = c0;
      out[o1 + r] = c1;
      out[o2 + r] = c2;
      out[o3 + r] = c3;
    }
  }
  for (; a < channels; a++) {
    const p = weightBase + a * weightStride;
    const s = start ? start[startBase + a] : 0;
    const o = outBase * rows + a * step;
    let r = 0;
    for (; r + 8 <= rows; r += 8) {
      let c0 = s;
      let c1 = s;
      let c2 = s;
      let c3 = s;
      let c4 = s;
      let c5 = s;
      let c6 = s;
      let c7 = s;
      for (let k = 0; k < count; k++) {
        const i = r + feature[k] * rows;
        const v = w[p + weight[k]];
        c0 += v * x[i];
        c1 += v * x[i + 1];
        c2 += v * x[i + 2];
        c3 += v * x[i + 3];
        c4 += v * x[i + 4];
        c5 += v * x[i + 5];
        c6 += v * x[i + 6];
        c7 += v * x[i + 7];
      }
      out[o + r] = c0;
      out[o + r + 1] = c1;
      out[o + r + 2] = c2;
      out[o + r + 3] = c3;
      out[o + r + 4] = c4;
      out[o + r + 5] = c5;
      out[o + r + 6] = c6;
      out[o + r + 7] = c7;
    }
    for (; r < rows; r++) {
      let c = s;
      for (let k = 0; k < count; k++) c += w[p + weight[k]] * x[r + feature[k] * rows];
      out[o + r] = c;
    }
  }
}

/**
 * gradient[gBase + a·gStride + weight[k]] += Σ_r y[yBase + a·yStride][r] · x[feature[k]][r] for a < channels; blocked in
 * registers, 4 channels × 2 taps.
 */
export function accumulate(
  y: FloatArray,
  yBase: number,
  yStride: number,
  channels: number,
  x: FloatArray,
  feature: Int32Array,
  weight: Int32Array,
  count: number,
  gradient: FloatArray,
  gBase: number,
  gStride: number,
  rows: number,
): void {
  let a = 0;
  for (; a + 4 <= channels; a += 4) {
    const y0 = (yBase + a * yStride) * rows;
    const y1 = y0 + yStride * rows;
    const y2 = y1 + yStride * rows;
    const y3 = y2 + yStride * rows;
    const g0 = gBase + a * gStride;
    const g1 = g0 + gStride;
    const g2 = g1 + gStride;
    const g3 = g2 + gStride;
    let k = 0;
    for (; k + 2 <= count; k += 2) {
      const ia = feature[k] * rows;
      const ib = feature[k + 1] * rows;
      let c00 = 0;
      let c01 = 0;
      let c10 = 0;
      let c11 = 0;
      let c20 = 0;
      let c21 = 0;
      let c30 = 0;
      let c31 = 0;
      for (let r = 0; r < rows; r++) {
        const xa = x[ia + r];
        const xb = x[ib + r];
        const v0 = y[y0 + r];
        const v1 = y[y1 + r];
        const v2 = y[y2 + r];
        const v3 = y[y3 + r];
        c00 += v0 * xa;
        c01 += v0 * xb;
        c10 += v1 * xa;
        c11 += v1 * xb;
        c20 += v2 * xa;
        c21 += v2 * xb;
        c30 += v3 * xa;
        c31 += v3 * xb;
      }
      const ja = weight[k];
      const jb = weight[k + 1];
      gradient[g0 + ja] += c00;
      gradient[g0 + jb] += c01;
      gradient[g1 + ja] += c10;
      gradient[g1 + jb] += c11;
      gradient[g2 + ja] += c20;
      gradient[g2 + jb] += c21;
      gradient[g3 + ja] += c30;
      gradient[g3 + jb] += c31;
    }
    for (; k < count; k++) {
      const ia = feature[k] * rows;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      for (let r = 0; r < rows; r++) {
        const xa = x[ia + r];
        c0 += y[y0 + r] * xa;
        c1 += y[y1 + r] * xa;
        c2 += y[y2 + r] * xa;
        c3 += y[y3 + r] * xa;
      }
      const j = weight[k];
      gradient[g0 + j] += c0;
      gradient[g1 + j] += c1;
      gradient[g2 + j] += c2;
      gradient[g3 + j] += c3;
    }
  }
  for (; a < channels; a++) {
    const y0 = (yBase + a * yStride) * rows;
    const g0 = gBase + a * gStride;
    for (let k = 0; k < count; k++) {
      const i = feature[k] * rows;
      let c = 0;
      for (let r = 0; r < rows; r++) c += y[y0 + r] * x[i + r];
      gradient[g0 + weight[k]] += c;
    }
  }
}
