import type { Dataset } from "../../data/dataset.js";
import type { Team } from "../../distributed/team.js";
import type { Network } from "../../network/network.js";
import type { PlacedNetwork, Weights } from "../../network/weights.js";
import type { EventFile } from "../../train/event-file.js";
import type { Run, RunFolder } from "../../train/run-folder.js";
import type { Trainer } from "../../train/trainer.js";
import type { TrainingState } from "../../train/training-state.js";
import type { Watch } from "../observer.js";

/** A run that is ready to go: everything has been read and checked. */
export interface TrainingJob {
  readonly folder: RunFolder;
  readonly run: Run;
  readonly network: Network;
  /** The weights to go on from. */
  readonly weights: Weights;
  /** What reading the model to start from left out or took in another way, a line each. */
  readonly notes?: readonly string[];
  /** Where the run stopped; null for a new one. */
  readonly state: TrainingState | null;
  readonly train: Dataset;
  readonly test: Dataset;
  /** Training examples that are held out of `train`; null or absent where none are. */
  readonly heldOut?: Dataset | null;
  /** Of a stage of a cascade: the stages before it, on the backend. Epochs are then evaluated as the cascade so far. */
  readonly earlier?: readonly PlacedNetwork[];
}

/** A run on its way. */
export interface RunningTraining {
  readonly job: TrainingJob;
  readonly trainer: Trainer;
  readonly watch: Watch;
  /** The ranks that train together. */
  readonly team: Team;
  readonly events: Pick<EventFile, "add">;
  save(changes: Partial<Run>): Promise<Run>;
}
