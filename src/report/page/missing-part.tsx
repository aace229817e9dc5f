import { CommandLine } from "./command-line.js";
import type { Part } from "./run-record.js";

/** What stands in the place of a part that is not there: why, and the command that brings it. */
export function MissingPart({ part }: { readonly part: Part<unknown> }) {
  if (part.kind === "known") return null;
  return (
    <p class="missing">
      {part.why}
      {part.command !== null && (
        <>
          {": "}
          <CommandLine command={part.command} what="measure it" />
        </>
      )}
    </p>
  );
}
