import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { certificateText, parseCertificate, readCertificate } from "../../src/formats/certificate/file.js";
import { encodeListed, encodeNumbers, listedIn, numbersOf } from "../../src/formats/certificate/numbers.js";
import { writeFileAtomically } from "../../src/formats/write-file.js";
import { newFolder } from "../cli/run-command.js";
import { certificateOfPlanes } from "./certified-planes.js";

const folder = newFolder();
afterAll(() => folder.remove());

const sound = certificateOfPlanes(1);
const [robust, property] = sound.claims;
const withClaim = (claim: unknown) => JSON.stringify({ ...sound, claims: [claim] });

/** The message for a text that is no certificate. */
function faultOf(text: string): string {
  try {
    parseCertificate(text, "c.json");
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as Error).message;
  }
  throw new Error(`expected a fault in ${text.slice(0, 200)}`);
}

describe("certificate files", () => {
  it("are read as they were written, packed or not", async () => {
    const path = join(folder.path, "c.json");
    await writeFileAtomically(path, certificateText(sound.claims));
    expect(await readCertificate(path)).toEqual(sound);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    expect(await readCertificate(`${path}.gz`)).toEqual(sound);
  });

  it("are not written by halves: what their claims throw comes out, and nothing is left", async () => {
    const path = join(folder.path, "half.json");
    const claims = async function* () {
      yield robust;
      throw new RangeError("no more");
    };
    await expect(writeFileAtomically(path, certificateText(claims()))).rejects.toThrow(RangeError);
    await expect(readCertificate(path)).rejects.toThrow("no such file");
  });

  it.each([
    ["nothing", "", "expected a certificate as JSON"],
    ["half of one", JSON.stringify(sound).slice(0, 500), "expected a certificate as JSON"],
    ["a number", "17", "c.json: certificate: Invalid input"],
    ["another version", JSON.stringify({ ...sound, schema: "autodual/certificate/2" }), "schema: "],
    ["no claims", JSON.stringify({ ...sound, claims: [] }), "claims: Too small"],
    ["a field too many", JSON.stringify({ ...sound, more: 1 }), "Unrecognized key"],
    ["a claim of another kind", withClaim({ ...robust, kind: "safe" }), "claims.0.kind: "],
    ["a field of a claim too many", withClaim({ ...robust, more: 1 }), "claims.0: Unrecognized key"],
    ["an evaluation that is none", withClaim({ ...robust, evaluation: "float16" }), "claims.0.evaluation: "],
    ["NaN for a margin", withClaim({ ...robust, margins: [Number.NaN, 1] }), "claims.0.margins.0: "],
    [
      "an infinite number",
      withClaim({ ...robust, epsilon: 1 }).replace('"epsilon":1', '"epsilon":1e999'),
      "claims.0.epsilon: ",
    ],
    [
      "half of base64",
      withClaim({ ...robust, neurons: { relu1: "AAA" } }),
      "claims.0.neurons.relu1: expected whole base64",
    ],
    [
      "no base64",
      withClaim({ ...robust, neurons: { relu1: "!!!!" } }),
      "claims.0.neurons.relu1: expected base64",
    ],
    [
      "numbers in two forms",
      withClaim({ ...robust, input: { byte: "AAAA", float32: "AAAA" } }),
      "claims.0.input: expected { float64 }",
    ],
    ["a tree without parts", withClaim({ ...property, cases: [{ rows: [], tree: [] }] }), "tree: Too small"],
    [
      "a negative share",
      withClaim({ ...property, cases: [{ rows: [], tree: [{ shares: [-1] }] }] }),
      "tree.0.shares.0: Too small",
    ],
    [
      "a negative multiplier",
      withClaim({ ...property, cases: [{ rows: [], tree: [{ shares: [1], multipliers: [-1] }] }] }),
      "tree.0.multipliers.0: Too small",
    ],
    [
      "half a neuron",
      withClaim({ ...property, cases: [{ rows: [], tree: [{ layer: "relu1", neuron: 0.5, at: 0 }] }] }),
      "tree.0: ",
    ],
    ["deep nesting", `${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}`, "c.json: "],
    [
      "deep nesting in a claim",
      withClaim({ ...robust, plan: "HERE" }).replace(
        '"HERE"',
        `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
      ),
      "nests at most 128 deep",
    ],
  ])("that have %s are told in one line", (_, text, message) => {
    const fault = faultOf(text);
    expect(fault).toContain(message);
    expect(fault).not.toMatch(/\n/);
    expect(fault.length).toBeLessThan(450);
  });

  it("that are too large, or would be, are refused before they are read", async () => {
    const path = join(folder.path, "bomb.json.gz");
    writeFileSync(path, gzipSync(Buffer.alloc(2 ** 28 + 1, 0x20)));
    await expect(readCertificate(path)).rejects.toThrow("expected at most 64 bytes for each packed one");
  });
});

describe("numbers of certificates", () => {
  it.each([
    ["byte", Float64Array.of(0, 1 / 255, 0.2, 1)],
    ["float32", Float64Array.of(0.5, -2, 2 ** -140)],
    ["float64", Float64Array.of(0.1, -0.3)],
  ])("are written as %s where that loses nothing", (form, values) => {
    const encoded = encodeNumbers(values);
    expect(Object.keys(encoded)).toEqual([form]);
    expect(numbersOf(encoded, values.length, "x")).toEqual(values);
  });

  it("are listed by a bit each", () => {
    const text = encodeListed(Int32Array.of(0, 7, 8, 18), 19);
    expect([...listedIn(text, 19, "x")]).toEqual([0, 7, 8, 18]);
    expect(() => listedIn(text, 25, "x")).toThrow("x: expected 4 bytes, found 3");
  });
});
