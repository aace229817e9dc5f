import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cookieName, isLoopback } from "../../src/serve/access.js";
import { createApp } from "../../src/serve/app.js";
import { LiveRuns } from "../../src/serve/live-runs.js";
import { newFolder } from "../cli/run-command.js";
import { writeRun } from "./run-folders.js";

const TOKEN = "0123456789abcdef0123";
const HERE = "127.0.0.1:8321";
const folder = newFolder();
let runs: LiveRuns;

beforeAll(async () => {
  const evil = "<script>alert(1)</script>";
  const run = await writeRun(join(folder.path, "run"), 2);
  await writeRun(join(folder.path, "evil"), 2, { config: { ...run.config, model: evil } });
  symlinkSync("/etc/passwd", join(folder.path, "run", "passwd"));
  symlinkSync("/", join(folder.path, "run", "root"));
  runs = await LiveRuns.open([join(folder.path, "run"), join(folder.path, "evil")]);
});
afterAll(() => folder.remove());

type Sent = Readonly<Record<string, string>>;

/** A request to a server of this machine alone, or to one that others reach. */
async function ask(
  path: string,
  headers: Sent = {},
  { method = "GET", token = null as string | null, isLoopback = true, most = 200 } = {},
) {
  const app = createApp(runs, { isLoopback, token }, most);
  const answer = await app.request(`http://${HERE}${path}`, { method, headers: { host: HERE, ...headers } });
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  return {
    status: answer.status,
    headers: answer.headers,
    text: isStream ? "" : await answer.text(),
    answer,
  };
}

describe("what can be asked for", () => {
  it.each(["/", "/runs/1", "/runs/2"])("is a page: %s", async (path) => {
    const { status, headers, text } = await ask(path);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(text).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });

  it.each([
    ...["/run.json", "/runs/1/run.json", "/runs/1/passwd", "/runs/1/root/etc/passwd", "/runs/run", "/runs"],
    ...["/../../../../etc/passwd", "/runs/1/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"],
    ...["/runs/1%2f..%2f..%2fetc%2fpasswd", "/runs/..%2f..%2fetc%2fpasswd", "/runs/1/%2e%2e%2fpasswd"],
    ...["/runs/1%00", "/runs/1/passwd%00.json", "/runs/%00", "/runs/1%5c..%5cpasswd", "//etc/passwd"],
    ...[
      "/runs/0",
      "/runs/3",
      "/runs/01",
      "/runs/1.0",
      "/runs/-1",
      "/runs/99999",
      "/runs/1e0",
      "/runs/3/events",
    ],
    ...["/events/", "/runs/1/", "/runs/1/events/x", "/%", "/runs/%E0%A4%A", "/file:///etc/passwd"],
  ])("is nothing else: %s", async (path) => {
    const { status, text } = await ask(path);
    expect([status, text]).toEqual([404, "no such page\n"]);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])(
    "is not asked for by %s",
    async (method) => {
      const { status, headers, text } = await ask("/", {}, { method });
      expect([status, headers.get("allow"), text]).toEqual([
        405,
        "GET, HEAD",
        `expected GET or HEAD, found ${method}\n`,
      ]);
    },
  );

  it("is told by HEAD without a body, and nobody listens then", async () => {
    for (const path of ["/", "/runs/1/events"]) {
      const { status, text } = await ask(path, {}, { method: "HEAD" });
      expect([status, text, runs.listening]).toEqual([200, "", 0]);
    }
  });

  it("is refused past so many pages, with a line", async () => {
    const open = await ask("/runs/1/events", {}, { most: 1 });
    expect(runs.listening).toBe(1);
    const { status, text } = await ask("/runs/1/events", {}, { most: 1 });
    expect([status, text]).toEqual([503, "expected at most 1 open pages, found as many\n"]);
    await open.answer.body?.cancel();
    expect([runs.listening, runs.isWatching]).toEqual([0, false]);
  });
});

