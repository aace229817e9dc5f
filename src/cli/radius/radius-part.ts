import { checksum } from "../../data/checksum.js";
import { radiiOf } from "../../runs/parts/radius-rows.js";
import { itemsOf } from "../../runs/parts/shard.js";
import { radiusHeader, radiusSummary } from "../../runs/radius-record.js";
import { checkDistinctFiles } from "../distinct-files.js";
import type { Io } from "../io.js";
import { Output } from "../output.js";
import { askedPart, openPart, partExitCode } from "../parts/part-file.js";
import type { AskedShard } from "../parts/shard-option.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatNumber } from "../wording.js";
import { findRadii, openRadius } from "./open-radius.js";
import type { RadiusFlags } from "./radius-flags.js";

/** Finds the radii of a share of the examples and keeps them in its file as it goes; gives the exit code. */
export async function radiusPart(
  name: string,
  flags: RadiusFlags & { readonly shard: AskedShard },
  io: Io,
): Promise<number> {
  const asked = askedPart(flags, {}, io);
  const output = new Output(io, asked.path);
  checkDistinctFiles({ "--json": asked.path }, { models: [name], data: flags.data });
  using found = await openRadius(name, flags, output, io, (all) => itemsOf(asked.shard, all).length);
  const { model, dataset, ball, opened, own, interruption, evaluation, most, tolerance } = found;
  const { backend } = opened;
  const { bound: method, timeout = null, seed } = flags;
  const of = { model, dataset, ball, method, arithmetic: backend.dtype, evaluation };
  const part = await openPart(
    asked,
    {
      command: "radius",
      total: dataset.count,
      same: {
        record: radiusHeader(of, { most, tolerance, timeout }),
        settings: {
          data: checksum(dataset),
          output: flags.output ?? null,
          ...(timeout !== null && { seed }),
        },
      },
    },
    output,
  );
  if (!part.isComplete) {
    const watch = { observer: new TerminalObserver(output), signal: interruption.signal };
    const some = { among: part.left, keep: (row: { readonly index: number }) => part.add([row]) };
    await interruption.unlessStopped(() => findRadii(found, flags, watch, some));
  }
  await part.write(own.record(backend));
  if (part.rows.length > 0) {
    const { median } = radiusSummary(radiiOf(part.rows, asked.path));
    output.figures([["median radius of this part", formatNumber(median)]]);
  }
  const code = partExitCode(part, output, interruption);
  backend.dispose();
  return code;
}
