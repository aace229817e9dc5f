import { describe, expect, it } from "vitest";

/** What `scripts/mutate/registry.mjs` exports; it has no types of its own. */
interface RegistryClass {
  new (): {
    readonly vitest: typeof import("vitest");
    readonly tests: readonly { readonly name: string }[];
    run(test: { readonly name: string }): Promise<void>;
    end(): Promise<void>;
  };
}
const address = new URL("../../scripts/mutate/registry.mjs", import.meta.url).href;
const { Registry } = (await import(address)) as { Registry: RegistryClass };

/** Runs all tests of what `body` registers; which failed, by what. */
async function failures(
  body: (vitest: typeof import("vitest")) => void,
): Promise<Record<string, string | null>> {
  const registry = new Registry();
  body(registry.vitest);
  const found: Record<string, string | null> = {};
  for (const test of registry.tests) {
    found[test.name] = await registry.run(test).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
  }
  await registry.end();
  return found;
}

describe("the tests of mutation testing", () => {
  it("fail where an expectation does, promises included", async () => {
    const found = await failures(({ it: own, expect: expected }) => {
      own("right", () => expected([1, 2]).toEqual([1, expected.any(Number)]));
      own("wrong", () => expected(1).toBe(2));
      own("late", async () => expected(Promise.resolve(1)).resolves.toBe(2));
      own("thrown", () => expected(() => 1).toThrow());
      own("rejected", async () => expected(Promise.reject(new Error("no"))).rejects.toThrow("no"));
    });
    expect(Object.keys(found).filter((name) => found[name] !== null)).toEqual(["wrong", "late", "thrown"]);
    expect(found.wrong).toContain("expected 1 to be 2");
  });

  it("have hooks of their scopes, once or around each, and names of their own", async () => {
    const said: string[] = [];
    const say = (word: string) => () => void said.push(word);
    const found = await failures(
      ({ afterAll, afterEach, beforeAll, beforeEach, describe: scope, it: own }) => {
        beforeAll(say("begin"));
        afterAll(say("end"));
        scope.each([1, 2])("scope", (n) => {
          beforeEach(say(`before ${n}`));
          afterEach(say(`after ${n}`));
          own.each([
            ["a", 1],
            ["b", 2],
          ])("test", (letter, k) => void said.push(`${letter}${k}${n}`));
        });
      },
    );
    const around = (n: number, test: string) => [`before ${n}`, `${test}${n}`, `after ${n}`];
    expect(said).toEqual([
      "begin",
      ...[...around(1, "a1"), ...around(1, "b2"), ...around(2, "a1"), ...around(2, "b2")],
      "end",
    ]);
    expect(Object.keys(found)).toEqual(["", " (2)", " (3)", " (4)"].map((copy) => `scope > test${copy}`));
  });

  it("all fail where what comes before them does", async () => {
    const found = await failures(({ beforeAll: first, it: own }) => {
      first(() => {
        throw new Error("nothing to test");
      });
      own("one", () => {});
      own("two", () => {});
    });
    expect(found).toEqual({ one: "nothing to test", two: "nothing to test" });
  });
});