describe("who may ask a server of this machine alone", () => {
  it.each(["localhost", "localhost:8321", "127.0.0.1", "127.0.0.1:9000", "[::1]:8321", "LOCALHOST:1"])(
    "is one who knows it as %s",
    async (host) => {
      expect((await ask("/", { host })).status).toBe(200);
    },
  );

  it.each([
    ...[
      "evil.example",
      "evil.example:8321",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "0.0.0.0:8321",
    ],
    ...[
      "192.168.0.1:8321",
      "localhost:8321@evil.example",
      "localhost:8321, evil.example",
      "[::2]",
      "::1",
      "a b",
    ],
  ])("is none who knows it as %s", async (host) => {
    const { status, text } = await ask("/", { host });
    expect([status, text.includes("<html")]).toEqual([403, false]);
  });

  it("is a page of its own, and none of another server", async () => {
    expect((await ask("/events", { origin: `http://${HERE}` })).status).toBe(200);
    runs.close();
    for (const origin of ["http://evil.example", "http://127.0.0.1:80", "null", "http://localhost:8321"]) {
      expect((await ask("/events", { origin })).status).toBe(403);
    }
  });

  it("is known by its address", () => {
    expect(["127.0.0.1", "127.1.2.3", "localhost", "::1"].map(isLoopback)).not.toContain(false);
    expect(
      ["0.0.0.0", "::", "192.168.0.1", "example.org", "127.0.0.1.evil.example"].map(isLoopback),
    ).not.toContain(true);
  });
});

describe("a server that others reach", () => {
  const others = { token: TOKEN, isLoopback: false };
  const cookie = `${cookieName(TOKEN)}=${TOKEN}`;

  it("answers whoever has the token, in the link and then as a cookie, by any name", async () => {
    const { status, headers } = await ask(`/?token=${TOKEN}`, { host: "machine.example" }, others);
    expect(status).toBe(200);
    expect(headers.get("set-cookie")).toBe(`${cookie}; Path=/; HttpOnly; SameSite=Strict`);
    const later = await ask("/runs/1", { cookie }, others);
    expect([later.status, later.headers.get("set-cookie")]).toEqual([200, null]);
  });

  it.each([
    ["nothing", "/", {}, 401],
    ["a wrong token", `/?token=${TOKEN}x`, {}, 403],
    ["an empty one", "/?token=", {}, 403],
    ["a part of it", `/?token=${TOKEN.slice(1)}`, {}, 403],
    ["a wrong cookie", "/runs/1", { cookie: `${cookieName(TOKEN)}=x` }, 403],
    ["another server's cookie", "/runs/1", { cookie: `autodual_00000000=${TOKEN}` }, 401],
    ["a wrong token beside the right cookie", "/?token=wrong", { cookie }, 403],
    ["nothing, for events", "/events", {}, 401],
    ["nothing, for what is not there", "/etc/passwd", {}, 401],
  ] as const)("refuses who has %s", async (_words, path, headers, status) => {
    const answer = await ask(path, headers, others);
    expect([answer.status, answer.headers.get("set-cookie")]).toEqual([status, null]);
    expect(answer.text.trimEnd().split("\n")).toHaveLength(1);
    expect(answer.text).not.toContain(TOKEN);
  });
});

describe("every answer", () => {
  it.each([
    ["/", 200],
    ["/nothing", 404],
    ["/events", 200],
  ])("forbids keeping, guessing and framing: %s", async (path, status) => {
    const { headers, answer } = await ask(path);
    await (path === "/events" ? answer.body?.cancel() : null);
    expect(answer.status).toBe(status);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    const policy = headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|style-src-elem[^;]*unsafe/);
  });

  it("lets in the page's own script and style alone, and names in files are text", async () => {
    const { text, headers } = await ask("/runs/2");
    const hashOf = (content: string) => createHash("sha256").update(content).digest("base64");
    for (const [name, directive] of [
      ["script", "script-src"],
      ["style", "style-src-elem"],
    ]) {
      const all = [...text.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))];
      expect(all).toHaveLength(1);
      expect(headers.get("content-security-policy")).toContain(`${directive} 'sha256-${hashOf(all[0][1])}'`);
    }
    expect(text).toContain("&lt;script>alert(1)");
    expect(text).not.toContain("<script>alert(1)");
  });
});
