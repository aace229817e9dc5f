import * as z from "zod";
import { FormatError } from "../../errors.js";
import { parseJson } from "../../formats/json-text.js";
import { LARGEST_TEXT, readFileOrExplain } from "../../formats/read-file.js";
import { countOf, shardInWords } from "./shard.js";

/** What can be done in parts. */
export const PART_COMMANDS = ["certify", "attack", "radius", "verify"] as const;
export type PartCommand = (typeof PART_COMMANDS)[number];

/** What a command may take, and what it took (`budget` of its figures). */
const budgetSchema = z.object({
  memory: z.number(),
  peakMemory: z.number(),
  peakTensors: z.number(),
  timeout: z.number().nullable(),
  secondsPast: z.number().nullable(),
});
export type PartBudget = z.infer<typeof budgetSchema>;

const headerSchema = z.object({
  schema: z.literal("autodual/part/1"),
  command: z.enum(PART_COMMANDS),
  shard: z
    .object({ index: z.int().positive(), of: z.int().positive() })
    .refine(({ index, of }) => index <= of, "expected an index of at most the number of shards"),
  /** Items of the whole, of all shards together. */
  total: z.int().positive(),
  /** What the parts of one whole have in common: its figures but for those that its items decide, and what else decides these. */
  same: z.object({
    record: z.looseObject({ schema: z.string() }),
    settings: z.record(z.string(), z.json()),
  }),
});

/** What a part is of. */
export type PartHeader = z.infer<typeof headerSchema>;

const rowSchema = z.looseObject({ index: z.int().min(0) });
/** What was found of an item, by its number in the whole. */
export interface PartRow {
  readonly index: number;
}

const partSchema = headerSchema.extend({
  /** Whether all items of the shard are done. */
  complete: z.boolean(),
  /** Of work, of all processes that went on with it. */
  seconds: z.number().min(0),
  budget: budgetSchema.nullable(),
  /** What a whole has once, as far as this part knows it. */
  once: z.record(z.string(), z.json()),
  rows: z.array(rowSchema),
});

/** A part of a whole, as it stands in its file: whole from the first moment on, and written anew as it grows. */
export interface ShardPart extends Omit<z.infer<typeof partSchema>, "rows"> {
  readonly rows: readonly PartRow[];
}

/**
 * Reads a part. A `FormatError` for a file that is damaged or something else, and for rows that are not of its shard or not in
 * their order.
 */
export async function readPart(path: string): Promise<ShardPart> {
  const text = new TextDecoder().decode(await readFileOrExplain(path, { largest: LARGEST_TEXT }));
  const otherwise = "expected a part that --shard wrote, found a file that is no JSON";
  const parsed = partSchema.safeParse(parseJson(text, path, otherwise));
  if (!parsed.success) {
    const [{ path: place, message }] = parsed.error.issues;
    throw new FormatError(
      `${path}: expected a part that --shard wrote (autodual/part/1), found at ${place.join(".") || "its top"}: ${message}`,
    );
  }
  const part = parsed.data;
  const { shard, total, rows } = part;
  // A damaged file may say any number of items: none of them is listed.
  const items = countOf(shard, total);
  const odd = rows.findIndex(({ index }, i) => i >= items || index !== shard.index - 1 + i * shard.of);
  if (odd >= 0 || part.complete !== (rows.length === items)) {
    throw new FormatError(
      `${path}: expected the items of shard ${shardInWords(shard)} of ${total} in their order, found ` +
        `${odd >= 0 ? `item ${rows[odd].index} as number ${odd}` : `${rows.length} of ${items}`}; the file is damaged or was changed`,
    );
  }
  return part;
}

/**
 * Of a header what the parts of one whole must have in common, but for their shards' numbers: not how a model's file is called on this
 * machine, which its checksum names.
 */
export function commonOf({ command, total, shard, same }: PartHeader): object {
  const { model, list, ...record } = same.record;
  return {
    command,
    total,
    shards: shard.of,
    ...same,
    record: { ...withoutPath({ model, list }), ...record },
  };
}

function withoutPath(named: Readonly<Record<string, unknown>>): object {
  const own = Object.entries(named).filter(([, value]) => typeof value === "object" && value !== null);
  return Object.fromEntries(own.map(([key, value]) => [key, { ...(value as object), path: undefined }]));
}

/** The text of a part: a line a row, so that large ones are read and compared by line. */
export function partText({ rows, ...part }: ShardPart): string {
  const head = JSON.stringify(part, null, 2).replace(/\n\}$/, "");
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(",\n");
  return `${head},\n  "rows": [${lines === "" ? "" : `\n${lines}\n  `}]\n}\n`;
}
