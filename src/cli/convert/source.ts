import { dirname, join } from "node:path";
import { type CascadeRecord, isCascadeFolder, readCascade } from "../../cascade/folder.js";
import type { Backend } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { placeOf } from "../../runs/models/open-model.js";
import type { Io } from "../io.js";
import { type OutputFlags, readModels } from "../read-models.js";

/** What is converted: one model, or a cascade with its record. */
export interface ConvertedModel {
  /** As the user named it. */
  readonly name: string;
  /** What lies there: the file or the folder. */
  readonly place: string;
  readonly sha256: string;
  readonly stages: readonly LoadedModel[];
  readonly record: CascadeRecord | null;
}

/** Throws the reason of `stop`, which ends the reading. */
export async function openSource(
  name: string,
  flags: OutputFlags,
  opening: { readonly backend: Backend; readonly io: Io; readonly stop?: Stop | undefined },
): Promise<ConvertedModel> {
  const place = placeOf(name);
  const { sha256, stages } = await readModels([name], flags, opening);
  return { name, place, sha256, stages, record: isCascadeFolder(place) ? await readCascade(place) : null };
}

/** What a cascade's first stage is called as a model of its own. */
export function firstStage(name: string, { stages: [{ model }] }: CascadeRecord): string {
  const folder = dirname(model);
  return join(name, folder === "." ? model : folder);
}
