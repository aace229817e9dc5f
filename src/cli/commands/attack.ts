import type { Command } from "commander";
import { type AttackOutcome, attackDataset } from "../../runs/attack.js";
import { attackRecord } from "../../runs/attack-record.js";
import { placeStages } from "../../runs/models/place-stages.js";
import { wholeNumber } from "../arguments.js";
import type { AttackFlags } from "../attack/attack-flags.js";
import { attackPart } from "../attack/attack-part.js";
import { stageRows } from "../certification-words.js";
import {
  addBoundOption,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { addSubjectOptions, openSubject } from "../open-subject.js";
import { addShardOption } from "../parts/shard-option.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatBall, formatDuration, formatPercent, plural } from "../wording.js";

/** `autodual attack`: errors that attacks really cause; what `certify` bounds is never below them. */
export function addAttack(program: Command, context: CommandContext): void {
  const command = program
    .command("attack")
    .description("attack a model by FGSM and PGD: a lower bound on what certify bounds from above");
  addSubjectOptions(command);
  addBoundOption(command);
  command
    .option("--steps <n>", "gradient steps of each start of PGD", wholeNumber("--steps", { min: 1 }), 40)
    .option("--restarts <n>", "random starts of PGD", wholeNumber("--restarts", { min: 1 }), 2);
  addShardOption(command);
  addMachineOptions(command);
  addSeedOption(command, "of PGD's random starts");
  addJsonOption(command).action(async (models: string[], flags: AttackFlags) => {
    requireFlags(command, ["data", "epsilon"], "MODEL --data mnist --epsilon 0.1");
    const { shard } = flags;
    context.exitCode =
      shard === undefined
        ? await attack(models, flags, context)
        : await attackPart(models, { ...flags, shard }, context.io);
  });
}

async function attack(models: string[], flags: AttackFlags, { io }: CommandContext): Promise<number> {
  const { ball, output, backend, model, dataset } = await openSubject(models, flags, io);
  const { batch, split, steps, restarts, seed, bound: method } = flags;

  using placed = placeStages(backend, model.stages);
  const outcome = await attackDataset(
    placed.stages,
    dataset,
    { ball, method, batch, steps, restarts, seed },
    { observer: new TerminalObserver(output) },
  );

  const { summary } = outcome;
  output.figures([
    ["model", model.path],
    ...stageRows(model),
    ["data", `${dataset.name} (${split}), ${plural(dataset.count, "example")}`],
    ["ball", formatBall(ball)],
    ["error", formatPercent(summary.error)],
    ["FGSM error", formatPercent(summary.fgsmError)],
    [`PGD error (${steps} steps, ${restarts} starts)`, formatPercent(summary.pgdError)],
    ...switchingRow(summary),
    ["time", formatDuration(summary.seconds)],
  ]);
  output.prose(errorInWords(outcome));
  if (summary.switchingError !== undefined) output.prose(switchingInWords(summary.switchingError));
  const subject = { model, dataset, ball, arithmetic: backend.dtype };
  await output.writeJson(attackRecord(subject, { steps, restarts, seed }, outcome));
  return 0;
}

function errorInWords({ about, summary }: AttackOutcome): string {
  const ofCascade = about === "stage that answers";
  return (
    (ofCascade ? "Of a cascade the stage that answers an example was attacked. " : "") +
    `Attacks within the ball really cause these errors${ofCascade ? " of that stage's network" : ""}: at least ` +
    `${formatPercent(summary.pgdError, "lower")} of the examples are wrong under the worst attack${ofCascade ? " on it" : ""}. ` +
    "This is a lower bound; a stronger attack may find more. " +
    "The robust error that certify prints for the same examples and ball is an upper bound of the same quantity" +
    (ofCascade ? ", where its --bound is the same, not of the cascade's error under attack." : ".")
  );
}

function switchingRow({ switchingError }: AttackOutcome["summary"]): [string, string][] {
  return switchingError === undefined ? [] : [["cascade's own answers", formatPercent(switchingError)]];
}

function switchingInWords(error: number): string {
  return (
    "A changed input may go to another stage, which may answer otherwise: the cascade's own answers are wrong for at least " +
    `${formatPercent(error, "lower")} of the examples within the ball. No certificate of a cascade bounds this.`
  );
}
