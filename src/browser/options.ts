import { COMMON } from "../library/check-options.js";

/** Entries that all calls have in common. */
export const IN_COMMON = {
  norm: COMMON.norm,
  box: COMMON.box,
  limit: COMMON.limit,
  signal: COMMON.signal,
} as const;
