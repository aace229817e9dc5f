import * as z from "zod";

/** What a file says of a layer beside its kind, each with what may stand there. */
export type Fields<L extends { readonly kind: string }> = {
  readonly [K in Exclude<keyof L, "kind">]: z.ZodType<L[K]>;
};

/** The fields of some layer. */
export type AnyFields = Readonly<Record<string, z.ZodType>>;

export const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const positive = whole.min(1);
export const numbers = z.array(z.number()).min(1);
export const pairField = z.tuple([positive, positive]);
export const windowFields = {
  kernel: pairField,
  stride: pairField,
  padding: z.tuple([whole, whole, whole, whole]),
};
