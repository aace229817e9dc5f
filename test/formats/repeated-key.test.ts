import { describe, expect, it } from "vitest";
import { repeatedKey } from "../../src/formats/repeated-key.js";
import { decodeSafetensors } from "../../src/formats/safetensors.js";

describe("repeatedKey", () => {
  it.each<[string, string | undefined]>([
    ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}', undefined],
    ['{"a": 1, "b": 2, "a": 3}', "a"],
    ['{"x": [1, {"k": 1, "k": 2}]}', "k"],
    ['{"a": "a", "b": "\\"a\\":"}', undefined],
    ['{"\\u0061": 1, "a" : 2}', "a"],
    ['{"__proto__": 1, "__proto__": 2}', "__proto__"],
    ['["a", "a", {"b": ["b", "b"]}]', undefined],
    ["{}", undefined],
  ])("of %s is %s", (json, key) => {
    expect(repeatedKey(json)).toBe(key);
  });
});

it("a header of safetensors that has a tensor twice is refused by name", () => {
  const one = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  const header = new TextEncoder().encode(`{"w":${one},"w":${one}}`);
  const bytes = new Uint8Array(8 + header.length + 4);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  expect(() => decodeSafetensors(bytes, "m.safetensors")).toThrow('m.safetensors: its header has "w" twice');
});
