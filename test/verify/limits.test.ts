import { describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import type { Subject } from "../../src/network/subject.js";
import { ask, atMost, wave, within } from "./ask.js";
import { subject, twoLayers, unjudged } from "./by-hand.js";

describe("where single precision proves nothing for its own rounding", () => {
  // 1000 and its opposite cancel: 10⁻⁶ is left.
  const model = twoLayers([[1], [1]], [1000, 1000], [[1, -1]], [1e-6]);
  const single = subject(model, "float32");

  it("double precision is asked, if there is one", async () => {
    const options = { evaluation: "real", split: "neurons" } as const;
    const one = within(-1, 1, atMost(0));
    expect(await ask(single, [one], options)).toMatchObject({
      answer: "holds",
      cases: [{ step: "parallel" }],
    });
    const { inDouble: _, ...alone } = single;
    expect((await ask(unjudged(alone), [one], options)).answer).toBe("unknown");
    // For the evaluation that the model is made for it does not hold.
    expect((await ask(unjudged(single), [one], { ...options, evaluation: "float32" })).answer).toBe(
      "unknown",
    );
    expect((await ask(unjudged({ ...single, madeFor: "float32" }), [one])).answer).toBe("unknown");
    expect((await ask({ ...single, madeFor: "float64" }, [one])).answer).toBe("holds");
    const { madeFor: __, ...unknown } = single;
    expect((await ask(unjudged(unknown), [one])).answer).toBe("unknown");
  });
});

describe("a step that has no room in memory", () => {
  const without = (own: Subject, error: Error): Subject => ({
    ...own,
    backend: new Proxy(own.backend, {
      get(target, name) {
        if (name !== "adaptiveLines") return Reflect.get(target, name, target);
        return () => {
          throw error;
        };
      },
    }),
  });

  it("leaves what is proved as it is, and the rest open", async () => {
    const own = unjudged(without(wave, new OutOfMemoryError("no room")));
    const { answer, cases, outOfMemory } = await ask(own, [
      within(-1, 1, atMost(-0.1)),
      within(-1, 1, atMost(-9)),
    ]);
    expect([answer, outOfMemory?.includes("no room")]).toEqual(["unknown", true]);
    expect(cases.map((one) => one.answer)).toEqual(["unknown", "holds"]);
    const fine = await ask(own, [within(-1, 1, atMost(-9))]);
    expect(fine.answer).toBe("holds");
    expect(fine).not.toHaveProperty("outOfMemory");
  });

  it.each(["parallelLines", "adaptiveLines"])(
    "is forgotten where another settles the case: %s",
    async (step) => {
      let calls = 0;
      const backend = new Proxy(wave.backend, {
        get(target, name) {
          if (name === step && ++calls === 1) throw new OutOfMemoryError("no room");
          return Reflect.get(target, name, target);
        },
      });
      const found = await ask({ ...wave, backend }, [within(-1, 1, atMost(-0.1))]);
      expect(found.answer).toBe("holds");
      expect(calls).toBeGreaterThan(1);
      expect(found).not.toHaveProperty("outOfMemory");
    },
  );

  it("may be both that bound all cases at once: branches are counted from 0 then", async () => {
    const failed = new Set<unknown>();
    const backend = new Proxy(wave.backend, {
      get(target, name) {
        if (/^(parallel|adaptive)Lines$/.test(String(name)) && !failed.has(name)) {
          failed.add(name);
          throw new OutOfMemoryError("no room");
        }
        return Reflect.get(target, name, target);
      },
    });
    const found = await ask({ ...wave, backend }, [within(-1, 1, atMost(-0.1))]);
    expect(found).toMatchObject({ answer: "holds", cases: [{ step: "neuron splitting" }] });
    expect(found.cases[0].branches).toBeGreaterThan(1);
  });

  it("is no other error", async () => {
    await expect(ask(without(wave, new Error("a fault")), [within(-1, 1, atMost(-0.1))])).rejects.toThrow(
      "a fault",
    );
  });
});

describe("numbers that overflow", () => {
  it("are no bound", async () => {
    const huge = unjudged(subject(twoLayers([[1e200], [1e200]], [0, 0], [[1e200, -1e200]], [0])));
    for (const split of ["neurons", "inputs"] as const) {
      const { answer, cases } = await ask(huge, [within(-1, 1, atMost(-1))], { split });
      expect([answer, cases[0].bound]).toEqual(["unknown", null]);
    }
  });
});
