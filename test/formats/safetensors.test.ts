import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AutodualError, FormatError } from "../../src/errors.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../src/formats/safetensors.js";

/** A file out of a header and data bytes, as a writer that knows no rules would make it. */
function file(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

function bytesOf(values: Uint16Array | Uint8Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

const tensors = new Map<string, NamedTensor>([
  ["b", { shape: [3], values: Float32Array.of(1.5, -2, 0.1) }],
  ["a.weight", { shape: [2, 1, 2], values: Float64Array.of(0.1, 1e-300, -0, 4) }],
  ["scalar", { shape: [], values: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], values: new Float64Array(0) }],
  ["__proto__", { shape: [1], values: Float32Array.of(9) }],
]);

describe("safetensors", () => {
  it("gives back tensors, shapes, precisions and metadata", () => {
    const metadata = { purpose: "test", ünï: "日本\n" };
    const back = decodeSafetensors(encodeSafetensors(tensors, metadata), "m.safetensors");
    expect(back.metadata).toEqual(metadata);
    expect([...back.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of tensors) expect(back.tensors.get(name)).toEqual(tensor);
  });

  it("reads from any offset of a larger buffer", () => {
    const bytes = encodeSafetensors(tensors, {});
    for (const offset of [1, 3, 4]) {
      const shifted = Buffer.alloc(bytes.length + offset);
      shifted.set(bytes, offset);
      const back = decodeSafetensors(shifted.subarray(offset), "m");
      expect(back.tensors.get("b")).toEqual(tensors.get("b"));
      expect(back.tensors.get("a.weight")).toEqual(tensors.get("a.weight"));
    }
  });

  it("aligns the data and writes the same bytes for the same content", () => {
    const bytes = encodeSafetensors(tensors, { a: "b" });
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(header % 8).toBe(0);
    expect(bytes[8]).toBe("{".charCodeAt(0));
    expect(encodeSafetensors(tensors, { a: "b" })).toEqual(bytes);
  });

  it("round-trips whatever it is given", () => {
    const tensor = fc.oneof(
      fc.float32Array({ maxLength: 6 }).map((values) => ({ shape: [values.length], values })),
      fc.float64Array({ maxLength: 6 }).map((values) => ({ shape: [1, values.length], values })),
    );
    const names = fc.string().filter((name) => name !== "__metadata__");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names, tensor)),
        fc.dictionary(fc.string(), fc.string()),
        (list, metadata) => {
          const given = new Map<string, NamedTensor>(list);
          const back = decodeSafetensors(encodeSafetensors(given, metadata), "m");
          expect(back.tensors.size).toBe(given.size);
          for (const [name, { shape, values }] of given) {
            expect(back.tensors.get(name)?.shape).toEqual(shape);
            expect(back.tensors.get(name)?.values).toEqual(values);
          }
          expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        },
      ), // A name that assignment would take for the prototype.
      { examples: [[[], JSON.parse('{"__proto__": "text"}')]] },
    );
  });

  it("reads half precision and integers", () => {
    const cases: [string, Uint8Array, number[]][] = [
      ["F16", bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000)), [1, -2, 2 ** -24, 65504, -0]],
      ["BF16", bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x3dcd)), [1, -2, 0.10009765625]],
      ["I64", bytesOf(BigInt64Array.of(-5n, 2n ** 53n)), [-5, 2 ** 53]],
      ["I32", bytesOf(Int32Array.of(-7, 2 ** 31 - 1)), [-7, 2 ** 31 - 1]],
      ["U8", bytesOf(Uint8Array.of(0, 255)), [0, 255]],
    ];
    for (const [dtype, data, expected] of cases) {
      const bytes = file({ x: { dtype, shape: [expected.length], data_offsets: [0, data.length] } }, data);
      expect(Array.from(decodeSafetensors(bytes, "m").tensors.get("x")!.values), dtype).toEqual(expected);
    }
  });

  it("refuses tensors that do not fill their shape, and the metadata's name", () => {
    const values = new Float32Array(3);
    expect(() => encodeSafetensors(new Map([["w", { shape: [4], values }]]))).toThrow(
      /"w".*\[4\] needs 4.*got 3/,
    );
    expect(() => encodeSafetensors(new Map([["__metadata__", { shape: [3], values }]]))).toThrow(FormatError);
  });
});

const f32 = (from: number, to: number, shape = [(to - from) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [from, to],
});

describe("corrupt safetensors", () => {
  const huge = new Uint8Array(16).fill(255);
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /0 bytes, expected at least 8/],
    ["half a length", new Uint8Array(5), /5 bytes, expected at least 8/],
    ["a length beyond the limit", huge, /claims .* at most 100000000/],
    [
      "a header beyond the end",
      file({ x: f32(0, 4) }).subarray(0, 30),
      /truncated: its header needs \d+ bytes, the file has 30/,
    ],
    ["no JSON", file("{nonsense"), /header is not JSON/],
    ["invalid UTF-8", file({}).map((byte, i) => (i === 8 ? 0xff : byte)), /header is not JSON/],
    ["an empty header", file(""), /header is not JSON/],
    ["a list", file([]), /not a JSON object/],
    ["null", file("null"), /not a JSON object/],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }), /__metadata__ must map names to texts/],
    ["an entry of a wrong kind", file({ x: 3 }), /"x": expected dtype, shape and data_offsets, found 3/],
    ["a missing field", file({ x: { dtype: "F32", shape: [1] } }, 4), /"x": expected dtype/],
    ["a further field", file({ x: { ...f32(0, 4), more: 1 } }, 4), /"x": expected dtype/],
    [
      "an unknown dtype",
      file({ x: { ...f32(0, 4), dtype: "F8" } }, 4),
      /"x": dtype "F8" cannot be read; known: F64/,
    ],
    ["a negative extent", file({ x: f32(0, 4, [-1]) }, 4), /"x": expected dtype/],
    ["a fractional extent", file({ x: f32(0, 4, [0.5]) }, 4), /"x": expected dtype/],
    ["offsets in reverse", file({ x: f32(4, 0, [1]) }, 4), /bytes 4 to 0 lie outside/],
    ["offsets outside", file({ x: f32(0, 8) }, 4), /"x": bytes 0 to 8 lie outside the file's 4 data bytes/],
    [
      "another size than the shape's",
      file({ x: f32(0, 8, [3]) }, 8),
      /F32 of shape \[3\] needs 12 bytes, found 8/,
    ],
    [
      "a shape whose product overflows",
      file({ x: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4),
      /needs .* bytes, found 4/,
    ],
    ["overlapping tensors", file({ x: f32(0, 8), y: f32(4, 12) }, 12), /tensors "x" and "y" overlap/],
    ["the same bytes twice", file({ x: f32(0, 4), y: f32(0, 4) }, 4), /"x" and "y" overlap/],
    ["a hole", file({ x: f32(0, 4), y: f32(8, 12) }, 12), /bytes 4 to 8 belong to no tensor/],
    ["bytes at the end", file({ x: f32(0, 4) }, 9), /expected 4 data bytes, found 9/],
  ])("%s", (_, bytes, message) => {
    let error: unknown;
    try {
      decodeSafetensors(bytes, "bad.safetensors");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^bad\.safetensors: [^\n]+$/);
  });

  it("says so at every truncation", () => {
    const bytes = encodeSafetensors(tensors, { a: "b" });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length), "m"), `${length} bytes`).toThrow(
        AutodualError,
      );
    }
  });
});
