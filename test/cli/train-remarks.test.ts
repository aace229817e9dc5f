import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePublishedData } from "./published-data.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

beforeAll(() => {
  process.chdir(folder.path);
  writePublishedData("data");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const SHORT = ["--model", "tiny", "--epochs", "1", "--evaluate-every", "0", "--test-limit", "2"];

async function words(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["train", ...SHORT, ...args, "--backend", "portable"]);
  expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
  return stdout.replace(/\s+/g, " ");
}

describe("what train says before it begins", () => {
  it.each([[[]], [["--cascade", "2"]]])(
    "is which settings data and epsilon decide, and that the warm-up is all: %j",
    async (more) => {
      const said = await words(
        "--data",
        "mnist",
        "--data-dir",
        "data",
        "--epsilon",
        "0.3",
        "--out",
        `mnist${more.length}`,
        ...more,
      );
      expect(said).toContain("settings ibp-mnist: at epsilon 0.3 the paper's loss leaves");
      expect(said).toContain("the one epoch is warm-up, on the standard loss alone: give it more --epochs");
      expect(said).toContain("stayed at that of guessing");
      expect(said).not.toContain("begin it with --warmup-epochs");
    },
    60_000,
  );

  it("is how many examples are trained on, and how many held out; the report says what epochs are evaluated on", async () => {
    const held = [
      "--limit",
      "50",
      "--validation",
      "10",
      "--evaluate-every",
      "1",
      "--patience",
      "1",
      "--epochs",
      "2",
    ];
    const said = await words(
      ...["--data", "glyphs", "--epsilon", "0.01", "--loss", "ibp", "--out", "held"],
      ...held,
    );
    expect(said).toContain("2 epochs of 40 examples of glyphs, 10 others held out; portable backend");
    const page = readFileSync("held/report.html", "utf8");
    expect(page).toContain("every 1 once epsilon is reached, on the held-out examples");
    expect(page).toContain("after 1 epoch without a better one");
    expect(page).not.toContain("parallel, exact");
  }, 60_000);
});
