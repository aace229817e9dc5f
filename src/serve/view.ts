import { createHash } from "node:crypto";

/** A piece of a page that is sent again when it changes: one element, of this id. */
export interface ViewPart {
  readonly id: string;
  readonly html: string;
  /** Of the markup. */
  readonly hash: string;
  /** Where it stands: most of them in the middle. */
  readonly isHead: boolean;
}

/** A page as it is at one moment. */
export interface LiveView {
  readonly title: string;
  readonly parts: readonly ViewPart[];
  /** The hashes of all parts, by which a browser says what it shows. */
  readonly version: string;
  /** What stands above and below all parts, which does not change. */
  readonly top: string;
  readonly bottom: string;
  /** Where changes are told. */
  readonly events: string;
}

export function viewPart(id: string, html: string, isHead = false): ViewPart {
  return { id, html, hash: createHash("sha256").update(html).digest("base64url").slice(0, 12), isHead };
}

export function versionOf(parts: readonly ViewPart[]): string {
  return parts.map(({ hash }) => hash).join(".");
}

/** The parts that a browser does not have which shows `version`; all where it shows something else. */
export function changedParts(version: string, { parts }: LiveView): readonly ViewPart[] {
  const known = version.split(".");
  return known.length === parts.length ? parts.filter(({ hash }, i) => hash !== known[i]) : parts;
}
