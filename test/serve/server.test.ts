import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunServer, serveRuns } from "../../src/serve/server.js";
import { newFolder, runCommand } from "../cli/run-command.js";
import { sourceFiles } from "../house/source-files.js";
import { writeRun } from "./run-folders.js";

const CLIENTS = 50;
const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = newFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
let server: RunServer;

beforeAll(async () => {
  await writeRun(at("run"), 1);
  server = await serveRuns([at("run")], {
    ...{ host: "127.0.0.1", port: 0, token: null },
    rhythm: { look: 20, ping: 10_000 },
  });
});
afterAll(async () => {
  await server?.close();
  folder.remove();
});

/** A browser's connection for events, and all that came over it. */
function listen(port: number, path = "/runs/1/events"): { readonly socket: Socket; text: string } {
  const socket = connect(port, "127.0.0.1");
  const client = { socket, text: "" };
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    client.text += chunk;
  });
  socket.on("error", () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  return client;
}

describe("fifty browsers", () => {
  it("all hear of an epoch, and leave nothing behind when they are killed", async () => {
    const clients = Array.from({ length: CLIENTS }, () => listen(server.port));
    const all = (words: string) => clients.filter(({ text }) => text.includes(words)).length;
    await expect.poll(() => all("epoch 1 of 20"), { timeout: 60_000 }).toBe(CLIENTS);
    expect([server.runs.listening, server.runs.isWatching]).toEqual([CLIENTS, true]);
    await writeRun(at("run"), 2);
    await expect.poll(() => all("epoch 2 of 20"), { timeout: 60_000 }).toBe(CLIENTS);
    // What did not change is not sent again.
    expect(all("text/event-stream; charset=utf-8")).toBe(CLIENTS);
    for (const { text } of clients) expect(text.match(/"provenance":"<section/g)).toHaveLength(2);
    for (const { text } of clients) expect(text.match(/"guarantee":"<section/g)).toHaveLength(1);
    for (const { socket } of clients) socket.resetAndDestroy();
    await expect.poll(() => server.runs.listening, { timeout: 60_000 }).toBe(0);
    expect(server.runs.isWatching).toBe(false);
  });

  it("that read nothing hold one event each, however many there were", async () => {
    const clients = Array.from({ length: 5 }, () => listen(server.port));
    await expect.poll(() => server.runs.listening, { timeout: 60_000 }).toBe(5);
    for (const { socket } of clients) socket.pause();
    for (let epoch = 3; epoch <= 8; epoch++) {
      await writeRun(at("run"), epoch);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const { socket } of clients) socket.resume();
    const heard = () => clients.filter(({ text }) => text.includes("epoch 8 of 20")).length;
    await expect.poll(heard, { timeout: 60_000 }).toBe(5);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(() => server.runs.listening, { timeout: 60_000 }).toBe(0);
  });
});

describe("bytes that are no request", () => {
  it.each([
    ["GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 404/],
    ["GET /runs/1/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 404/],
    ["GET /runs\\1 HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 (400|404)/],
    ["GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", /^HTTP\/1\.1 403/],
    ["GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", /^HTTP\/1\.1 403/],
    ["GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
    ["GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", /^HTTP\/1\.1 (400|403)/],
    ["nonsense\r\n\r\n", /^HTTP\/1\.1 400/],
  ])("%j", async (bytes, expected) => {
    const socket = connect(server.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.write(bytes);
    await expect.poll(() => text, { timeout: 60_000 }).toMatch(expected);
    socket.destroy();
    expect(text).not.toContain("root:");
  });
});

describe("what cannot be served", () => {
  it.each([
    ["no folder", ["nowhere"], /^autodual: \S*nowhere: no such folder; expected a run folder\n$/],
    ["a file", ["file"], /^autodual: \S*file: expected a run folder, found a file\n$/],
    [
      "a folder without a run",
      ["without"],
      /^autodual: \S*without: not a run folder: expected run\.json, found nothing\n$/,
    ],
    ["one run of two", ["run", "without"], /^autodual: \S*without: not a run folder/],
    [
      "a port that is none",
      ["run", "--port", "70000"],
      /^autodual: --port: expected a whole number .*found "70000"\n$/,
    ],
    [
      "a short token",
      ["run", "--token", "short"],
      /^autodual: --token: expected 16 letters, .* found 5 characters\n$/,
    ],
    [
      "no address of this machine",
      ["run", "--host", "192.0.2.1", "--port", "0"],
      /^autodual: --host: expected an address of this machine/,
    ],
    ["no run", [], /^autodual: serve: missing required argument/],
  ] as const)("%s: one line, exit code 2", async (_, args, words) => {
    mkdirSync(at("without"), { recursive: true });
    writeFileSync(at("file"), "");
    const names = args.map((arg) => (["nowhere", "file", "without", "run"].includes(arg) ? at(arg) : arg));
    const { code, stdout, stderr } = await runCommand(["serve", ...names]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(words)]);
  });

  it("is a port in use", async () => {
    const { code, stderr } = await runCommand(["serve", at("run"), "--port", String(server.port)]);
    expect([code, stderr]).toEqual([
      2,
      `autodual: --port: expected one that is free, found ${server.port} in use; take another, or 0 for any that is free\n`,
    ]);
  });

  it("is other machines without a token", async () => {
    const open = serveRuns([at("run")], { host: "0.0.0.0", port: 0, token: null });
    await expect(open).rejects.toThrow(
      "--host: expected a token where 0.0.0.0 lets other machines in, found none",
    );
  });
});

describe("the packages of the server", () => {
  it("are loaded by its command alone, and when it is asked for", () => {
    const text = (path: string) => sourceFiles("src").find((file) => file.path === path)?.text ?? "";
    const users = sourceFiles("src").filter(({ text }) => /from "(hono|@hono)\b/.test(text));
    expect(users.map(({ path }) => path).filter((path) => !path.startsWith("src/serve/"))).toEqual([]);
    const into = sourceFiles("src").filter(({ text }) => /\/serve\/[a-z-]+\.js"/.test(text));
    expect(into.map(({ path }) => path)).toEqual(["src/cli/commands/serve.ts"]);
    expect(text("src/cli/commands/serve.ts")).not.toMatch(/from "\.\.\/\.\.\/serve\//);
  });
});

describe("the command", () => {
  beforeAll(() => {
    if (!existsSync(main))
      spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  }, 240_000);

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends at once by %s with %i, open pages or not", async (signal, code) => {
    // Two names of one run.
    const child = spawn(process.execPath, [main, "serve", at("run"), `${at("run")}/`, "--port", "0"]);
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said, { timeout: 100_000 }).toContain("Ctrl-C ends it");
    const port = Number(/^serving 1 run at http:\/\/127\.0\.0\.1:(\d+)\/\n/.exec(said)?.[1]);
    const client = listen(port);
    await expect.poll(() => client.text, { timeout: 60_000 }).toContain("of 20");
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill(signal);
    expect(await ended).toBe(code);
    client.socket.destroy();
  });
});
