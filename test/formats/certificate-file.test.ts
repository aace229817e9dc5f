import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.js";
import {
  certificateText,
  parseCertificate,
  readCertificate,
  writeCertificate,
} from "../../src/formats/certificate/file.js";
import type { Certificate, RobustClaim } from "../../src/formats/certificate/schema.js";

const folder = mkdtempSync(join(tmpdir(), "autodual-certificate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const claim = (index: number): RobustClaim => ({
  ...{ kind: "robust", model: "0".repeat(64), evaluation: "float64", neurons: {}, index, data: "points" },
  ...{ norm: "linf", epsilon: 0.25, box: null, prediction: 0, margins: [0, 1], plan: {} },
});
const certificate: Certificate = { schema: "autodual/certificate/1", claims: [claim(0), claim(1), claim(2)] };
const text = JSON.stringify(certificate);

describe("a certificate file", () => {
  it("is read as it was written, one claim a line, packed where its name says so", async () => {
    let whole = "";
    for await (const part of certificateText(certificate.claims)) whole += part;
    const lines = whole.split("\n");
    expect(lines).toHaveLength(6);
    expect(JSON.parse(lines[2].slice(0, -1))).toEqual(claim(1));
    for (const name of ["c.json", "c.json.gz"]) {
      await writeCertificate(at(name), certificate.claims);
      expect(await readCertificate(at(name))).toEqual(certificate);
    }
    expect(gunzipSync(readFileSync(at("c.json.gz"))).toString()).toBe(readFileSync(at("c.json"), "utf8"));
    // Packed by somebody else, under any name.
    writeFileSync(at("packed"), gzipSync(text));
    expect(await readCertificate(at("packed"))).toEqual(certificate);
  });

  it("is not there where its claims' maker fails, or no file can be", async () => {
    const claims = async function* () {
      yield claim(0);
      throw new RangeError("no more");
    };
    await expect(writeCertificate(at("half.json"), claims())).rejects.toThrow(RangeError);
    expect(existsSync(at("half.json"))).toBe(false);
    await expect(writeCertificate(at("no/c.json"), [claim(0)])).rejects.toThrow(UsageError);
  });

  it("is named in what is wrong with it", async () => {
    await expect(readCertificate(at("none.json"))).rejects.toThrow(`${at("none.json")}: no such file`);
    writeFileSync(at("bad.json"), text.replace('"index":1', '"index":-1'));
    await expect(readCertificate(at("bad.json"))).rejects.toThrow(
      `${at("bad.json")}: claims.1.index: Too small`,
    );
    writeFileSync(at("half.json.gz"), gzipSync(text).subarray(0, -9));
    await expect(readCertificate(at("half.json.gz"))).rejects.toThrow(
      `${at("half.json.gz")}: expected whole gzip data`,
    );
  });

  it("has at most 256 MiB, which is known before it is read", async () => {
    const file = openSync(at("large.json"), "w");
    ftruncateSync(file, 2 ** 28 + 1);
    closeSync(file);
    await expect(readCertificate(at("large.json"))).rejects.toThrow(
      "expected a file of at most 256 MiB, found 257 MiB",
    );
  });

  it("is read until it is to end", async () => {
    const reason = new Error("enough");
    let looks = 0;
    const stop = {
      throwIfAborted() {
        looks += 1;
        if (looks === 2) throw reason;
      },
    };
    expect(() => parseCertificate(text, "c.json", stop)).toThrow(reason);
    expect(looks).toBe(2);
    writeFileSync(at("long.json"), text);
    looks = 1;
    await expect(readCertificate(at("long.json"), stop)).rejects.toBe(reason);
  });
});

describe("what is no certificate", () => {
  const claims = [claim(0), { ...claim(1), plan: { relu1: { rows: "no" } } }];
  it.each([
    ["something else", "{", "expected a certificate as JSON, found something else or half of one"],
    ["a number", "17", "certificate: Invalid input: expected object, received number"],
    ["another version", text.replace("certificate/1", "certificate/2"), "schema: Invalid input"],
    [
      "a claim that is none",
      JSON.stringify({ ...certificate, claims: [claim(0), 7] }),
      "claims.1: Invalid input",
    ],
    [
      "a place deep in a claim",
      JSON.stringify({ ...certificate, claims }),
      "claims.1.plan.relu1.rows: Invalid input",
    ],
    [
      "a name over several lines",
      text.replace('"plan":{}', '"plan":{"a\\nb\\u001b":{"rows":1}}'),
      "claims.0.plan.a b .rows: Invalid input",
    ],
  ])("is told in one line, with the place: %s", (_, own, message) => {
    try {
      parseCertificate(own, "c.json");
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message.startsWith(`c.json: ${message}`), (error as Error).message).toBe(true);
      return;
    }
    throw new Error("expected a fault");
  });

  it("is told by a message without a line's end", () => {
    const unknown = text.replace('"index":0', '"index":0,"a\\nb":1');
    expect(() => parseCertificate(unknown, "c.json")).toThrow('c.json: claims.0: Unrecognized key: "a b"');
  });
});
