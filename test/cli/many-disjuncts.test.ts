import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, expect, it } from "vitest";
import { Output } from "../../src/cli/output.js";
import { printVerdict, verdictInWords } from "../../src/cli/verify-words.js";
import type { CaseVerdict, Verdict } from "../../src/verify/verdict.js";
import { flatNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
afterAll(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

/** A property of so many disjuncts, each about an output that is far from what it asks for. */
function property(count: number): string {
  const inputs = Array.from({ length: 4 }, (_, i) => `(declare-const X_${i} Real)`);
  const outputs = Array.from({ length: 3 }, (_, i) => `(declare-const Y_${i} Real)`);
  const bounds = Array.from({ length: 4 }, (_, i) => `(assert (>= X_${i} 0)) (assert (<= X_${i} 1))`);
  const cases = Array.from({ length: count }, (_, i) => `(and (<= Y_${i % 3} ${-100 - i / count}))`);
  return [...inputs, ...outputs, ...bounds, `(assert (or ${cases.join("\n")}))`].join("\n");
}

it("9,000 disjuncts are read, proved, printed in a few lines and written, each once", async () => {
  writeModel(at("flat.safetensors"), flatNetwork());
  writeFileSync(at("many.vnnlib"), property(9000));
  const args = ["verify", at("flat.safetensors"), at("many.vnnlib"), "--timeout", "600"];
  const { code, stdout } = await runCommand([...args, "--json", at("many.json")]);
  expect([code, stdout.split("\n")[0]]).toEqual([0, "holds"]);
  expect(stdout.split("\n").length).toBeLessThan(20);
  const { cases, budget } = JSON.parse(readFileSync(at("many.json"), "utf8"));
  expect(cases.map((own: CaseVerdict) => own.case)).toEqual(Array.from({ length: 9000 }, (_, i) => i));
  expect(budget.secondsPast).toBe(0);
}, 120_000);

class Collected extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** How often any of so many cases is looked at while the verdict is printed and written. */
async function looksAt(count: number): Promise<number> {
  let looks = 0;
  const answers = ["holds", "unknown"] as const;
  const all = Array.from({ length: count }, (_, i): CaseVerdict => {
    const own = { case: i, step: "parallel", branches: 1, seconds: 0, bound: i % 3 === 0 ? null : i };
    return { ...own, answer: answers[i % 2] } as CaseVerdict;
  });
  const cases = new Proxy(all, {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) looks += 1;
      return Reflect.get(target, key, receiver);
    },
  });
  const stdout = new Collected();
  const output = new Output({ stdout, stderr: stdout, env: {} }, at("looks.json"));
  const verdict = { answer: "unknown", cases, seconds: 1, counterexample: null } as unknown as Verdict;
  printVerdict(output, verdict, "m", "s", "here");
  const boxes = Array.from({ length: count }, () => ({ box: { lower: [0], upper: [1] }, constraints: [] }));
  const asked = { inputs: 1, outputs: 1, cases: boxes, decimal: true } as never;
  output.prose(verdictInWords(verdict, asked, false, "real"));
  await output.writeJson({ cases });
  expect(JSON.parse(readFileSync(at("looks.json"), "utf8")).cases).toHaveLength(count);
  return looks;
}

it("what prints an answer looks at a case a few times, however many there are", async () => {
  const [some, many] = [await looksAt(900), await looksAt(9000)];
  expect(some).toBeGreaterThanOrEqual(900);
  expect(many).toBe(10 * some);
  expect(many).toBeLessThan(10 * 9000);
});
