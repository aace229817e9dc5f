import type { Command } from "commander";

/** What the names and flags of a program are put into, for one shell. */
type Shell = (program: Command) => string;

/** Shells for which there is a completion. Each script is made of commander's own tree, and needs nothing of the program later. */
export const COMPLETIONS = { bash, zsh, fish } as const satisfies Record<string, Shell>;

function bash(program: Command): string {
  return `_${program.name()}() {
  local words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${firstWords(program)}"
  else
    case \${COMP_WORDS[1]} in
${cases(program, (flags) => `words="${flags}"`)}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _${program.name()} ${program.name()}
`;
}

function zsh(program: Command): string {
  return `#compdef ${program.name()}
_${program.name()}() {
  local -a flags
  if (( CURRENT == 2 )); then
    compadd -- ${firstWords(program)}
    return
  fi
  case $words[2] in
${cases(program, (flags) => `flags=(${flags})`)}
  esac
  if [[ $words[CURRENT] == -* ]]; then compadd -- $flags; else _files; fi
}
compdef _${program.name()} ${program.name()}
`;
}

function fish(program: Command): string {
  const name = program.name();
  const lines = program.commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
    ...command.options.flatMap(({ long, description, required, optional }) =>
      long
        ? [
            `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name()}' -l ${long.slice(2)}${required || optional ? " -r" : ""} -d ${quoted(description)}`,
          ]
        : [],
    ),
  ]);
  return `${lines.join("\n")}\n`;
}

function firstWords(program: Command): string {
  return [...program.commands.map((command) => command.name()), "help"].join(" ");
}

/** A case for each command, with its flags. */
function cases(program: Command, then: (flags: string) => string): string {
  const own = program.commands.map((command) => {
    const flags = command.options.flatMap(({ long }) => (long ? [long] : []));
    return `      ${command.name()}) ${then([...flags, "--help"].join(" "))} ;;`;
  });
  const names = program.commands.map((command) => command.name()).join(" ");
  return [...own, `      help) ${then(names)} ;;`].join("\n");
}

/** As fish reads it. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
