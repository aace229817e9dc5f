import { UsageError } from "../../errors.js";
import { packageVersion } from "../../formats/package-version.js";
import { KeptPart } from "../../runs/parts/keep-part.js";
import type { PartHeader } from "../../runs/parts/part.js";
import { type Shard, shardInWords } from "../../runs/parts/shard.js";
import type { Interruption } from "../interruption.js";
import type { Io } from "../io.js";
import type { Output } from "../output.js";
import { plural } from "../wording.js";
import { type AskedShard, shardOf } from "./shard-option.js";

/** In the name of a part's file, what stands for the number of its shard. */
const NUMBER = "{shard}";

/** A share of a command's work, and where it is kept. */
export interface AskedPart {
  readonly shard: Shard;
  readonly path: string;
}

/**
 * What `--shard` and `--json` ask for together. A `UsageError` where no file is named, and for flags about the whole, which a part knows
 * nothing of: `whole` are their values by flag.
 */
export function askedPart(
  { shard: asked, json }: { readonly shard: AskedShard; readonly json?: string },
  whole: Readonly<Record<string, unknown>>,
  io: Io,
): AskedPart {
  const shard = shardOf(asked, io);
  if (json === undefined || json === "-") {
    throw new UsageError(
      `--json: expected with --shard the file that the part is kept in, such as part-${NUMBER}.json, found ${json ?? "nothing"}`,
    );
  }
  const other = Object.keys(whole).find((flag) => whole[flag] !== undefined);
  if (other !== undefined) {
    throw new UsageError(
      `${other}: expected without --shard, as it is about all parts together, which autodual merge puts together, found both`,
    );
  }
  return { shard, path: pathOfShard(json, shard) };
}

/** A name with the number of a shard where `{shard}` stands. */
export function pathOfShard(name: string, { index }: Shard): string {
  return name.replaceAll(NUMBER, String(index));
}

/** The part, as far as its file has it; says what there is to do. */
export async function openPart(
  { shard, path }: AskedPart,
  { command, total, same }: Pick<PartHeader, "command" | "total" | "same">,
  output: Output,
  items: readonly [one: string, many: string] = ["example", "examples"],
): Promise<KeptPart> {
  const settings = { ...same.settings, version: packageVersion() };
  const part = await KeptPart.open(path, {
    ...{ schema: "autodual/part/1", command, shard, total },
    same: { ...same, settings },
  });
  const { length: left } = part.left;
  const done = part.isResumed ? `, of which ${path} has ${part.rows.length}` : "";
  output.print(
    `shard ${shardInWords(shard)}: ${plural(part.count, ...items)} of ${total}${done}; ${left} to do`,
  );
  return part;
}

/** Says how far the part is: done, 0; not done, 1, or what the interruption says. */
export function partExitCode(
  { path, rows, count, isComplete }: KeptPart,
  output: Output,
  interruption: Pick<Interruption, "aborted" | "exitCode">,
): number {
  output.print(`part ${path}`);
  if (isComplete) {
    output.print("done; autodual merge puts all parts together");
    return 0;
  }
  const why = interruption.aborted ? "stopped" : "the time was over";
  output.print(`${why} after ${rows.length} of ${count}: the same command goes on from there`);
  return interruption.aborted ? interruption.exitCode : 1;
}
