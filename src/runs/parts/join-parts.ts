import { UsageError } from "../../errors.js";
import { firstDifference, inShort } from "./differences.js";
import { largest } from "./keep-part.js";
import { commonOf, type PartBudget, type PartRow, readPart, type ShardPart } from "./part.js";
import { countOf, shardInWords } from "./shard.js";

/** All parts of a whole. */
export interface JoinedParts extends Pick<ShardPart, "command" | "total" | "same"> {
  readonly parts: number;
  /** Of every item, in order. */
  readonly rows: readonly PartRow[];
  /** The files, in the order of shards. */
  readonly paths: readonly string[];
  /** What each part knows of what a whole has once, in the order of shards. */
  readonly once: readonly ShardPart["once"][];
  /** Of work, of all parts together. */
  readonly seconds: number;
  readonly budget: PartBudget | null;
}

/**
 * Puts the parts of one whole together. Throws a `FormatError` for a file that is no part, and a `UsageError` for parts of different
 * wholes, for one that is missing, that stands twice, or that is not done.
 */
export async function joinParts(paths: readonly string[]): Promise<JoinedParts> {
  const parts: { readonly path: string; readonly part: ShardPart }[] = [];
  for (const path of paths) parts.push({ path, part: await readPart(path) });
  const [{ path: firstPath, part: first }] = parts;
  for (const { path, part } of parts) {
    const other = firstDifference(commonOf(first), commonOf(part));
    if (!other) continue;
    throw new UsageError(
      `${path}: expected a part of what ${firstPath} is a part of, with ${other.place} ${inShort(other.first)}, found ` +
        inShort(other.second),
    );
  }
  const byShard = new Map<number, { readonly path: string; readonly part: ShardPart }>();
  for (const one of parts) {
    const { index } = one.part.shard;
    const twice = byShard.get(index);
    if (twice) {
      throw new UsageError(
        `${one.path}: expected each shard once, found shard ${shardInWords(one.part.shard)} here and in ${twice.path}`,
      );
    }
    byShard.set(index, one);
  }
  const { of } = first.shard;
  const missing = of - byShard.size;
  if (missing > 0) {
    throw new UsageError(
      `merge: expected all ${of} parts, found ${parts.length}: ${missing > 1 ? "shards" : "shard"} ` +
        `${missingShards(missing, byShard)} of ${of} ${missing > 1 ? "are" : "is"} missing`,
    );
  }
  for (const { path, part } of parts) {
    if (part.complete) continue;
    const items = countOf(part.shard, part.total);
    throw new UsageError(
      `${path}: expected a part that is done, found ${part.rows.length} of its ${items} items; run its command again, which goes on there`,
    );
  }
  const sorted = [...byShard].sort(([a], [b]) => a - b).map(([, one]) => one);
  const ordered = sorted.map(({ part }) => part);
  const rows = Array.from(
    { length: first.total },
    (_, item) => ordered[item % of].rows[Math.floor(item / of)],
  );
  return {
    ...{ command: first.command, total: first.total, same: ordered[0].same, parts: of, rows },
    paths: sorted.map(({ path }) => path),
    once: ordered.map(({ once }) => once),
    seconds: ordered.reduce((sum, { seconds }) => sum + seconds, 0),
    budget: ordered.reduce<PartBudget | null>(
      (all, { budget }) => (budget ? largest(all, budget) : all),
      null,
    ),
  };
}

const SHOWN = 7;

/** The first of the shards that are missing, and how many more; there may be more of them than any list holds. */
function missingShards(count: number, found: ReadonlyMap<number, unknown>): string {
  const numbers: number[] = [];
  const shown = count > SHOWN + 1 ? SHOWN : count;
  for (let index = 1; numbers.length < shown; index++) if (!found.has(index)) numbers.push(index);
  return `${numbers.join(", ")}${count > shown ? ` and ${count - shown} more` : ""}`;
}
