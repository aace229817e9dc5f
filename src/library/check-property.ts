import * as z from "zod";
import { kindOf, UsageError } from "../errors.js";
import type { InputBox, Property } from "../formats/vnnlib/property.js";
import { isRecord } from "./check-options.js";

const count = z.int().min(1);
const list = z.custom<ArrayLike<number>>(
  (value) => isRecord(value) && typeof value.length === "number",
  "expected a list of numbers",
);

const flags = z.array(z.boolean()).optional();

const schema = z.object({
  inputs: count,
  outputs: count,
  decimal: z.boolean().optional(),
  cases: z
    .array(
      z.object({
        box: z.object({ lower: list, upper: list, lowerStrict: flags, upperStrict: flags }),
        constraints: z.array(
          z.object({
            terms: z.array(z.object({ output: z.int().min(0), coefficient: z.number() })),
            inputs: z.array(z.object({ input: z.int().min(0), coefficient: z.number() })).optional(),
            bound: z.number(),
            strict: z.boolean(),
          }),
        ),
      }),
    )
    .min(1),
});

/** A copy of a property made by hand. A `UsageError` that names the place for one that says nothing, or nothing that can be. */
export function checkedProperty(property: unknown): Property {
  const parsed = schema.safeParse(property);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw fault(path.join(".") || "property", `${message}, found ${kindOf(property)}`);
  }
  const { inputs, outputs, cases, decimal } = parsed.data;
  return {
    inputs,
    outputs,
    ...(decimal !== undefined && { decimal }),
    cases: cases.map(({ box, constraints }, i) => {
      for (const [c, { terms, inputs: ofInputs = [] }] of constraints.entries()) {
        const beyond = ofInputs.find(({ input }) => input >= inputs);
        if (beyond) {
          throw fault(
            `cases.${i}.constraints.${c}`,
            `expected inputs below ${inputs}, found ${beyond.input}`,
          );
        }
        const bad = terms.find(({ output }) => output >= outputs);
        if (bad) {
          throw fault(
            `cases.${i}.constraints.${c}`,
            `expected outputs below ${outputs}, found ${bad.output}`,
          );
        }
      }
      const own = constraints.map(({ inputs: ofInputs, ...rest }) =>
        ofInputs === undefined || ofInputs.length === 0 ? rest : { ...rest, inputs: ofInputs },
      );
      return { box: checkedBox(box, inputs, `cases.${i}.box`), constraints: own };
    }),
  };
}

type AskedBox = z.infer<typeof schema>["cases"][number]["box"];

function checkedBox(
  { lower, upper, lowerStrict, upperStrict }: AskedBox,
  inputs: number,
  at: string,
): InputBox {
  for (const [name, strict] of Object.entries({ lowerStrict, upperStrict })) {
    if (strict && strict.length !== inputs) {
      throw fault(at, `expected ${name} of ${inputs} inputs, found ${strict.length}`);
    }
  }
  if (lower.length !== inputs || upper.length !== inputs) {
    throw fault(at, `expected bounds of ${inputs} inputs, found ${lower.length} and ${upper.length}`);
  }
  const box = { lower: new Float64Array(inputs), upper: new Float64Array(inputs) };
  for (let f = 0; f < inputs; f++) {
    const [low, high]: unknown[] = [lower[f], upper[f]];
    if (
      typeof low !== "number" ||
      typeof high !== "number" ||
      !(low <= high && Number.isFinite(high - low))
    ) {
      throw fault(
        at,
        `expected finite numbers, lower ≤ upper, found ${kindOf(low)} and ${kindOf(high)} at ${f}`,
      );
    }
    [box.lower[f], box.upper[f]] = [low, high];
  }
  return { ...box, ...(lowerStrict && { lowerStrict }), ...(upperStrict && { upperStrict }) };
}

function fault(at: string, what: string): UsageError {
  return new UsageError(`verify: property: ${at}: ${what}`);
}
