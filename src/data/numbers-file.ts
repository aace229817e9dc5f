import { readFile } from "node:fs/promises";
import { FormatError } from "../errors.js";
import { parseNpy, readNpz } from "../formats/npz.js";
import { type ShapedNumbers, shapedNumbers } from "./by-feature.js";

const ENDINGS = /\.(npz|npy|json|csv)$/i;

/** Whether a path's ending is that of a file of numbers. */
export function isNumbersPath(path: string): boolean {
  return ENDINGS.test(path);
}

/**
 * Reads numbers of any shape: an .npy array; of an .npz archive the array `name`, or the only one; a JSON list, perhaps of lists; or a
 * .csv file, whose lines count as one list. Throws a `FormatError` that begins with `where` for what is none of these.
 */
export async function readNumbers(path: string, name: string, where: string): Promise<ShapedNumbers> {
  const numbers = await readAny(path, name, where);
  if (numbers.values.length > 0) return numbers;
  throw new FormatError(`${where}: expected numbers, found none`);
}

async function readAny(path: string, name: string, where: string): Promise<ShapedNumbers> {
  switch (ENDINGS.exec(path)?.[1]?.toLowerCase()) {
    case "npz": {
      const arrays = await readNpz(path);
      const array = arrays.get(name) ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
      if (array) return shapedNumbers(array, where);
      throw new FormatError(`${where}: expected an array ${name}, found ${[...arrays.keys()].join(", ")}`);
    }
    case "npy":
      return shapedNumbers(parseNpy(await bytesOf(path, where), where), where);
    case "json":
      return nested(parsed(new TextDecoder().decode(await bytesOf(path, where)), where), where);
    default:
      return listed(new TextDecoder().decode(await bytesOf(path, where)), where);
  }
}

async function bytesOf(path: string, where: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : String(code);
    throw new FormatError(`${where}: expected a file, found ${found}`);
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${where}: expected a JSON list of numbers, found what is no JSON`);
  }
}

/** Of a list of lists, which all have the same length. */
function nested(value: unknown, where: string): ShapedNumbers {
  if (typeof value === "number") return { shape: [], values: Float64Array.of(value) };
  if (!Array.isArray(value))
    throw new FormatError(`${where}: expected a JSON list of numbers, found ${kind(value)}`);
  const parts = value.map((part) => nested(part, where));
  const [first] = parts;
  if (!first) return { shape: [0], values: new Float64Array(0) };
  if (parts.some(({ shape }) => shape.join() !== first.shape.join())) {
    throw new FormatError(`${where}: expected lists of equal lengths, found others`);
  }
  return {
    shape: [parts.length, ...first.shape],
    values: Float64Array.from(parts.flatMap(({ values }) => [...values])),
  };
}

function kind(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function listed(text: string, where: string): ShapedNumbers {
  const fields = text.split(/[,;\s]+/).filter((field) => field !== "");
  const values = Float64Array.from(fields, Number);
  const bad = values.findIndex((value) => Number.isNaN(value));
  if (bad < 0) return { shape: [values.length], values };
  throw new FormatError(
    `${where}: expected numbers, found ${JSON.stringify(fields[bad]!.slice(0, 40))} as number ${bad}`,
  );
}
