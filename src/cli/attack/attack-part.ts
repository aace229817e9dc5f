import { checksum } from "../../data/checksum.js";
import { attackDataset } from "../../runs/attack.js";
import { attackHeader } from "../../runs/attack-record.js";
import { placeStages } from "../../runs/models/place-stages.js";
import { attackedOf } from "../../runs/parts/attack-rows.js";
import { aboutOf } from "../../threat/about.js";
import { CommandBudget } from "../command-budget.js";
import { Interruption } from "../interruption.js";
import type { Io } from "../io.js";
import { openSubject } from "../open-subject.js";
import { askedPart, openPart, partExitCode } from "../parts/part-file.js";
import type { AskedShard } from "../parts/shard-option.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatPercent } from "../wording.js";
import type { AttackFlags } from "./attack-flags.js";

/** Attacks a share of the examples and keeps it in its file as it goes; gives the exit code. */
export async function attackPart(
  models: readonly string[],
  flags: AttackFlags & { readonly shard: AskedShard },
  io: Io,
): Promise<number> {
  const asked = askedPart(flags, {}, io);
  const own = new CommandBudget({}, io);
  const { ball, output, backend, model, dataset } = await openSubject(
    models,
    { ...flags, json: asked.path },
    io,
  );
  const { batch, steps, restarts, seed, bound: method } = flags;
  using interruption = new Interruption();
  using placed = placeStages(backend, model.stages);
  const about = aboutOf(model.stages.length);
  const subject = { model, dataset, ball, arithmetic: backend.dtype };
  const part = await openPart(
    asked,
    {
      command: "attack",
      total: dataset.count,
      same: {
        record: attackHeader(subject, { steps, restarts, seed }, about),
        // By which stages of a cascade certify.
        settings: {
          ...{ data: checksum(dataset), output: flags.output ?? null },
          ...(model.stages.length > 1 && { bound: method }),
        },
      },
    },
    output,
  );
  if (!part.isComplete) {
    const watch = { observer: new TerminalObserver(output), signal: interruption.signal };
    const how = { ball, method, batch, steps, restarts, seed, among: part.left };
    const told = part.once("shown") !== undefined;
    await interruption.unlessStopped(() =>
      attackDataset(
        placed.stages,
        dataset,
        {
          ...how,
          keep: (found, shown) =>
            part.add(found, shown && !told ? { shown: { ...shown, x: [...shown.x] } } : {}),
        },
        watch,
      ),
    );
  }
  await part.write(own.record(backend));
  const found = attackedOf(part.rows, asked.path, model.stages.length);
  const misled = found.filter(({ pgd }) => pgd).length;
  if (found.length > 0) output.figures([["PGD error of this part", formatPercent(misled / found.length)]]);
  return partExitCode(part, output, interruption);
}
