/**
 * Where each row's patch lies in an image: rows of a dual network that start at a neuron of an early convolution see
 * its receptive field only. Patches may reach over the image's edges; there they hold zeros.
 */
export interface CropWindow {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly patchHeight: number;
  readonly patchWidth: number;
  /** First image row and column of each patch, `[rows]`; negative above or left of the image. */
  readonly top: Int32Array;
  readonly left: Int32Array;
}
