/** Test files of the room that is run, the quickest first. */
export const tests = (process.env.AUTODUAL_MUTATE_TESTS ?? "").split(",");

/** Where one lies when it is bundled: beside itself, so that it finds its files. */
export const bundled = (path) => path.replace(/\.ts$/, ".mjs");
