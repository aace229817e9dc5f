import type { Backend } from "../../compute/backend.js";
import { Deadline } from "../../compute/deadline.js";
import { AutodualError } from "../../errors.js";
import { allOf } from "../../runs/example-batches.js";
import { instancesOf } from "../../runs/parts/instance-rows.js";
import {
  type InstanceRow,
  instanceSummary,
  verificationsHeader,
  verificationsRecord,
} from "../../runs/verification-record.js";
import { CommandBudget } from "../command-budget.js";
import { checkDistinctFiles } from "../distinct-files.js";
import type { Io } from "../io.js";
import { oneLine } from "../one-line.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { askedPart, openPart, partExitCode } from "../parts/part-file.js";
import { answeredSubject, answerProperty } from "./answer-property.js";
import { type Instance, readInstanceList } from "./instance-list.js";
import { LateInterruption } from "./late-interruption.js";
import { answersExitCode, printAnswers } from "./print-answers.js";
import { VERIFY_DTYPE, type VerifyFlags } from "./verify-flags.js";

/** Answers the properties of a list, or a share of them, and gives the exit code. What cannot be read is told, and the others go on. */
export async function verifyList(path: string, flags: VerifyFlags, io: Io): Promise<number> {
  const { shard } = flags;
  const asked = shard && askedPart({ ...flags, shard }, {}, io);
  const output = new Output(io, asked?.path ?? flags.json);
  checkDistinctFiles({ "--json": asked?.path ?? flags.json }, { list: path });
  const list = await readInstanceList(path, flags.timeout);
  const own = new CommandBudget(flags, io);
  const memory = own.tensors.bytes;
  const { backend, description } = await openBackend({
    ...{ ...flags, memory, dtype: flags.dtype ?? VERIFY_DTYPE },
  });
  const { split, seed, evaluation = null } = flags;
  const header = verificationsHeader({
    ...{ path, sha256: list.sha256, count: list.instances.length },
    ...{ arithmetic: backend.dtype, evaluation, split, seed },
  });
  const part =
    asked &&
    (await openPart(
      asked,
      {
        command: "verify",
        total: list.instances.length,
        same: { record: header, settings: { timeout: flags.timeout, output: flags.output ?? null } },
      },
      output,
      ["property", "properties"],
    ));
  output.print(`${list.instances.length} properties of ${path}; ${description}`);
  using stopping = new LateInterruption();
  const signal = stopping.listen();
  const began = performance.now();
  const rows: InstanceRow[] = [];
  for (const index of part?.left ?? allOf({ count: list.instances.length })) {
    if (signal.aborted) break;
    const instance = list.instances[index];
    const row = await rowOf(index, instance, flags, { backend, io, memory, signal });
    // What a signal ended is not answered.
    if (signal.aborted && row.answer === "unknown") break;
    rows.push(row);
    const why = row.error === undefined ? "" : `: ${row.error}`;
    output.print(`${row.answer}  ${instance.model}, ${instance.spec}  ${row.seconds.toFixed(2)} s${why}`);
    if (part) await part.add([row]);
  }
  const seconds = (performance.now() - began) / 1000;
  const budget = own.record(backend);
  backend.dispose();
  if (part) {
    await part.write(budget);
    const code = partExitCode(part, output, { aborted: stopping.aborted, exitCode: stopping.exitCode });
    // Those of earlier processes as well.
    return code === 0 ? answersExitCode(instancesOf(part.rows, part.path)) : code;
  }
  printAnswers(output, { ...instanceSummary(rows), seconds });
  const { length: count } = list.instances;
  if (rows.length < count) output.print(`stopped after ${rows.length} of ${count}`);
  await output.writeJson({ ...verificationsRecord(header, rows, seconds), budget });
  if (stopping.aborted) return stopping.exitCode;
  return answersExitCode(rows);
}

async function rowOf(
  index: number,
  { model, spec, modelPath, specPath, timeout }: Instance,
  flags: VerifyFlags,
  {
    backend,
    io,
    memory,
    signal,
  }: {
    readonly backend: Backend;
    readonly io: Io;
    readonly memory: number;
    readonly signal: AbortSignal;
  },
): Promise<InstanceRow> {
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const unread = { model: { path: model, sha256: null }, spec: { path: spec, sha256: null } };
  try {
    const answered = await answerProperty(modelPath, specPath, flags, {
      ...{ backend, io, memory, certified: false },
      deadline: (ends) => Deadline.in(timeout - elapsed(), ends),
      listen: () => signal,
    });
    if (!answered) {
      return { index, ...unread, timeout, answer: "unknown", counterexample: null, seconds: elapsed() };
    }
    const { verdict } = answered;
    const found = verdict.counterexample;
    const of = answeredSubject(answered);
    return {
      index,
      model: { path: model, sha256: of.model.sha256 },
      spec: { path: spec, sha256: of.spec.sha256 },
      timeout,
      answer: verdict.answer,
      counterexample: found && { input: Array.from(found.input), output: Array.from(found.output) },
      seconds: elapsed(),
    };
  } catch (error) {
    if (!(error instanceof AutodualError)) throw error;
    const told = { answer: "error", counterexample: null, error: oneLine(error.message) } as const;
    return { index, ...unread, timeout, ...told, seconds: elapsed() };
  }
}
