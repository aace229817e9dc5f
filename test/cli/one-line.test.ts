import { describe, expect, it } from "vitest";
import { oneLine } from "../../src/cli/one-line.js";

describe("oneLine", () => {
  it("keeps what is one line, letters of any script among it", () => {
    for (const line of ["model.onnx: expected ε ≤ 0.1, found “ほげ”", "naïve – 😀"])
      expect(oneLine(line)).toBe(line);
  });

  it("folds line breaks of every kind into spaces", () => {
    expect(oneLine(" a\r\n  b\n\nc\u2028d\u2029e ")).toBe("a b c d e");
  });

  it("shows control characters, escapes of terminals, and what turns or hides text by their numbers", () => {
    expect(oneLine("a\u001b[31mred\u0007 \u202egpj\u2066 z\u200bw\ufeff \u0000\u0085\t")).toBe(
      "a\\u{1b}[31mred\\u{7} \\u{202e}gpj\\u{2066} z\\u{200b}w\\u{feff} \\u{0}\\u{85}",
    );
    expect(oneLine("half \ud800 pair")).toBe("half \\u{d800} pair");
  });

  it("leaves out the middle of what is too long, and keeps the mend at the end", () => {
    const line = oneLine(`model: ${"x".repeat(1_000_000)}; the mend`);
    expect(line.length).toBeLessThan(1600);
    expect(line).toMatch(/^model: x+ \[…\d+ characters…\] x+; the mend$/);
  });
});
