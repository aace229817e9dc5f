import * as z from "zod";
import type { TrainSettings } from "./named.js";
import { setting } from "./setting.js";

type AugmentationChoice = Pick<TrainSettings, "augmentation">;

/** Random changes of images. */
export const AUGMENTATION = {
  /** Random flips, and crops of images padded by so many pixels. */
  augmentation: setting({
    schema: z
      .strictObject({ flip: z.boolean(), crop: z.int().min(0) })
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
    },
    value: ({ flip, crop }, { named: { augmentation: named } }) => {
      const own = { flip: flip ?? named?.flip ?? false, crop: crop ?? named?.crop ?? 0 };
      return own.flip || own.crop !== 0 ? own : null;
    },
    again: ({ augmentation }: AugmentationChoice) => ({
      flip: augmentation?.flip || undefined,
      crop: augmentation?.crop || undefined,
    }),
    row: {
      name: "augmentation",
      words: ({ augmentation }: AugmentationChoice) =>
        augmentation === null ? "none" : `${augmentation.flip ? "flips, " : ""}crops by ${augmentation.crop}`,
    },
  }),
};
