import { indexView } from "./index-view.js";
import { LiveRun } from "./live-run.js";
import { runView } from "./run-view.js";
import type { LiveView } from "./view.js";

/** Somebody who is told of changes. */
export interface Listener {
  /** Something changed. */
  changed(): void;
  /** Nothing did for a while: a sign of life. */
  ping(): void;
  /** No more is to come. */
  end(): void;
}

/** How often files are looked at, and how often those who listen get a sign of life, in milliseconds. */
export interface Rhythm {
  readonly look: number;
  readonly ping: number;
}

export const RHYTHM: Rhythm = { look: 1000, ping: 15_000 };

/**
 * Runs whose files are looked at again and again as long as somebody listens, by one timer for all: asking for times of files
 * works on every file system. Where nobody listens, they are looked at when a page is asked for.
 */
export class LiveRuns {
  readonly runs: readonly LiveRun[];
  readonly #rhythm: Rhythm;
  readonly #listeners = new Set<Listener>();
  readonly #views = new Map<number, LiveView>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #lookedAt = Date.now();
  #pingedAt = Date.now();

  private constructor(runs: readonly LiveRun[], rhythm: Rhythm) {
    this.runs = runs;
    this.#rhythm = rhythm;
  }

  /** A `FormatError` for a folder that is no run. */
  static async open(folders: readonly string[], rhythm: Rhythm = RHYTHM): Promise<LiveRuns> {
    const runs: LiveRun[] = [];
    for (const folder of folders) runs.push(await LiveRun.open(folder));
    return new LiveRuns(runs, rhythm);
  }

  /** How many listen. */
  get listening(): number {
    return this.#listeners.size;
  }

  /** Whether files are looked at by themselves. */
  get isWatching(): boolean {
    return this.#timer !== null;
  }

  /** The page of a run, counted from 1; that of all runs is 0. As the runs were when they were last looked at. */
  view(number: number): LiveView {
    const known = this.#views.get(number);
    if (known) return known;
    const several = this.runs.length > 1;
    const view =
      number === 0
        ? indexView(this.runs, { events: "/events", run: (each) => `/runs/${each}` })
        : runView(this.runs[number - 1], {
            events: `/runs/${number}/events`,
            back: several ? "/" : null,
          });
    this.#views.set(number, view);
    return view;
  }

  /** Looks at all files, unless that was done just now. */
  async refresh(): Promise<void> {
    if (this.#looking === null && Date.now() - this.#lookedAt < this.#rhythm.look) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    this.#schedule();
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Ends all who listen. */
  close(): void {
    for (const listener of [...this.#listeners]) {
      this.remove(listener);
      listener.end();
    }
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => void this.#beat(), this.#rhythm.look);
  }

  async #beat(): Promise<void> {
    const own = this.#timer;
    await this.refresh();
    // Meanwhile the last one may have gone, and another come.
    if (this.#timer !== own) return;
    if (Date.now() - this.#pingedAt >= this.#rhythm.ping) {
      this.#pingedAt = Date.now();
      for (const listener of [...this.#listeners]) listener.ping();
    }
    this.#timer = null;
    if (this.#listeners.size > 0) this.#schedule();
  }

  async #look(): Promise<void> {
    let changed = false;
    for (const run of this.runs) changed = (await run.refresh()) || changed;
    this.#lookedAt = Date.now();
    if (!changed) return;
    this.#views.clear();
    for (const listener of [...this.#listeners]) listener.changed();
  }
}
