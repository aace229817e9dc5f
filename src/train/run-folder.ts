import { existsSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { FormatError, UsageError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { makeFolder } from "../formats/make-folder.js";
import { encodeModel, type LoadedModel, loadModelFile } from "../formats/model-file.js";
import { MODEL_FILES } from "../formats/model-folder.js";
import { exportOnnx } from "../formats/onnx/export/export.js";
import { LARGEST_TEXT, readFileOrExplain } from "../formats/read-file.js";
import { writeFileAtomically } from "../formats/write-file.js";
import { foldBatchNorms } from "../network/fold-batch-norms.js";
import type { Network } from "../network/network.js";
import type { Model } from "../network/weights.js";
import { guaranteeSchema } from "../threat/guarantee.js";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.js";
import { type EpochRow, epochRowSchema, type TrainConfig, trainConfigSchema } from "./config.js";
import { roundingSchema } from "./rounding-schema.js";
import { parseRunRecord } from "./run-record.js";
import type { TrainingState } from "./training-state.js";

/** What was measured on test examples when training ended. */
const evaluationSchema = z.strictObject({
  examples: z.int().positive(),
  epsilon: z.number(),
  error: z.number(),
  robustError: z.number(),
  guarantee: guaranteeSchema,
  /** Absent in records of versions that did not count rounding. */
  bound: roundingSchema.optional(),
  seconds: z.number(),
});

const SCHEMA = "autodual/run/1";

/** `run.json`: a run's configuration, circumstances and results. */
export const runSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  status: z.enum(["running", "interrupted", "finished"]),
  config: trainConfigSchema,
  versions: z.record(z.string(), z.string()),
  machine: z.strictObject({
    platform: z.string(),
    arch: z.string(),
    processor: z.string(),
    cores: z.int(),
    memoryGB: z.number(),
  }),
  seed: z.int(),
  epochs: z.array(epochRowSchema),
  /** The epoch of `best.safetensors`; null while there is none. */
  best: z.int().positive().nullable().default(null),
  evaluation: evaluationSchema.nullable(),
  /** How many processes shared each batch when it was last trained; absent: one. */
  ranks: z.int().min(2).optional(),
});

/** What `run.json` holds: a run's configuration, circumstances and results. */
export interface Run extends z.infer<typeof runSchema> {}

/** The files of a run folder. */
export const RUN_FILES = {
  run: "run.json",
  metrics: "metrics.jsonl",
  checkpoint: "checkpoint.safetensors",
  model: MODEL_FILES.weights,
  /** The same for other programs, once training is finished. */
  onnx: MODEL_FILES.onnx,
  best: "best.safetensors",
  /** Of a stage of a cascade: the examples that it is trained on. */
  examples: "examples.json",
  /** Of a cascade that begins with a model file: that model, as every stage begins with it. */
  start: "start.safetensors",
} as const;

type RunFile = keyof typeof RUN_FILES;

/** A folder that holds one training run. Every file is written beside and renamed, so that a kill loses nothing. */
export class RunFolder {
  readonly path: string;
  /** Whether what is to be written is: of several ranks of one run, one writes, and for the others that does nothing. */
  readonly writes: boolean;

  private constructor(path: string, writes = true) {
    this.path = path;
    this.writes = writes;
  }

  /** A new run folder. A `UsageError` if a run is there already, or if the folder cannot be made. */
  static create(path: string): RunFolder {
    if (existsSync(join(path, RUN_FILES.run))) {
      throw new UsageError(
        `${path}: there is a run in this folder; go on with --resume ${path}, or choose another --out`,
      );
    }
    const fault = makeFolder(path);
    if (fault !== null) throw new UsageError(`${path}: cannot make this folder: ${fault}`);
    return new RunFolder(path);
  }

  /** A folder that is made if it is not there, with a run in it or without. */
  static reopen(path: string): RunFolder {
    return existsSync(join(path, RUN_FILES.run)) ? RunFolder.open(path) : RunFolder.create(path);
  }

  /** A folder as it is, whether there is a run in it or not. */
  static of(path: string, { writes = true } = {}): RunFolder {
    return new RunFolder(path, writes);
  }

