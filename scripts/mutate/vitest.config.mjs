import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import { bundled, tests } from "./tests.mjs";

const include = tests.map(bundled);

/** In the order of the table: a mutant is killed by the first test that fails. */
class InOrder extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => include.findIndex((path) => moduleId.endsWith(path));
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: { include, testTimeout: 120_000, hookTimeout: 60_000, sequence: { sequencer: InOrder } },
});
