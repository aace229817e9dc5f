import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calledAs, inCallersWords } from "../../src/cli/called.js";
import { suggestionOf } from "../../src/cli/suggestion.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
beforeAll(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

/** The one line of a command line that cannot be run. */
async function lineOf(...args: string[]): Promise<string> {
  const { code, stderr } = await runCommand(args);
  expect(code).toBe(2);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  return stderr;
}

async function commandNames(): Promise<string[]> {
  const { stdout } = await runCommand(["--help"]);
  return [...stdout.slice(stdout.indexOf("Commands:")).matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
}

describe("what is misspelt", () => {
  it.each([
    ["a command", ["certfy", "x"], "certify"],
    ["a command to help with", ["help", "certfy"], "certify"],
    ["a flag", ["certify", "x", "--limti", "3"], "--limit"],
    ["a choice", ["certify", "x", "--bound", "adaptve"], "adaptive"],
    ["a setting's choice", ["train", "--loss", "crownibp"], "crown-ibp"],
    ["a target", ["reproduce", "figur2"], "figure2"],
    ["a data set", ["data", "mnst"], "mnist"],
    ["an architecture", ["info", "tinny"], "tiny"],
    ["a shell", ["completion", "fishh"], "fish"],
  ])("%s is answered by the nearest name", async (_, args, near) => {
    expect(await lineOf(...args)).toContain(`(Did you mean ${near}?)`);
  });

  it("is told by the commands that have a flag, and not by what is near among others", async () => {
    const line = await lineOf("radius", "m", "--epsilon", "0.1");
    expect(line).toMatch(
      /unknown option '--epsilon', which train, certify, attack and others have; see autodual radius/,
    );
    expect(line).not.toContain("Did you mean");
  });

  it("is left alone where no name is near", () => {
    expect(suggestionOf({ found: "something", known: ["tiny", "small"] })).toBe("");
    expect(suggestionOf({ found: "-tiny", known: [] })).toBe("");
  });
});

describe("what is not there", () => {
  const ball = ["--data", "glyphs", "--epsilon", "0.1"];
  it.each([
    ["a model file", ["certify", "no.onnx", ...ball], "no.onnx"],
    ["a model by a name", ["attack", "nothing", ...ball], "nothing"],
    ["a model folder", ["certify", "no/thing", ...ball], "no/thing"],
    ["data", ["data", "no.npz"], "no.npz"],
    ["a property's model", ["verify", "no.onnx", "no.vnnlib"], "no.onnx"],
    ["a certificate", ["check", "no.json", "--model", "no.onnx"], "no.json"],
    ["what is converted", ["convert", "no.onnx", "other.safetensors"], "no.onnx"],
  ])("is no such file: %s", async (_, args, name) => {
    expect(await lineOf(...args)).toMatch(new RegExp(`${name}: .*no such file`));
  });
});

describe("models of other programs", () => {
  it.each([
    ["net.pt", "torch.onnx.export"],
    ["net.tflite", "--tflite"],
    ["net.pb", "--saved-model"],
    ["net.joblib", "skl2onnx"],
  ])("%s: one line with the way from there", async (file, mend) => {
    expect(await lineOf("info", `./${file}`)).toContain(mend);
  });
});

describe("help", () => {
  it("is given by a word as by a flag", async () => {
    expect(await runCommand(["help", "certify"])).toEqual(await runCommand(["certify", "--help"]));
    expect(await runCommand(["help"])).toEqual(await runCommand(["--help"]));
  });
});

describe("commands in messages", () => {
  const npx = { npm_lifecycle_event: "npx", npm_lifecycle_script: "autodual train" };
  it.each([
    ["/usr/local/bin/autodual", {}, "autodual"],
    ["/home/x/node_modules/.bin/autodual", {}, "npx autodual"],
    ["/home/x/dist/cli/main.js", npx, "npx autodual"],
    [`${home}/dist/cli/main.js`, { ...npx, npm_lifecycle_script: "vitest run" }, "autodual"],
  ])("are as %s was called", (script, env, called) => {
    expect(calledAs(script, env)).toBe(called);
  });

  it("are all known, and sentences are left alone", async () => {
    const names = await commandNames();
    expect(names).toContain("certify");
    for (const name of [...names, "help"]) {
      expect(inCallersWords(`go on with: autodual ${name} x`, "npx autodual")).toBe(
        `go on with: npx autodual ${name} x`,
      );
    }
    expect(inCallersWords("autodual writes", "npx autodual")).toBe("autodual writes");
  });
});

describe("completion", () => {
  const hasBash = spawnSync("bash", ["-c", "complete -p >/dev/null; true"]).status === 0;
  if (!hasBash) console.log("skipped: completion in bash: no bash");

  it.skipIf(!hasBash)("knows every command and its flags in bash", async () => {
    const { stdout: script, code } = await runCommand(["completion", "bash"]);
    expect(code).toBe(0);
    const complete = (...words: string[]): string[] => {
      const line = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _autodual; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = spawnSync("bash", ["-c", line, "bash", "autodual", ...words], { encoding: "utf8" });
      return stdout.trim().split("\n");
    };
    expect(complete("")).toEqual([...(await commandNames()), "help"]);
    expect(complete("cert")).toEqual(["certify"]);
    expect(complete("certify", "--eps")).toEqual(["--epsilon"]);
    expect(complete("help", "rad")).toEqual(["radius"]);
  });

  it("has every flag of every command for each shell", async () => {
    const names = await commandNames();
    for (const [shell, flag] of [
      ["bash", "--first-stage"],
      ["zsh", "--first-stage"],
      ["fish", "-l first-stage"],
    ]) {
      const { stdout } = await runCommand(["completion", shell]);
      expect(stdout).toContain(flag);
      for (const name of names) expect(stdout).toContain(name);
    }
  });
});
