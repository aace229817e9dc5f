import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { FormatError } from "../../errors.js";
import { LARGEST_TEXT, readFileOrExplain } from "../../formats/read-file.js";
import { readNumber } from "../arguments.js";

/** A property to answer, as a line of a list has it. */
export interface Instance {
  /** As the list has them. */
  readonly model: string;
  readonly spec: string;
  /** Where they are. */
  readonly modelPath: string;
  readonly specPath: string;
  /** Seconds. */
  readonly timeout: number;
}

export interface InstanceList {
  readonly sha256: string;
  readonly instances: readonly Instance[];
}

/**
 * Reads a list of properties, as competitions of verifiers have them: a line `model,spec,seconds` each, without a header; the seconds
 * may be left out. Paths are relative to the file. Throws a `FormatError` that names the line of one that is something else.
 */
export async function readInstanceList(path: string, timeout: number): Promise<InstanceList> {
  const bytes = await readFileOrExplain(path, { largest: LARGEST_TEXT });
  const folder = dirname(resolve(path));
  const instances = rowsOf(path, bytes).map(({ record: cells, info: { lines } }): Instance => {
    const [model = "", spec = "", seconds] = cells;
    const own = seconds === undefined || seconds === "" ? timeout : readNumber(seconds);
    if (cells.length > 3 || model === "" || spec === "" || !Number.isFinite(own) || own <= 0) {
      throw new FormatError(
        `${path}: line ${lines}: expected a model, a property and seconds above 0 such as net.onnx,spec.vnnlib,60, found ` +
          JSON.stringify(cells.join(",")),
      );
    }
    return { model, spec, modelPath: resolve(folder, model), specPath: resolve(folder, spec), timeout: own };
  });
  if (instances.length === 0)
    throw new FormatError(`${path}: expected a line for each property, found nothing`);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), instances };
}

/** A line's cells, and its number in the file, empty lines counted. */
interface ListRow {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

function rowsOf(path: string, bytes: Uint8Array): ListRow[] {
  try {
    return parse(Buffer.from(bytes), {
      ...{ bom: true, trim: true, relax_column_count: true, skip_empty_lines: true, info: true },
    }) as unknown as ListRow[];
  } catch (error) {
    if (error instanceof CsvError)
      throw new FormatError(`${path}: expected lines of cells: ${error.message}`);
    throw error;
  }
}
