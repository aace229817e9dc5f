import type { Backend, Tensor } from "../../../src/compute/backend.js";
import type { Draw } from "./draw.js";
import { call, type Drawn } from "./operations.js";

/** Rows `[f, R]` that are there, their owners, and so many tensors `[f, C]`. */
function owned(d: Draw, others: number) {
  const x = d.tensor();
  const { owners, columns } = d.owners(x.rows);
  return { x, owners, columns, by: Array.from({ length: others }, () => d.tensor(x.features, columns)) };
}

/** Operations on rows and their owners, norms, patches, runs of rows, losses. */
export const ROW_OPERATIONS: Readonly<Record<string, Drawn>> = {
  scaleShift(d) {
    const { x, owners, by } = owned(d, 2);
    const which = d.from.integer(4);
    const run = (b: Backend, [t, scale, shift]: Tensor[]) =>
      b.scaleShift(t, which & 1 ? scale : null, which & 2 ? shift : null, owners);
    return call("scaleShift", [x, ...by], run);
  },
  scaleBySign(d) {
    const { x, owners, by } = owned(d, 2);
    return call("scaleBySign", [x, ...by], (b, [t, p, n]) => b.scaleBySign(t, p, n, owners));
  },
  scaleBySignGradient(d) {
    const { x, owners, by } = owned(d, 2);
    const run = (b: Backend, [t, p, n, g]: Tensor[]) => ({ ...b.scaleBySignGradient(t, p, n, g, owners) });
    return call("scaleBySignGradient", [x, ...by, d.like(x)], run);
  },
  spread(d) {
    const rows = d.size();
    const { owners, columns } = d.owners(rows);
    const stated = d.stated(rows);
    return call("spread", [d.tensor(null, columns)], (b, [x]) => b.spread(x, owners, stated));
  },
  sumRows(d) {
    const { x, owners, columns } = owned(d, 0);
    const stated = d.stated(columns);
    return call("sumRows", [x], (b, [t]) => b.sumRows(t, owners, stated));
  },
  multiplySumRows(d) {
    const { x, owners, columns } = owned(d, 0);
    const stated = d.stated(columns);
    return call("multiplySumRows", [x, d.like(x)], (b, [s, t]) => b.multiplySumRows(s, t, owners, stated));
  },
  dot(d) {
    const { x, owners, by } = owned(d, 1);
    return call("dot", [x, ...by], (b, [t, w]) => b.dot(t, w, owners));
  },
  outer(d) {
    const rows = d.size();
    const { owners, columns } = d.owners(rows);
    return call("outer", [d.tensor(null, columns), d.tensor(1, rows)], (b, [w, s]) => b.outer(w, s, owners));
  },
  outerSumRows(d) {
    const { x, owners, columns } = owned(d, 0);
    const stated = d.stated(columns);
    return call("outerSumRows", [x, d.tensor(1, x.rows)], (b, [t, s]) =>
      b.outerSumRows(t, s, owners, stated),
    );
  },
  norm(d) {
    const { x, owners, by } = owned(d, 1);
    const order = d.order();
    return call("norm", [x, ...by], (b, [t, w]) => b.norm(t, w, owners, order));
  },
  normGradient(d) {
    // Products are exact, so that both know the largest; and the value is the norm itself.
    const x = d.fresh(d.size(), d.size(), "dyadic");
    const { owners, columns } = d.owners(x.rows);
    const weight = d.fresh(x.features, columns, "dyadic");
    const order = d.order();
    const value = d.bench.call(call("norm", [x, weight], (b, [t, w]) => b.norm(t, w, owners, order)));
    const inputs = [x, weight, value?.[0] ?? d.tensor(1, x.rows), d.tensor(1, x.rows)];
    const run = (b: Backend, [t, w, v, g]: Tensor[]) => ({ ...b.normGradient(t, w, v, g, owners, order) });
    return call("normGradient", inputs, run, { times: 16 });
  },
  normRows(d) {
    const { x, owners, columns } = owned(d, 0);
    const [order, stated] = [d.order(), d.stated(columns)];
    return call("normRows", [x], (b, [t]) => b.normRows(t, owners, stated, order));
  },
  normRowsGradient(d) {
    const x = d.fresh(d.size(), d.size(), "dyadic");
    const { owners, columns } = d.owners(x.rows);
    const order = d.order();
    const value = d.bench.call(call("normRows", [x], (b, [t]) => b.normRows(t, owners, columns, order)));
    const inputs = [x, value?.[0] ?? d.tensor(x.features, columns), d.tensor(x.features, columns)];
    const run = (b: Backend, [t, v, g]: Tensor[]) => b.normRowsGradient(t, v, g, owners, order);
    return call("normRowsGradient", inputs, run, { times: 16 });
  },
  enclose(d) {
    const { x, owners, by } = owned(d, 2);
    return call("enclose", [x, ...by], (b, [nu, slope, radius]) => ({
      ...b.enclose(nu, slope, radius, owners),
    }));
  },
  encloseGradient(d) {
    const { x, owners, by } = owned(d, 2);
    const run = (b: Backend, [nu, slope, radius, gNu, gRadius]: Tensor[]) => ({
      ...b.encloseGradient(nu, slope, radius, gNu, gRadius, owners),
    });
    return call("encloseGradient", [x, ...by, d.like(x), d.tensor(1, x.rows)], run);
  },
  crop(d) {
    const rows = d.size();
    const window = d.window(rows);
    const { owners, columns } = d.owners(rows);
    const image = window.channels * window.height * window.width;
    return call("crop", [d.tensor(image, columns)], (b, [x]) => b.crop(x, owners, window));
  },
  cropTranspose(d) {
    const rows = d.size();
    const window = d.window(rows);
    const { owners, columns } = d.owners(rows);
    const patch = Math.max(0, Math.trunc(window.channels * window.patchHeight * window.patchWidth) || 0);
    const stated = d.stated(columns);
    const y = d.tensor(patch > 1000 ? 1 : patch, rows);
    return call("cropTranspose", [y], (b, [t]) => b.cropTranspose(t, owners, window, stated));
  },
  medianRows(d) {
    const times = d.between(1, 9);
    const x = d.fresh(d.size(), times * d.size(), d.chance(0.5) ? "dyadic" : "odd");
    const stated = d.stated(times);
    return call("medianRows", [x], (b, [t]) => ({ ...b.medianRows(t, stated) }));
  },
  medianRowsGradient(d) {
    const times = d.between(1, 9);
    const x = d.fresh(d.size(), times * d.size(), "dyadic");
    const medians = d.bench.call(call("medianRows", [x], (b, [t]) => ({ ...b.medianRows(t, times) })));
    const index = medians?.[1] ?? d.tensor(x.features, x.rows / times);
    const stated = d.stated(times);
    const run = (b: Backend, [t, i, g]: Tensor[]) => b.medianRowsGradient(t, i, g, stated);
    return call("medianRowsGradient", [x, index, d.like(index)], run);
  },
  geometricMeanRows(d) {
    const times = d.between(1, 9);
    const x = d.fresh(d.size(), times * d.size());
    const stated = d.stated(times);
    return call("geometricMeanRows", [x], (b, [t]) => b.geometricMeanRows(t, stated));
  },
  addNoise(d) {
    const times = d.between(1, 20);
    const radius = d.tensor();
    const [noise, stated] = [d.noise(radius.rows), d.stated(times)];
    if (d.chance(0.4))
      return call("addNoise", [radius], (b, [r]) => b.addNoise(null, null, r, stated, noise));
    const x = d.tensor(radius.features, radius.rows * times);
    const run = (b: Backend, [t, s, r]: Tensor[]) => b.addNoise(t, s, r, stated, noise);
    return call("addNoise", [x, d.like(radius), radius], run, { times: 8 });
  },
  addNoiseGradient(d) {
    const times = d.between(1, 20);
    const radius = d.tensor();
    const [noise, stated] = [d.noise(radius.rows), d.stated(times)];
    const g = d.tensor(radius.features, radius.rows * times);
    if (d.chance(0.4)) {
      const run = (b: Backend, [r, h]: Tensor[]) => ({
        ...b.addNoiseGradient(null, null, r, h, stated, noise),
      });
      return call("addNoiseGradient", [radius, g], run, { times: 64 });
    }
    const run = (b: Backend, [t, s, r, h]: Tensor[]) => ({
      ...b.addNoiseGradient(t, s, r, h, stated, noise),
    });
    return call("addNoiseGradient", [d.like(g), d.like(radius), radius, g], run, { times: 64 });
  },
  softmaxCrossEntropy(d) {
    const logits = d.fresh(1 + d.size(), d.size(), d.chance(0.1) ? "odd" : "normal");
    const labels = d.index(logits.rows, 0, logits.features);
    return call("softmaxCrossEntropy", [logits], (b, [z]) => b.softmaxCrossEntropy(z, labels));
  },
  softmaxCrossEntropyGradient(d) {
    const logits = d.fresh(1 + d.size(), d.size());
    const labels = d.index(logits.rows, 0, logits.features);
    const run = (b: Backend, [z, g]: Tensor[]) => b.softmaxCrossEntropyGradient(z, labels, g);
    return call("softmaxCrossEntropyGradient", [logits, d.tensor(1, logits.rows)], run);
  },
  adamStep(d) {
    const [features, rows] = [d.size(), d.size()];
    const state = [d.fresh(features, rows), d.fresh(features, rows), d.fresh(features, rows, "positive")];
    const settings = {
      rate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: d.pick([0, 0.01]),
      step: d.between(1, 5),
    };
    const [gradient] = [d.fresh(features, rows)];
    const run = (b: Backend, [w, m, v, g]: Tensor[]) => {
      b.adamStep(w, g, m, v, settings);
      return {};
    };
    return call("adamStep", [...state, gradient], run, { writes: [0, 1, 2] });
  },
};
