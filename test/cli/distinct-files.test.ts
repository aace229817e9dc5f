import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const MODEL = "flat.safetensors";
const CERTIFY = ["certify", MODEL, "--data", "four.npz", "--epsilon", "0.01", "--backend", "portable"];
const VERIFY = ["verify", MODEL, "p.vnnlib"];

beforeAll(async () => {
  process.chdir(folder.path);
  await writeInputFiles(folder.path);
  writeFileSync("p.vnnlib", "(declare-const X_0 Real)");
  writeFileSync("c.json", "{}");
  symlinkSync(MODEL, "link.safetensors");
  linkSync(MODEL, "hard.json");
  mkdirSync("models");
  writeFileSync("models/model.safetensors", readFileSync(MODEL));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("files that a command writes", () => {
  it.each<[string, string[], string]>([
    [
      "figures and a certificate",
      [...CERTIFY, "--certificate", "x.json", "--json", "./x.json"],
      "--certificate: ",
    ],
    [
      "a page and a certificate",
      [...CERTIFY, "--certificate", "y.html", "--report", "y.html"],
      "--certificate: ",
    ],
    ["the model", [...VERIFY, "--certificate", MODEL], "which is that of the model"],
    ["the model by a link", [...VERIFY, "--certificate", "link.safetensors"], "which is that of the model"],
    ["the model by another name", [...VERIFY, "--json", "hard.json"], "--json: expected a file of its own"],
    ["the property", [...VERIFY, "--certificate", "p.vnnlib"], "which is that of the property"],
    ["a counterexample and figures", [...VERIFY, "--counterexample", "z", "--json", "z"], "that of --json"],
    [
      "the model of a folder",
      ["certify", "models", ...CERTIFY.slice(2), "--report", "models/model.safetensors"],
      "which is that of the model",
    ],
    ["the data", [...CERTIFY, "--json", "four.npz"], "which is that of the data"],
    ["the certificate", ["check", "c.json", "--model", MODEL, "--json", "c.json"], "that of the certificate"],
    ["attack's model", ["attack", ...CERTIFY.slice(1), "--json", MODEL], "which is that of the model"],
    ["radius's data", ["radius", MODEL, "--data", "four.npz", "--json", "four.npz"], "that of the data"],
    ["drift's model", ["drift", MODEL, "--json", MODEL], "which is that of the model"],
    ["standard output", [...CERTIFY, "--certificate", "-"], "--certificate: expected a file, found -"],
  ])("are not %s", async (_, args, message) => {
    const before = [MODEL, "p.vnnlib", "four.npz", "c.json"].map((name) => readFileSync(name));
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toMatch(/\n/);
    expect([MODEL, "p.vnnlib", "four.npz", "c.json"].map((name) => readFileSync(name))).toEqual(before);
    expect(existsSync("-")).toBe(false);
  });
});
