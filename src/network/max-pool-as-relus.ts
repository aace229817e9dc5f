import { add, flatten, relu, reshape, scaleShift, take } from "./build-layer.js";
import type { MaxPoolLayer } from "./layers/max-pool.js";
import { windowGeometry } from "./layers/window.js";
import { type Attach, graph, type Handle, type Network } from "./network.js";
import type { Shape } from "./shape.js";

/**
 * The same function with every max pooling as a tree of max(a, b) = a + relu(b − a), so that branch and bound can decide
 * which input of a window is the largest. Parameters keep their names. A network without max pooling is given back.
 */
export function maxPoolAsRelus(network: Network): Network {
  if (network.nodes.every(({ layer }) => layer?.kind !== "max-pool")) return network;
  return graph(network.inputShape, (input, attach) => {
    const handles: Handle[] = [input];
    const taken = new Set(network.nodes.map(({ name }) => name));
    const part = (name: string): string => {
      let free = name;
      while (taken.has(free)) free += "'";
      taken.add(free);
      return free;
    };
    for (const [i, { layer, inputs, name, shape }] of network.nodes.entries()) {
      if (layer === null) continue;
      handles[i] =
        layer.kind === "max-pool"
          ? largestOf(
              attach,
              (suffix) => part(`${name}/${suffix}`),
              layer,
              handles[inputs[0] as number],
              shape,
            )
          : attach.named(name, layer, ...inputs.map((from) => handles[from]));
    }
    return handles[network.output];
  });
}

function largestOf(
  attach: Attach,
  part: (suffix: string) => string,
  layer: MaxPoolLayer,
  input: Handle,
  shape: Shape,
): Handle {
  const flat = attach.named(part("flat"), flatten(), input);
  let level = tapIndices(layer, input.shape, shape).map((index) =>
    attach.named(part("tap"), take(0, index), flat),
  );
  while (level.length > 1) {
    const next: Handle[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) next.push(larger(attach, part, level[i], level[i + 1]));
    if (level.length % 2 === 1) next.push(level[level.length - 1]);
    level = next;
  }
  return attach.named(part("image"), reshape(shape), level[0]);
}

/** a + relu(b − a). */
function larger(attach: Attach, part: (suffix: string) => string, a: Handle, b: Handle): Handle {
  const minus = attach.named(part("minus"), scaleShift(-1, 0), a);
  const more = attach.named(part("more"), relu(), attach.named(part("difference"), add(), b, minus));
  return attach.named(part("larger"), add(), a, more);
}

/**
 * For each place within the window, the input feature that every window has there. Where that lies in the padding, the
 * window's first input stands in, which changes no maximum; places that are so everywhere are left out.
 */
function tapIndices(layer: MaxPoolLayer, input: Shape, output: Shape): number[][] {
  const geometry = windowGeometry(layer, input, output);
  const { outChannels, outHeight, outWidth, inHeight, inWidth, kernelHeight, kernelWidth } = geometry;
  const taps: (number | null)[][] = Array.from({ length: kernelHeight * kernelWidth }, () => []);
  for (let c = 0; c < outChannels; c++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let tap = 0; tap < taps.length; tap++) {
          const ky = Math.floor(tap / kernelWidth);
          const y = oy * geometry.strideHeight - geometry.padTop + ky * geometry.dilationHeight;
          const x =
            ox * geometry.strideWidth - geometry.padLeft + (tap % kernelWidth) * geometry.dilationWidth;
          const inside = y >= 0 && y < inHeight && x >= 0 && x < inWidth;
          taps[tap].push(inside ? (c * inHeight + y) * inWidth + x : null);
        }
      }
    }
  }
  const first = taps[0].map((_, window) =>
    taps.map((own) => own[window]).find((feature) => feature !== null),
  );
  return taps
    .filter((own) => own.some((feature) => feature !== null))
    .map((own) => own.map((feature, window) => feature ?? (first[window] as number)));
}
