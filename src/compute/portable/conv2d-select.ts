import type { Backend } from "../backend.js";
import type { Conv2dGeometry } from "../geometry.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";
import { endInside, firstInside } from "./window.js";

/** Rows of a convolution's matrix (one output neuron each), and the derivative in the weights. */
export function conv2dSelectOperations(
  memory: PortableMemory,
): Pick<Backend, "conv2dSelect" | "conv2dSelectGradient"> {
  return {
    conv2dSelect(weight, index, geometry) {
      const w = memory.take(weight);
      const out = memory.zeros(rules.conv2dSelect(w, index, geometry));
      const [from, to] = [w.values, out.values];
      for (let row = 0; row < index.length; row++) {
        eachLine(geometry, index[row], (kernel, feature, count) => {
          for (let k = 0; k < count; k++) {
            to[(feature + k * geometry.dilationWidth) * index.length + row] = from[kernel + k];
          }
        });
      }
      return out;
    },

    conv2dSelectGradient(g, index, geometry) {
      const gradient = memory.take(g);
      const out = memory.zeros(rules.conv2dSelectGradient(gradient, index, geometry));
      const sums = new Float64Array(out.values.length);
      const from = gradient.values;
      for (let row = 0; row < index.length; row++) {
        eachLine(geometry, index[row], (kernel, feature, count) => {
          for (let k = 0; k < count; k++) {
            sums[kernel + k] += from[(feature + k * geometry.dilationWidth) * index.length + row];
          }
        });
      }
      out.values.set(sums);
      return out;
    },
  };
}

/** Calls back for each kernel line inside the input of one output feature: first weight, first input feature, length. */
function eachLine(
  geometry: Conv2dGeometry,
  output: number,
  visit: (kernel: number, feature: number, count: number) => void,
): void {
  const { inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth, groups } = geometry;
  const channels = geometry.inChannels / groups;
  const outChannel = Math.floor(output / (outHeight * outWidth));
  const group = Math.floor(outChannel / (geometry.outChannels / groups));
  const top = (Math.floor(output / outWidth) % outHeight) * geometry.strideHeight - geometry.padTop;
  const left = (output % outWidth) * geometry.strideWidth - geometry.padLeft;
  const kyFirst = firstInside(top, geometry.dilationHeight);
  const kyEnd = endInside(top, geometry.dilationHeight, inHeight, kernelHeight);
  const kxFirst = firstInside(left, geometry.dilationWidth);
  const kxEnd = endInside(left, geometry.dilationWidth, inWidth, kernelWidth);
  if (kxEnd <= kxFirst) return;
  for (let channel = 0; channel < channels; channel++) {
    for (let ky = kyFirst; ky < kyEnd; ky++) {
      const line = (group * channels + channel) * inHeight + top + ky * geometry.dilationHeight;
      visit(
        ((outChannel * channels + channel) * kernelHeight + ky) * kernelWidth + kxFirst,
        line * inWidth + left + kxFirst * geometry.dilationWidth,
        kxEnd - kxFirst,
      );
    }
  }
}
