import { type RadiusRow, radiusRecord } from "../../runs/radius-record.js";
import { checkDistinctFiles } from "../distinct-files.js";
import type { Io } from "../io.js";
import { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { plural } from "../wording.js";
import { findRadii, openRadius } from "./open-radius.js";
import { printRadii } from "./print-radii.js";
import type { RadiusFlags } from "./radius-flags.js";

/** Finds the radii of all examples that were asked for, prints and writes them, and gives the exit code. */
export async function radiusWhole(name: string, flags: RadiusFlags, io: Io): Promise<number> {
  const output = new Output(io, flags.json);
  checkDistinctFiles({ "--json": flags.json }, { models: [name], data: flags.data });
  using found = await openRadius(name, flags, output, io);
  const { model, dataset, ball, opened, own, interruption, deadline, evaluation, most, tolerance } = found;
  const { signal } = interruption;
  const { timeout } = flags;
  const began = performance.now();
  const watch = { observer: new TerminalObserver(output), signal };
  const rows: RadiusRow[] = [];
  await interruption.unlessStopped(() => findRadii(found, flags, watch, {}, rows));
  const isOver = deadline.passed && !interruption.aborted;
  const took = (performance.now() - began) / 1000;
  const record = own.record(opened.backend);
  opened.backend.dispose();
  if (rows.length === 0) {
    output.print("stopped; nothing was kept");
  } else
    printRadii(
      rows,
      model,
      dataset,
      ball,
      { most, tolerance, seconds: took, timeout, isOver, evaluation },
      output,
    );
  if (rows.length > 0 && rows.length < dataset.count) {
    output.print(
      `stopped after ${rows.length} of ${plural(dataset.count, "example")}: the figures are about these.`,
    );
  }
  await output.writeJson({
    ...radiusRecord(
      { model, dataset, ball, method: flags.bound, arithmetic: opened.backend.dtype, evaluation },
      { most, tolerance, timeout: timeout ?? null, seconds: took, rows },
    ),
    ...(rows.length < dataset.count && { unreached: dataset.count - rows.length }),
    budget: record,
  });
  return interruption.aborted ? interruption.exitCode : 0;
}
