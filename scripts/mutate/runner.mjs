// Runs the tests of a room for StrykerJS in its own process, each test file evaluated anew for each mutant.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { constants, Script } from "node:vm";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { DryRunStatus, MutantRunStatus, TestStatus } from "@stryker-mutator/api/test-runner";
import { Registry } from "./registry.mjs";
import { bundled, tests as FILES } from "./tests.mjs";

/** Where mutated code looks for what it is to do, and leaves what it reached. */
const state = () => (globalThis.__stryker__ ??= {});

/** Of the time that a test takes without a mutant, and beside that. */
const [PATIENCE, LEAST_SECONDS] = [10, 5];

/** A test was not done in its time. */
class TookTooLong extends Error {}

class Runner {
  #scripts = new Map();
  /** Milliseconds of each test without a mutant. */
  #usual = new Map();
  /** What a promise that nobody waited for was rejected with. */
  #unheard = null;

  capabilities() {
    return { reloadEnvironment: true };
  }

  init() {
    process.on("unhandledRejection", (error) => {
      this.#unheard = error;
    });
    for (const file of FILES) {
      const path = resolve(bundled(file));
      const source = `(function (require, module, exports) {${readFileSync(path, "utf8")}\n})`;
      const importModuleDynamically = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
      const script = new Script(source, { filename: path, importModuleDynamically });
      this.#scripts.set(file, { script, require: createRequire(path) });
    }
  }

  /** Evaluates a test file. */
  #open(file) {
    const { script, require } = this.#scripts.get(file);
    const registry = new Registry();
    const own = (name) => (name === "vitest" ? registry.vitest : require(name));
    script.runInThisContext()(own, { exports: {} }, {});
    return registry;
  }

  async dryRun({ coverageAnalysis }) {
    const found = state();
    Object.assign(found, { activeMutant: undefined, hitLimit: undefined });
    if (coverageAnalysis !== "off") found.mutantCoverage = { static: {}, perTest: {} };
    const tests = [];
    for (const file of FILES) {
      found.currentTestId = undefined;
      const registry = this.#open(file);
      for (const test of registry.tests) {
        const own = { id: idOf(file, test), name: idOf(file, test), fileName: resolve(file) };
        found.currentTestId = own.id;
        const began = performance.now();
        const failure = await this.#failure(registry, test, Number.POSITIVE_INFINITY);
        const timeSpentMs = performance.now() - began;
        this.#usual.set(own.id, timeSpentMs);
        tests.push(
          failure === null
            ? { ...own, timeSpentMs, status: TestStatus.Success }
            : {
                ...own,
                timeSpentMs,
                status: TestStatus.Failed,
                failureMessage: String(failure.stack ?? failure),
              },
        );
      }
      found.currentTestId = undefined;
      await registry.end();
    }
    return { status: DryRunStatus.Complete, tests, mutantCoverage: found.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    const found = state();
    const wanted = testFilter && new Set(testFilter);
    Object.assign(found, { activeMutant: activeMutant.id, hitCount: 0, hitLimit, currentTestId: undefined });
    let nrOfTests = 0;
    try {
      for (const file of FILES) {
        if (wanted && !testFilter.some((id) => id.startsWith(`${file} > `))) continue;
        let registry;
        try {
          registry = this.#open(file);
        } catch (error) {
          return { status: MutantRunStatus.Error, errorMessage: String(error) };
        }
        try {
          for (const test of registry.tests) {
            const id = idOf(file, test);
            if (wanted && !wanted.has(id)) continue;
            nrOfTests += 1;
            const most = 1000 * LEAST_SECONDS + PATIENCE * (this.#usual.get(id) ?? 0);
            const failure = await this.#failure(registry, test, most);
            if (failure instanceof TookTooLong || found.hitCount > hitLimit)
              return { status: MutantRunStatus.Timeout };
            if (failure !== null)
              return {
                status: MutantRunStatus.Killed,
                killedBy: [id],
                failureMessage: String(failure),
                nrOfTests,
              };
          }
        } finally {
          await registry.end();
        }
      }
      return { status: MutantRunStatus.Survived, nrOfTests };
    } finally {
      found.activeMutant = undefined;
    }
  }

  /** Why a test fails; null if it does not. */
  async #failure(registry, test, milliseconds) {
    this.#unheard = null;
    let timer;
    const late = new Promise((_, reject) => {
      if (milliseconds < Number.POSITIVE_INFINITY)
        timer = setTimeout(() => reject(new TookTooLong(test.name)), milliseconds);
    });
    try {
      await Promise.race([registry.run(test), late]);
      return this.#unheard;
    } catch (error) {
      return error ?? new Error("nothing was thrown");
    } finally {
      clearTimeout(timer);
    }
  }
}

function idOf(file, { name }) {
  return `${file} > ${name}`;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "in-process", Runner)];
