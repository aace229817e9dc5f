import { FormatError } from "../errors.js";

/** NumPy's element types of texts: `U` with four bytes a code point, `S` with bytes that are taken for UTF-8. */
const TEXT_TYPE = /^([US])(\d+)$/;

/** Bytes of one text of that element type (without its byte order); null for any other type. */
export function textBytes(type: string): number | null {
  const match = TEXT_TYPE.exec(type);
  // Texts of no characters would be any number of them in no bytes.
  if (!match || Number(match[2]) === 0) return null;
  return Number(match[2]) * (match[1] === "U" ? 4 : 1);
}

/** The texts of an array's `body`, in the file's order; zeros at the end of each fill it up. Throws a `FormatError`. */
export function readTexts(
  type: string,
  body: Uint8Array,
  { count, isBigEndian, where }: TextBody,
): readonly string[] {
  const width = textBytes(type)!;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const bytes = body.subarray(i * width, (i + 1) * width);
    if (type.startsWith("S")) return new TextDecoder().decode(bytes).replace(/\0+$/, "");
    const points = Array.from({ length: width / 4 }, (_, p) =>
      view.getUint32(i * width + 4 * p, !isBigEndian),
    );
    const bad = points.find((point) => point > 0x10ffff);
    if (bad !== undefined) {
      throw new FormatError(`${where}: text ${i}: expected Unicode code points, found ${bad}`);
    }
    return textOf(points).replace(/\0+$/, "");
  });
}

/** Of so many code points as one call takes at a time. */
function textOf(points: readonly number[]): string {
  let text = "";
  for (let at = 0; at < points.length; at += 4096)
    text += String.fromCodePoint(...points.slice(at, at + 4096));
  return text;
}

interface TextBody {
  readonly count: number;
  readonly isBigEndian: boolean;
  /** Names the array in errors. */
  readonly where: string;
}
