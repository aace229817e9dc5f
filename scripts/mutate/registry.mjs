// What test files register when they are evaluated, in place of vitest: its `describe`, `it` and hooks, as far as the tests of the
// table use them, and its own `expect`.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";
import { fn, restoreAllMocks, spyOn } from "@vitest/spy";
import * as chai from "chai";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
const expect = Object.assign(
  (value, message) => {
    setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect);
    return chai.expect(value, message);
  },
  chai.expect,
  globalThis[ASYMMETRIC_MATCHERS_OBJECT],
);

/** The tests of one evaluation of a file, in their order, each with the scopes around it, the outermost first. */
export class Registry {
  tests = [];
  #names = new Set();
  #scopes = [newScope("")];

  /** What stands for the module `vitest` while the file is evaluated. */
  get vitest() {
    const hook = (kind) => (run) => void this.#scopes.at(-1)[kind].push(run);
    const hooks = ["beforeAll", "afterAll", "beforeEach", "afterEach"];
    const it = withEach((name, ...rest) => this.#add(name, rest));
    return {
      ...Object.fromEntries(hooks.map((kind) => [kind, hook(kind)])),
      describe: withEach((name, body) => this.#describe(name, body)),
      it,
      test: it,
      expect,
      vi: { fn, spyOn, restoreAllMocks },
    };
  }

  #describe(name, body) {
    this.#scopes.push(newScope(name));
    body();
    this.#scopes.pop();
  }

  #add(title, rest) {
    const name = [...this.#scopes.slice(1).map((scope) => scope.name), title].join(" > ");
    let own = name;
    for (let copy = 2; this.#names.has(own); copy++) own = `${name} (${copy})`;
    this.#names.add(own);
    this.tests.push({
      name: own,
      scopes: [...this.#scopes],
      body: rest.find((part) => typeof part === "function"),
    });
  }

  /** Runs a test with its hooks; what they throw is its failure. */
  async run({ scopes, body }) {
    for (const scope of scopes) {
      // A hook that failed has done so for all tests of its scope.
      scope.begun ??= runAll(scope.beforeAll);
      await scope.begun;
    }
    try {
      for (const scope of scopes) await runAll(scope.beforeEach);
      await body({ expect });
    } finally {
      for (const scope of scopes.toReversed()) await runAll(scope.afterEach.toReversed());
      restoreAllMocks();
    }
  }

  /** Runs what the file wants to be done last, whatever comes of it. */
  async end() {
    const scopes = new Set(this.tests.flatMap((test) => test.scopes).toReversed());
    for (const scope of scopes) await runAll(scope.afterAll.toReversed()).catch(() => {});
  }
}

function newScope(name) {
  return { name, begun: undefined, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
}

async function runAll(hooks) {
  for (const hook of hooks) await hook();
}

function withEach(register) {
  const each =
    (rows) =>
    (name, ...rest) => {
      for (const row of rows) {
        const values = Array.isArray(row) ? row : [row];
        register(
          name,
          ...rest.map((part) => (typeof part === "function" ? (...more) => part(...values, ...more) : part)),
        );
      }
    };
  return Object.assign(register, { each });
}
