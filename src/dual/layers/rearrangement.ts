import { dot, gather, scatterAdd, type Variable } from "../../autodiff/index.js";
import { type Owners, SHARED } from "../../compute/owners.js";
import type { LayerContext } from "../../network/layers/definition.js";
import { constantPart, type RearrangementLayer, sourceIndex } from "../../network/layers/rearrangement.js";
import { sizeOf } from "../../network/shape.js";
import { positionwiseCost } from "../cost.js";
import type { AffineDual, AffineRule, Want } from "../dual-layer.js";
import { lookAtPatch, lookThroughPatch, offsetStep } from "../patch.js";

/** Dual of a layer that moves features: ν goes back to where each came from, collects the constants. Exact. */
export const rearrangement: AffineRule<RearrangementLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const features = sizeOf(context.inputShapes[0]);
    const index = sourceIndex(layer, context.inputShapes[0], context.outputShape);
    const offset = constantPart(tape, layer, index);
    const times = mostTimes(index, features);
    return {
      kind: "affine",
      coupling: times > 1 ? "mixing" : "diagonal",
      offset,
      roundings: offset || times > 1 ? { forward: 1, backward: times } : { forward: 0, backward: 0 },
      push: (tape, [x]) => gather(tape, x, index),
      back: (tape, nu, _owners, want) => ({
        nus: [scatterAdd(tape, nu, index, features)],
        centre: want.centre && offset ? dot(tape, nu, offset, SHARED) : undefined,
      }),
      ...croppedPad(layer, context, offset),
      ...(times === 1 && {
        steps: (_owners: Owners, want: Want) => [
          ...(want.centre && offset ? [offsetStep({ values: offset, owners: SHARED })] : []),
          { kind: "gather" as const, index: placesOf(index, features) },
        ],
      }),
      // Of one input each, so that the ℓ1 and the ℓ2 norm are the same.
      absolute: (tape, [radius]) => gather(tape, radius, index),
    };
  },
};

/** Padding of images moves patches. */
function croppedPad(
  layer: RearrangementLayer,
  { inputShapes, outputShape }: LayerContext,
  offset: Variable | undefined,
): Pick<AffineDual, "crop"> {
  if (layer.kind !== "pad" || inputShapes[0].length !== 3) return {};
  const [[, above, left], [channelsBefore], [channelsAfter]] = [layer.before, layer.before, layer.after];
  if (channelsBefore !== 0 || channelsAfter !== 0) return {};
  return {
    crop: (patch, viewers) => ({
      input: { ...patch, top: patch.top.map((y) => y - above), left: patch.left.map((x) => x - left) },
      multiplyAdds: positionwiseCost(outputShape[0] * patch.height * patch.width),
      moves: true,
      back(tape, nu, want) {
        if (!want.centre || !offset) return { nus: [nu] };
        const { values, owners } = lookAtPatch(tape, outputShape, patch, viewers)(offset, "shared");
        return { nus: [nu], centre: dot(tape, nu, values, owners) };
      },
      steps: (_tape, want) =>
        want.centre && offset
          ? [offsetStep(lookThroughPatch(outputShape, patch, viewers)(offset, "shared"))]
          : [],
    }),
  };
}

/** Where each feature went; −1 where it was left out. */
function placesOf(index: Int32Array, features: number): Int32Array {
  const places = new Int32Array(features).fill(-1);
  for (const [place, source] of index.entries()) if (source >= 0) places[source] = place;
  return places;
}

/** How often a feature is taken, the one that is most often. */
function mostTimes(index: Int32Array, features: number): number {
  const taken = new Int32Array(features);
  let most = 0;
  for (const source of index) {
    if (source < 0) continue;
    taken[source] += 1;
    most = Math.max(most, taken[source]);
  }
  return most;
}
