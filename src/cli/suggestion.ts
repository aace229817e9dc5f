import { Command, CommanderError } from "commander";
import type { UsageError } from "../errors.js";

/** `(Did you mean certify?)` where one of the known names is near, by the rule that commander has for its own; else nothing. */
export function suggestionOf({ found, known }: NonNullable<UsageError["unknown"]>): string {
  // Commander keeps the rule to itself: it is asked as a program whose commands are the names.
  const asked = new Command()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ outputError: () => {} });
  for (const name of known) asked.command(name);
  try {
    asked.parse(["--", found], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return /\(Did you mean .*\?\)/.exec(error.message)?.[0] ?? "";
    throw error;
  }
  return "";
}
