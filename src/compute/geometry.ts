/**
 * The geometry of a two-dimensional window operation: convolution, pooling, and their transposes.
 *
 * Features are laid out channel-major: feature = (channel · height + y) · width + x. The output size is
 * stated, not derived, so that a transpose knows exactly which input it came from. Padding below and to the
 * right is whatever the output size implies: a window position outside the input reads zero.
 */
export interface Conv2dGeometry {
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  /** Channel groups; divides both channel counts. Weights are [outChannels, inChannels/groups · kh · kw]. */
  readonly groups: number;
}

/** Number of input features that the geometry describes. */
export function inFeatures(geometry: Conv2dGeometry): number {
  return geometry.inChannels * geometry.inHeight * geometry.inWidth;
}

/** Number of output features that the geometry describes. */
export function outFeatures(geometry: Conv2dGeometry): number {
  return geometry.outChannels * geometry.outHeight * geometry.outWidth;
}

/** Number of weights of one output channel: inChannels/groups · kernelHeight · kernelWidth. */
export function weightsPerOutput(geometry: Conv2dGeometry): number {
  return (geometry.inChannels / geometry.groups) * geometry.kernelHeight * geometry.kernelWidth;
}
