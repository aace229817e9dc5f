import { type Command, Option } from "commander";
import { UsageError } from "../../errors.js";
import { valueInWords } from "../../runs/page/flag-words.js";
import type { WeightRange } from "../../train/schedule.js";
import { flagsOf, longFlag, type SettingGroup } from "../../train/settings/index.js";
import type { Flag, FlagKind } from "../../train/settings/setting.js";
import { numberIn, oneOf, quote, readNumber, wholeNumber, wholeNumberOr } from "../arguments.js";

/** The flags of these settings, in their order. */
export function addSettingFlags(command: Command, group: SettingGroup): void {
  for (const [name, flag] of flagsOf(group)) {
    for (const option of optionsOf(longFlag(name), flag)) command.addOption(option);
  }
}

function optionsOf(long: string, { argument, help, kind, byDefault }: Flag): readonly Option[] {
  if (kind.type === "switch") {
    return [new Option(long, help), new Option(long.replace("--", "--no-"), kind.off)];
  }
  const option = new Option(`${long} ${argument}`, help).argParser(parserOf(long, kind));
  if (byDefault === undefined) return [option];
  return [option.default(byDefault, typeof byDefault === "object" ? valueInWords(byDefault) : undefined)];
}

function parserOf(
  flag: string,
  kind: Exclude<FlagKind, { type: "switch" }>,
): (text: string) => number | string | WeightRange {
  switch (kind.type) {
    case "choice":
      return oneOf(flag, kind.choices);
    case "number": {
      const number = numberIn(flag, kind.range, kind.example);
      return (text) => (kind.words?.includes(text) ? text : number(text));
    }
    case "whole number":
      return kind.words
        ? wholeNumberOr(flag, kind.words, kind.range, kind.example)
        : wholeNumber(flag, kind.range);
    case "weight range":
      return (text) => parseWeightRange(flag, text);
    default:
      return kind satisfies never;
  }
}

/** `1` or `0,1`. */
function parseWeightRange(flag: string, text: string): WeightRange {
  const parts = text.split(",").map(readNumber);
  if (parts.length <= 2 && parts.every((part) => part >= 0 && part <= 1)) {
    return { start: parts[0], end: parts[parts.length - 1] };
  }
  throw new UsageError(
    `${flag}: expected a number from 0 to 1, or two such as 0,1 for start and end, found ${quote(text)}`,
  );
}
