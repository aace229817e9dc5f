import { AutodualError } from "../errors.js";
import type { RunRecord } from "../report/page/run-record.js";
import { readRun } from "../runs/page/read-run.js";
import { pathForOthers, shellLine } from "../runs/page/shell-words.js";
import { RunFolder } from "../train/run-folder.js";
import { lockHolder } from "../train/run-lock.js";
import { type RunProgress, readProgress } from "./progress.js";
import { lookAtFiles } from "./run-files.js";

/** A file that is being replaced may be amiss for a moment: only what stays amiss is told. */
const PATIENCE = 2;

/** What is known of a run at one moment. */
export interface RunSnapshot {
  readonly record: RunRecord;
  readonly progress: RunProgress;
  /** How the run goes on where it was stopped. */
  readonly resume: string;
  /** Why the folder cannot be read any more, where it cannot: the rest is then the last that could. */
  readonly problem: string | null;
}

/** A run folder that is read again when its files change. */
export class LiveRun {
  readonly folder: string;
  /** The folder as pages name it. */
  readonly name: string;
  #snapshot: RunSnapshot;
  #seen: string;
  #failures = 0;

  private constructor(folder: string, snapshot: RunSnapshot, seen: string) {
    this.folder = folder;
    this.name = pathForOthers(folder);
    this.#snapshot = snapshot;
    this.#seen = seen;
  }

  /** A `FormatError` for what is no run folder, or holds a record that cannot be read. */
  static async open(folder: string): Promise<LiveRun> {
    const seen = await signatureOf(folder);
    return new LiveRun(folder, await snapshotOf(folder), seen);
  }

  get snapshot(): RunSnapshot {
    return this.#snapshot;
  }

  /** Reads the run again if its files, or whether its process lives, have changed; whether they had. */
  async refresh(): Promise<boolean> {
    try {
      const seen = await signatureOf(this.folder);
      if (seen === this.#seen && this.#failures === 0) return false;
      // What changes while it is read is read again the next time.
      this.#snapshot = await snapshotOf(this.folder);
      this.#seen = seen;
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#failures += 1;
      const problem = problemOf(error).replaceAll(this.folder, this.name);
      if (this.#failures < PATIENCE || problem === this.#snapshot.problem) return false;
      this.#snapshot = { ...this.#snapshot, problem };
      return true;
    }
  }
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof AutodualError ? message : `internal fault: ${message}`;
}

/** The files, and whether the process that writes them lives, which no file tells. */
async function signatureOf(folder: string): Promise<string> {
  RunFolder.open(folder);
  const { signature } = await lookAtFiles(folder);
  return `${signature}\n${lockHolder(folder)?.alive ?? false}`;
}

async function snapshotOf(folder: string): Promise<RunSnapshot> {
  const files = await lookAtFiles(folder);
  // First, as it refuses stages outside of the folder.
  const progress = await readProgress(folder, files);
  return {
    record: await readRun(folder),
    progress,
    resume: shellLine(["autodual", "train", "--resume", folder]),
    problem: null,
  };
}
