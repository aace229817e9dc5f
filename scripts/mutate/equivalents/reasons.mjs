/** What several of the survivors have in common that no test can tell. */

/** Entries about a file of `src/verify`: the reason, and what is taken for what, on which line, or at how many places. */
export const of =
  (file) =>
  (why, ...mutants) =>
    mutants.map(([was, becomes, at]) => ({
      file: `src/verify/${file}`,
      was,
      becomes,
      ...(typeof at === "number" ? { places: at } : at && { at }),
      why,
    }));

/** A condition in a line is taken for others. */
export const taken = (at, was, ...others) => others.map((becomes) => [was, becomes, at]);

export const RECORDS = "a tape that records keeps more, and computes the same";
export const BEHIND = "what lies behind the last entry is read as nothing, and not written";
export const SOONER = "says sooner that there is nothing to do";
export const TYPES = "is always so; it is there for the types";
export const AT_ONCE = "how much is bounded at once, and how much waits: a matter of memory and time";
export const ENDED =
  "what would be begun is ended at its first piece, by the same deadline; memory is a matter of pieces";
export const WAITS =
  "the search gives up, or goes on, with other numbers of parts that wait: memory; nothing is proved by that";
export const PAST_THE_LAST = "typed arrays have no place past the last";
