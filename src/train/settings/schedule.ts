import * as z from "zod";
import { RAMP_SHAPES, type Ramp } from "../schedule.js";
import type { TrainSettings } from "./named.js";
import { type Course, type Given, setting } from "./setting.js";

const rampSchema = z.strictObject({
  start: z.number(),
  end: z.number(),
  epochs: z.number(),
  shape: z.enum(RAMP_SHAPES).default("linear"),
});

/** How long a run is. */
export const LENGTH = {
  epochs: setting({
    schema: z.int().positive(),
    flags: {
      epochs: {
        argument: "<n>",
        help: "passes over the training examples (default: the settings', from 10 to 100)",
        kind: { type: "whole number", range: { min: 1 } },
      },
    },
    value: (_given, { course }) => course.epochs,
    again: ({ epochs }: { epochs: number }) => ({ epochs }),
    row: {
      name: "epochs",
      words: ({ epochs, warmupEpochs }: { epochs: number; warmupEpochs: number }) =>
        `${epochs}${warmupEpochs > 0 ? `, ${warmupEpochs} of them warm-up` : ""}`,
    },
  }),
};

/** How ε and κ move. */
export const RAMPS = {
  /** The radius, in the units of the data. */
  epsilon: setting({
    schema: rampSchema,
    flags: {
      startEpsilon: {
        argument: "<e>",
        help: "epsilon of the first step; a large one can leave training stuck at chance (default: the settings')",
        kind: { type: "number", range: { min: 0 } },
      },
      scheduleEpochs: {
        argument: "<n>",
        help: "epochs until epsilon is reached (default: half of them, or the settings')",
        kind: { type: "whole number", range: { min: 0 } },
      },
      schedule: {
        argument: "<shape>",
        help: "how epsilon and kappa rise: linear, or smooth, slowly at first (default: linear, or the settings')",
        kind: { type: "choice", choices: RAMP_SHAPES },
      },
    },
    value: ({ startEpsilon }, { named, epsilon, course }) => ({
      start: startEpsilon ?? named.startEpsilon(epsilon),
      end: epsilon,
      epochs: course.scheduleEpochs,
      shape: course.shape,
    }),
    again: ({ epsilon: { start, epochs, shape } }: { epsilon: Ramp }) => ({
      startEpsilon: start,
      scheduleEpochs: epochs,
      schedule: shape,
    }),
    row: {
      name: "epsilon",
      words: ({ epsilon: { start, end, epochs, shape } }: { epsilon: Ramp }, say) =>
        `from ${say.number(start)} to ${say.epsilon(end)} in ${epochs} epochs, ${shape}`,
    },
  }),
  /** By ε: steps train within a ball so many times as large as the one at which epochs are evaluated. */
  overshoot: setting({
    schema: z.number().positive().default(1),
    flags: {
      overshoot: {
        argument: "<s>",
        help: "train within a ball s times as large as the one at which the model is evaluated (default: 1)",
        kind: { type: "number", range: { above: 0 }, example: "1.33" },
      },
    },
    value: ({ overshoot }) => overshoot ?? 1,
    again: ({ overshoot }: { overshoot: number }) => ({ overshoot }),
    row: {
      name: "ball of training",
      words: ({ overshoot, epsilon }: { overshoot: number; epsilon: Ramp }, say) =>
        overshoot === 1
          ? null
          : `epsilon ${say.number(overshoot * epsilon.end)}, ${say.number(overshoot)} times as large`,
    },
  }),
  /** The weight of the robust loss. */
  kappa: setting({
    schema: rampSchema,
    flags: {
      kappa: {
        argument: "<k>",
        help: "weight of the robust loss, or its start and end such as 0,1 (default: 1, or the settings')",
        kind: { type: "weight range" },
      },
      kappaEpochs: {
        argument: "<n>",
        help: "epochs until kappa's end is reached (default: --schedule-epochs)",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: ({ kappa, kappaEpochs }, { named, course }) => ({
      ...(kappa ?? named.kappa ?? { start: 1, end: 1 }),
      epochs: kappaEpochs ?? course.scheduleEpochs,
      shape: course.shape,
    }),
    again: ({ kappa: { start, end, epochs }, epsilon }: { kappa: Ramp; epsilon: Ramp }) => ({
      kappa: { start, end },
      kappaEpochs: epochs === epsilon.epochs ? undefined : epochs,
    }),
    row: {
      name: "weight of the robust loss",
      words: ({ kappa: { start, end } }: { kappa: Ramp }) =>
        start === end ? String(end) : `${start} to ${end}`,
    },
  }),
  /** Epochs on the standard loss alone, before the ramps begin. Their words stand with the epochs. */
  warmupEpochs: setting({
    schema: z.int().min(0).default(0),
    flags: {
      warmupEpochs: {
        argument: "<n>",
        help: "epochs on the standard loss alone, before epsilon begins to rise (default: 0, or the settings')",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: (_given, { course }) => course.warmupEpochs,
    again: ({ warmupEpochs }: { warmupEpochs: number }) => ({ warmupEpochs }),
  }),
};

type CourseFlags = typeof LENGTH.epochs.flags & typeof RAMPS.epsilon.flags & typeof RAMPS.warmupEpochs.flags;

/** The course of a run that these flags ask for. */
export function courseOf(
  { epochs: given, scheduleEpochs, warmupEpochs, schedule }: Given<CourseFlags>,
  named: TrainSettings,
): Course {
  const epochs = given ?? named.epochs;
  const rise = scheduleEpochs ?? named.scheduleEpochs(epochs);
  return {
    epochs,
    warmupEpochs: warmupEpochs ?? named.warmupEpochs ?? 0,
    scheduleEpochs: rise,
    shape: schedule ?? named.schedule ?? "linear",
  };
}
