import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { type Access, cookieName, refusalOf } from "./access.js";
import { openFeed } from "./feed.js";
import { livePage, POLICY } from "./live-page.js";
import type { LiveRuns } from "./live-runs.js";

/** Pages that may be open at once. */
export const MOST_PAGES = 200;

type Env = { readonly Bindings: Partial<HttpBindings | Http2Bindings> };

/**
 * What is answered to whom. There are the page of all runs, that of each by its number, and their events: no path of a request
 * is ever one of a file.
 */
export function createApp(runs: LiveRuns, access: Access, most = MOST_PAGES): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const { token } = access;
    const given = c.req.query("token");
    const refusal = refusalOf(
      {
        method: c.req.method,
        host: c.req.header("host"),
        origin: c.req.header("origin"),
        token: given,
        cookie: token === null ? undefined : getCookie(c, cookieName(token)),
      },
      access,
    );
    if (refusal) {
      const { status, words } = refusal;
      if (status === 405) c.header("Allow", "GET, HEAD");
      c.res = c.text(`${words}\n`, status);
    } else {
      if (token !== null && given !== undefined) {
        setCookie(c, cookieName(token), token, { httpOnly: true, sameSite: "Strict", path: "/" });
      }
      await next();
    }
    for (const [name, value] of HEADERS) c.res.headers.set(name, value);
  });

  app.get("/", (c) => page(c, runs.runs.length === 1 ? 1 : 0));
  app.get("/events", (c) => events(c, 0));
  app.get("/runs/:number{[1-9][0-9]{0,3}}", (c) => page(c, Number(c.req.param("number"))));
  app.get("/runs/:number{[1-9][0-9]{0,3}}/events", (c) => events(c, Number(c.req.param("number"))));
  app.notFound((c) => c.text("no such page\n", 404));
  app.onError((error, c) => c.text(`internal fault: ${error.message}\n`, 500));

  async function page(c: Context<Env>, number: number): Promise<Response> {
    if (number > runs.runs.length) return c.notFound();
    await runs.refresh();
    return c.html(livePage(runs.view(number), Date.now()));
  }

  function events(c: Context<Env>, number: number): Response | Promise<Response> {
    if (number > runs.runs.length) return c.notFound();
    if (runs.listening >= most) return c.text(`expected at most ${most} open pages, found as many\n`, 503);
    c.header("Content-Type", "text/event-stream; charset=utf-8");
    if (c.req.method === "HEAD") return c.body(null);
    // A browser that lost the connection says what it had last in a header, else the link does.
    const shown = c.req.header("last-event-id") ?? c.req.query("have") ?? "";
    return c.body(openFeed(runs, number, shown, () => c.env?.outgoing?.destroy()));
  }
  return app;
}

const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["Content-Security-Policy", POLICY],
  ["Cache-Control", "no-store"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  // What stands between must not hold events back.
  ["X-Accel-Buffering", "no"],
];