  /** An existing run folder. A `FormatError` if there is no run in it. */
  static open(path: string, { writes = true } = {}): RunFolder {
    if (!existsSync(path)) throw new FormatError(`${path}: no such folder; expected a run folder`);
    if (!statSync(path).isDirectory()) throw new FormatError(`${path}: expected a run folder, found a file`);
    if (!existsSync(join(path, RUN_FILES.run))) {
      const found = readdirSync(path).slice(0, 3).join(", ") || "nothing";
      throw new FormatError(`${path}: not a run folder: expected ${RUN_FILES.run}, found ${found}`);
    }
    return new RunFolder(path, writes);
  }

  /** The path of one of its files. */
  file(name: RunFile): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** Takes the folder away again if nothing is in it. */
  removeIfEmpty(): void {
    if (!this.writes) return;
    try {
      rmdirSync(this.path);
    } catch {
      // It holds something, or it cannot be removed either: it stays.
    }
  }

  /** A `FormatError` where the record is missing, damaged or another version's. */
  async readRun(): Promise<Run> {
    const path = this.file("run");
    return parseRunRecord(await readFileOrExplain(path, { largest: LARGEST_TEXT }), path, runSchema, SCHEMA);
  }

  /** Writes the record, and its epochs as `metrics.jsonl`. */
  async writeRun(run: Run): Promise<void> {
    if (!this.writes) return;
    await writeFileAtomically(this.file("run"), `${JSON.stringify(run, null, 2)}\n`);
    await writeFileAtomically(
      this.file("metrics"),
      run.epochs.map((row) => `${JSON.stringify(row)}\n`).join(""),
    );
  }

  /**
   * The numbers of the examples that the run trains on, in the order of the data set.
   * @internal
   */
  async writeExamples(indices: readonly number[]): Promise<void> {
    if (!this.writes) return;
    await writeFileAtomically(this.file("examples"), `${JSON.stringify(indices)}\n`);
  }

  /** @internal */
  async readExamples(): Promise<number[]> {
    const path = this.#filePresent("examples");
    const damaged = "expected a list of example numbers as JSON; the run folder is damaged";
    const text = new TextDecoder().decode(await readFileOrExplain(path, { largest: LARGEST_TEXT }));
    const { success, data } = z.array(z.int().min(0)).safeParse(parseJson(text, path, damaged));
    if (success) return data;
    throw new FormatError(`${path}: ${damaged}`);
  }

  /** @internal */
  async writeCheckpoint(network: Network, state: TrainingState): Promise<void> {
    if (!this.writes) return;
    await writeFileAtomically(this.file("checkpoint"), encodeCheckpoint(network, state));
  }

  /** @internal */
  async readCheckpoint(network: Network, { optimizer }: TrainConfig): Promise<TrainingState> {
    const path = this.#filePresent("checkpoint");
    return decodeCheckpoint(network, optimizer, await readFileOrExplain(path), path);
  }

  /** A model that `writeModel` wrote. */
  async readModel(name: "model" | "best" | "start" = "model"): Promise<LoadedModel> {
    return loadModelFile(this.#filePresent(name));
  }

  /** The model of the last epoch, the best one, or the one that a cascade begins with. */
  async writeModel(
    name: "model" | "best" | "start",
    model: Model,
    config: TrainConfig,
    rows: readonly EpochRow[],
  ): Promise<void> {
    if (!this.writes) return;
    await writeFileAtomically(this.file(name), encodeModel(model, modelMetadata(config, rows)));
  }

  /** The model as an ONNX file, batch norms folded into the layers before them. */
  async writeOnnx(model: Model, config: TrainConfig, rows: readonly EpochRow[]): Promise<void> {
    if (!this.writes) return;
    const metadata = modelMetadata(config, rows);
    await writeFileAtomically(this.file("onnx"), exportOnnx(foldBatchNorms(model), { metadata }));
  }

  /** The path of a file without which the run cannot go on; a `FormatError` if it is not there. */
  #filePresent(name: RunFile): string {
    const path = this.file(name);
    if (existsSync(path)) return path;
    throw new FormatError(
      `${path}: expected the ${RUN_FILES[name]} that this run wrote, found no such file; put it back, or train anew`,
    );
  }
}

/** What a model's file says of the training that it comes from. */
function modelMetadata(config: TrainConfig, rows: readonly EpochRow[]): Readonly<Record<string, string>> {
  return { "autodual.config": JSON.stringify(config), "autodual.epochs": String(rows.length) };
}
