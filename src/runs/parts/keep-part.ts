import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UsageError } from "../../errors.js";
import { clearAbandonedParts } from "../../formats/abandoned-parts.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { firstDifference, inShort } from "./differences.js";
import {
  commonOf,
  type PartBudget,
  type PartHeader,
  type PartRow,
  partText,
  readPart,
  type ShardPart,
} from "./part.js";
import { itemsOf, shardInWords } from "./shard.js";

/** Between two writings at least this many seconds go by, and this many times what the last one took. */
const LEAST_SECONDS = 0.5;
const SHARE = 20;

/**
 * A part of a whole that is kept in its file while it is worked on: what a killed process leaves is there for the next one, which
 * goes on with the items that are left.
 */
export class KeptPart {
  readonly path: string;
  /** What is done, in the order of the shard's items. */
  readonly rows: PartRow[];
  /** Whether an earlier process did some of it. */
  readonly isResumed: boolean;
  readonly #header: PartHeader;
  readonly #items: Int32Array;
  readonly #before: number;
  /** Whether an earlier process did all of it. */
  readonly #isFinished: boolean;
  readonly #began = performance.now();
  #once: ShardPart["once"];
  #budget: PartBudget | null;
  #written = performance.now();
  #took = 0;

  private constructor(path: string, header: PartHeader, found: ShardPart | null) {
    this.path = path;
    this.#header = header;
    this.#items = itemsOf(header.shard, header.total);
    this.rows = [...(found?.rows ?? [])];
    this.isResumed = found !== null;
    this.#before = found?.seconds ?? 0;
    this.#isFinished = found?.complete ?? false;
    this.#once = found?.once ?? {};
    this.#budget = found?.budget ?? null;
  }

  /**
   * The part of this file, as far as it is done; a new one where there is none. Throws a `UsageError` for a part of another whole or
   * of another shard, and a `FormatError` for a file that is no part: neither is written over.
   */
  static async open(path: string, header: PartHeader): Promise<KeptPart> {
    // As it will be read again.
    const own = JSON.parse(JSON.stringify(header)) as PartHeader;
    clearAbandonedParts(dirname(path), basename(path));
    if (!existsSync(path)) return new KeptPart(path, own, null);
    const found = await readPart(path);
    const other = firstDifference(
      { ...commonOf(own), shard: own.shard.index },
      { ...commonOf(found), shard: found.shard.index },
    );
    if (other) {
      throw new UsageError(
        `${path}: expected the part that this command began, with ${other.place} ${inShort(other.first)}, found a part with ` +
          `${inShort(other.second)}; remove it or name another file`,
      );
    }
    return new KeptPart(path, own, found);
  }

  /** The items that are not done. */
  get left(): Int32Array {
    return this.#items.slice(this.rows.length);
  }

  /** How many items the shard has. */
  get count(): number {
    return this.#items.length;
  }

  get isComplete(): boolean {
    return this.rows.length === this.#items.length;
  }

  /** Seconds of work, those of earlier processes included. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#began) / 1000;
  }

  /** What a whole has once; this part's own, where it has been told. */
  once(key: string): ShardPart["once"][string] | undefined {
    return this.#once[key];
  }

  /** Adds the next rows, in the order of the shard's items, and writes the file from time to time. */
  async add(rows: readonly PartRow[], once: ShardPart["once"] = {}): Promise<void> {
    for (const row of rows) {
      const expected = this.#items[this.rows.length];
      if (row.index !== expected) {
        throw new RangeError(
          `shard ${shardInWords(this.#header.shard)}: expected item ${expected}, found ${row.index}`,
        );
      }
      this.rows.push(row);
    }
    this.#once = { ...this.#once, ...once };
    const since = (performance.now() - this.#written) / 1000;
    if (since >= Math.max(LEAST_SECONDS, SHARE * this.#took)) await this.write();
  }

  /** Writes the file as the part stands; `budget` is what this process took. A part that was finished before is left alone. */
  async write(budget?: PartBudget): Promise<void> {
    if (this.#isFinished) return;
    if (budget) this.#budget = largest(this.#budget, budget);
    const began = performance.now();
    await writeFileAtomically(
      this.path,
      partText({
        ...this.#header,
        complete: this.isComplete,
        seconds: this.seconds,
        budget: this.#budget,
        once: this.#once,
        rows: this.rows,
      }),
    );
    this.#written = performance.now();
    this.#took = (this.#written - began) / 1000;
  }
}

/** The budget of the later one, with the most that any took. */
export function largest(earlier: PartBudget | null, later: PartBudget): PartBudget {
  if (!earlier) return later;
  return {
    ...later,
    memory: Math.max(earlier.memory, later.memory),
    peakMemory: Math.max(earlier.peakMemory, later.peakMemory),
    peakTensors: Math.max(earlier.peakTensors, later.peakTensors),
  };
}
