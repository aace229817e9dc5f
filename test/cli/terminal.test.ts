import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder } from "./run-command.js";
import { screenOf } from "./screen.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = newFolder();

/** Runs a command in a pseudo-terminal of so many columns and gives all that the terminal was sent. */
const IN_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
columns, command = int(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.execvp(command[0], command)
while True:
    try:
        sent = os.read(terminal, 65536)
    except OSError:
        break
    if not sent:
        break
    os.write(1, sent)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

function inTerminal(columns: number, command: readonly string[]) {
  const { status, stdout } = spawnSync("python3", ["-c", IN_TERMINAL, String(columns), ...command], {
    cwd: folder.path,
    encoding: "utf8",
    env: { ...process.env, TERM: "xterm", NO_COLOR: "" },
  });
  return { status, sent: stdout ?? "" };
}

const hasTerminal = process.platform !== "win32" && inTerminal(80, ["true"]).status === 0;
if (!hasTerminal) console.log("skipped: what a terminal shows: no python3 that opens a pseudo-terminal");

beforeAll(() => {
  // `npm test` builds first; a test run by itself may come before any build.
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  writeModel(join(folder.path, "image.safetensors"), imageNetwork());
}, 60_000);
afterAll(() => folder.remove());

describe.skipIf(!hasTerminal)("a terminal", () => {
  it.each([40, 80, 160])("of %i columns shows every line of a training, and no bar is left", (columns) => {
    const { status, sent } = inTerminal(columns, [
      ...[process.execPath, main, "train", "--data", "glyphs", "--model", "image.safetensors"],
      ...["--epsilon", "0.02", "--limit", "60", "--batch", "2", "--epochs", "4", "--test-limit", "4"],
      ...["--backend", "portable", "--out", `run-${columns}`],
    ]);
    expect(status).toBe(0);
    // The bar was there, and said what it counts.
    expect(sent).toMatch(/train [█░]{10} \d+\/120/);
    if (columns >= 80) expect(sent).toMatch(/\d+\/120 batches/);
    const lines = screenOf(sent, columns);
    for (const epoch of [1, 2, 3, 4]) {
      expect(lines.filter((line) => line.startsWith(`epoch ${epoch}/4  epsilon`))).toHaveLength(1);
    }
    expect(lines.join("\n")).not.toMatch(/[█░]/);
    const figures = lines.slice(lines.findIndex((line) => line.startsWith("epoch 1/4"))).join(" ");
    // Nothing is drawn over: all figures of every epoch are there.
    expect(figures.match(/test error \d+\.\d %\s+robust \d+\.\d %\s+\d/g)).toHaveLength(4);
    expect(lines.at(-2)).toMatch(/report|html/);
    // Tables keep within the terminal: every line of theirs has its two ends.
    const table = lines.filter((line) => /^[┌├└│]/.test(line));
    expect(table.length).toBeGreaterThan(4);
    for (const line of table) expect(line).toMatch(/^[┌├└│].*[┐┤┘│]$/);
  });

  it("too narrow for a table has a line for every figure", () => {
    const { status, sent } = inTerminal(30, [process.execPath, main, "info", "image.safetensors"]);
    expect(status).toBe(0);
    const lines = screenOf(sent, 30);
    expect(lines.join("\n")).not.toMatch(/[┌│]/);
    expect(lines.filter((line) => line.startsWith("layer: ")).length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.startsWith("  parameters: ")).length).toBeGreaterThan(0);
  });
});
