import * as z from "zod";
import { LOSS_NAMES, LOSSES, type LossName } from "../losses/index.js";
import { setting } from "./setting.js";

/** What is minimised. Settings of single losses stand here as well. */
export const LOSS = {
  loss: setting({
    schema: z.enum(LOSS_NAMES).default("dual"),
    flags: {
      loss: {
        argument: "<name>",
        help: `the robust loss: ${LOSS_NAMES.map((name) => `${name} (${LOSSES[name].words})`).join(", ")}`,
        kind: { type: "choice", choices: LOSS_NAMES },
        byDefault: "dual",
      },
    },
    value: ({ loss = "dual" }) => loss,
    again: ({ loss }: { loss: LossName }) => ({ loss: loss === "dual" ? undefined : loss }),
    row: { name: "robust loss", words: ({ loss }: { loss: LossName }) => (loss === "dual" ? null : loss) },
  }),
};
