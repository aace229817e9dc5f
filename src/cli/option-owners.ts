import { type Command, CommanderError } from "commander";

/** More are no help. */
const MOST_OWNERS = 3;

/** `, which certify has`, of a flag that the command lacks and a few others have; nothing of other errors. */
export function ownersInWords(error: unknown, commands: readonly Command[]): string {
  if (!(error instanceof CommanderError) || error.code !== "commander.unknownOption") return "";
  const flag = /unknown option '(--[^'=]+)/.exec(error.message)?.[1];
  const owners = commands.filter(({ options }) => options.some(({ long }) => long === flag));
  if (owners.length === 0 || owners.length > MOST_OWNERS) return "";
  const names = owners.map((command) => command.name());
  return `, which ${names.join(", ")} ${names.length === 1 ? "has" : "have"}`;
}
