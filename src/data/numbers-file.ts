import { FormatError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { parseNpy, readNpz } from "../formats/npz.js";
import { LARGEST_TEXT, readFileOrExplain } from "../formats/read-file.js";
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
      return shapedNumbers(parseNpy(await readFileOrExplain(path, { where }), where), where);
    case "json": {
      const json = parseJson(
        await textOf(path, where),
        where,
        "expected a JSON list of numbers, found what is no JSON",
      );
      return nested(json, where);
    }
    default:
      return listed(await textOf(path, where), where);
  }
}

async function textOf(path: string, where: string): Promise<string> {
  return new TextDecoder().decode(await readFileOrExplain(path, { where, largest: LARGEST_TEXT }));
}

/** Of a list of lists, which all have the same length. */
function nested(value: unknown, where: string): ShapedNumbers {
  const shape: number[] = [];
  for (let first = value; Array.isArray(first); first = first[0]) shape.push(first.length);
  const values: number[] = [];
  const take = (part: unknown, depth: number): void => {
    if (depth < shape.length && Array.isArray(part) && part.length === shape[depth]) {
      for (const one of part) take(one, depth + 1);
    } else if (depth === shape.length && typeof part === "number") {
      values.push(part);
    } else if (typeof part === "number" || Array.isArray(part)) {
      throw new FormatError(`${where}: expected lists of equal lengths, found others`);
    } else throw new FormatError(`${where}: expected a JSON list of numbers, found ${kind(part)}`);
  };
  take(value, 0);
  return { shape, values: Float64Array.from(values) };
}

function kind(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function listed(text: string, where: string): ShapedNumbers {
  // "0,1;0,2" is two numbers where a comma stands for the point, and four elsewhere.
  if (text.includes(";") && text.includes(",")) {
    throw new FormatError(
      `${where}: expected numbers parted by commas, with points in them, found semicolons as well`,
    );
  }
  const fields = text.split(/[,;\s]+/).filter((field) => field !== "");
  const values = Float64Array.from(fields, Number);
  const bad = values.findIndex((value) => Number.isNaN(value));
  if (bad < 0) return { shape: [values.length], values };
  throw new FormatError(
    `${where}: expected numbers, found ${JSON.stringify(fields[bad]!.slice(0, 40))} as number ${bad}`,
  );
}
