/** Test files of the room that is run, the quickest first. */
export const tests = (process.env.AUTODUAL_MUTATE_TESTS ?? "").split(",");

/** Where one lies when it is bundled. */
export const bundled = (path) => path.replace(/\.ts$/, ".cjs");
