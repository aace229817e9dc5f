import { type Command, CommanderError } from "commander";

/** More are not named. */
const MOST_OWNERS = 3;

/** `, which certify has`, of a flag that the command lacks and others have; nothing of other errors. */
export function ownersInWords(error: unknown, commands: readonly Command[]): string {
  if (!(error instanceof CommanderError) || error.code !== "commander.unknownOption") return "";
  const flag = /unknown option '(--[^'=]+)/.exec(error.message)?.[1];
  const owners = commands.filter(({ options }) => options.some(({ long }) => long === flag));
  if (owners.length === 0) return "";
  const names = owners.slice(0, MOST_OWNERS).map((command) => command.name());
  const more = owners.length > MOST_OWNERS ? " and others" : "";
  return `, which ${names.join(", ")}${more} ${owners.length === 1 ? "has" : "have"}`;
}
