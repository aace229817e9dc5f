import * as z from "zod";
import { UsageError } from "../../errors.js";
import type { TrainSettings } from "./named.js";
import { setting } from "./setting.js";

type AugmentationChoice = Pick<TrainSettings, "augmentation">;

function inWords({ flip, crop, plainEpochs }: NonNullable<TrainSettings["augmentation"]>): string {
  const until = plainEpochs ? `, none in the last ${plainEpochs} epochs` : "";
  return `${flip ? "flips, " : ""}crops by ${crop}${until}`;
}

/** Random changes of images. */
export const AUGMENTATION = {
  /** Random flips, and crops of images padded by so many pixels, up to the last `plainEpochs`. */
  augmentation: setting({
    schema: z
      .strictObject({
        flip: z.boolean(),
        crop: z.int().min(0),
        plainEpochs: z.int().min(1).optional(),
      })
      .nullable()
      .default(null),
    flags: {
      flip: {
        help: "mirror images left and right at random",
        kind: { type: "switch", off: "do not, whatever the settings are" },
      },
      crop: {
        argument: "<n>",
        help: "pad images by n pixels and crop them at random; 0 is none",
        kind: { type: "whole number", range: { min: 0 } },
      },
      plainEpochs: {
        argument: "<n>",
        help: "the last n epochs see images as they are, neither mirrored nor cropped (default: 0, or the settings')",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: ({ flip, crop, plainEpochs: plain }, { named: { augmentation: named }, course: { epochs } }) => {
      const own = { flip: flip ?? named?.flip ?? false, crop: crop ?? named?.crop ?? 0 };
      const isAugmented = own.flip || own.crop !== 0;
      if (plain && !isAugmented) {
        throw new UsageError(
          "--plain-epochs: expected --flip or --crop beside it, which these epochs go without",
        );
      }
      if (plain && plain > epochs) {
        throw new UsageError(
          `--plain-epochs: expected at most the epochs of the run, ${epochs}, found ${plain}`,
        );
      }
      const plainEpochs = plain ?? Math.min(named?.plainEpochs ?? 0, epochs);
      return isAugmented ? { ...own, ...(plainEpochs > 0 && { plainEpochs }) } : null;
    },
    again: ({ augmentation }: AugmentationChoice) => ({
      flip: augmentation?.flip || undefined,
      crop: augmentation?.crop || undefined,
      plainEpochs: augmentation?.plainEpochs,
    }),
    row: {
      name: "augmentation",
      words: ({ augmentation }: AugmentationChoice) =>
        augmentation === null ? "none" : inWords(augmentation),
    },
  }),
};
