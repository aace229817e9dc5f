import type { Command } from "commander";
import { oneOf } from "../arguments.js";
import { COMPLETIONS } from "../completion-script.js";
import type { CommandContext } from "../context.js";

type ShellName = keyof typeof COMPLETIONS;

const SHELLS = Object.keys(COMPLETIONS) as ShellName[];

const NOTES = `
  bash  autodual completion bash > ~/.local/share/bash-completion/completions/autodual
  zsh   autodual completion zsh > DIR/_autodual, DIR being a folder of $fpath
  fish  autodual completion fish > ~/.config/fish/completions/autodual.fish`;

/** `autodual completion`: a script that completes commands and flags in a shell. */
export function addCompletion(program: Command, { io }: CommandContext): void {
  program
    .command("completion")
    .description("print a script that completes commands and flags in a shell")
    .argument("<shell>", `one of ${SHELLS.join(", ")}`, oneOf<ShellName>("completion", SHELLS))
    .addHelpText("after", NOTES)
    .action((shell: ShellName) => {
      io.stdout.write(COMPLETIONS[shell](program));
    });
}
