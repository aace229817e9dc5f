import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { commands, runSequence } from "./fuzz/commands.js";
import { OPERATIONS } from "./fuzz/operations.js";
import { ROW_OPERATIONS } from "./fuzz/row-operations.js";

const problem = nativeProblem();

const SECONDS = Number(process.env.AUTODUAL_FUZZ_SECONDS ?? 12);
/** Of the sequences; a failure says it, and where in them it was. `npm run fuzz` takes another one each time. */
const SEED = Number(process.env.AUTODUAL_FUZZ_SEED ?? 2018);
const PATH = process.env.AUTODUAL_FUZZ_PATH;
const MOST_COMMANDS = Number(process.env.AUTODUAL_FUZZ_COMMANDS ?? 60);

/**
 * Random sequences of calls, right and wrong, of the native backend and of the portable one, which is its model. Every result is
 * the same, every misuse is answered by the same class of error, and nothing ends the process: should something, the seed lies in
 * the file that is named before.
 */
describe.skipIf(problem !== null)(
  `fuzz of the backend${problem === null ? "" : ` (absent: ${problem})`}`,
  () => {
    test("every operation is drawn", () => {
      const drawn = Object.keys({ ...OPERATIONS, ...ROW_OPERATIONS });
      const others = ["memory", "finish", "inDouble", "dispose", "peakGflops", "read"];
      const all = Object.entries(createPortableBackend()).filter(
        ([, member]) => typeof member === "function",
      );
      expect(
        all.map(([name]) => name).filter((name) => !drawn.includes(name) && !others.includes(name)),
      ).toEqual([]);
    });

    test("native as portable, whatever is called", { timeout: 1000 * (10 * SECONDS + 300) }, async () => {
      const folder = mkdtempSync(join(tmpdir(), "autodual-fuzz-"));
      const journal = join(folder, "at");
      console.log(`fuzz: seed ${SEED}, ${SECONDS} s; if the process ends, the sequence is in ${journal}`);
      let sequences = 0;
      const property = fc.asyncProperty(commands(MOST_COMMANDS), async (sequence) => {
        writeFileSync(journal, `AUTODUAL_FUZZ_SEED=${SEED} AUTODUAL_FUZZ_PATH=${sequences}\n`);
        sequences++;
        await runSequence(sequence);
      });
      try {
        await fc.assert(property, {
          seed: SEED,
          ...(PATH && { path: PATH }),
          numRuns: 1_000_000_000,
          interruptAfterTimeLimit: 1000 * SECONDS,
          markInterruptAsFailure: false,
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      console.log(`fuzz: ${sequences} sequences`);
    });
  },
);
