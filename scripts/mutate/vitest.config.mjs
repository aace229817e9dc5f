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

/**
 * A mutant may break what test files do as they are loaded. No test of theirs has then failed, as none was run; that they could not be
 * loaded is told as an error of the run.
 */
class BrokenFiles {
  onInit({ state }) {
    this.state = state;
  }

  onTestRunEnd(modules) {
    for (const own of modules) for (const error of own.errors()) this.state.catchError(error, "Broken File");
  }
}

export default defineConfig({
  test: {
    include,
    reporters: [new BrokenFiles()],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    sequence: { sequencer: InOrder },
  },
});
