import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { UsageError } from "../errors.js";
import { type Access, isLoopback } from "./access.js";
import { createApp, MOST_PAGES } from "./app.js";
import { LiveRuns, RHYTHM, type Rhythm } from "./live-runs.js";

/** Connections in all: a page has one for its events, and some for a moment. */
const MOST_CONNECTIONS = 1000;

export interface ServeOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What a request must show; null where none has to, which only this machine itself may ask. */
  readonly token: string | null;
  readonly rhythm?: Rhythm;
  readonly mostPages?: number;
}

/** A server at work. */
export interface RunServer {
  readonly port: number;
  /** Where a browser goes, with the token. */
  readonly link: string;
  readonly runs: LiveRuns;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Serves the pages of run folders. A `FormatError` for a folder that is no run, a `UsageError` where the address cannot be
 * listened at, or is that of other machines as well and there is no token.
 */
export async function serveRuns(
  folders: readonly string[],
  { host, port, token, rhythm = RHYTHM, mostPages = MOST_PAGES }: ServeOptions,
): Promise<RunServer> {
  const access: Access = { isLoopback: isLoopback(host), token };
  if (!access.isLoopback && token === null) {
    throw new UsageError(`--host: expected a token where ${host} lets other machines in, found none`);
  }
  const runs = await LiveRuns.open(folders, rhythm);
  const app = createApp(runs, access, mostPages);
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
  });
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  return { port: bound, link: linkOf(host, bound, token), runs, close: () => closeAll(server, runs) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (code) {
    case "EADDRINUSE":
      return new UsageError(
        `--port: expected one that is free, found ${port} in use; take another, or 0 for any that is free`,
      );
    case "EACCES":
      return new UsageError(
        `--port: expected one that this user may take, found ${port}; take one from 1024 on`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new UsageError(`--host: expected an address of this machine, found ${JSON.stringify(host)}`);
    default:
      return new UsageError(`--host: cannot listen at ${host}, port ${port}: ${code ?? message}`);
  }
}

/** Where every address is listened at, the machine's name stands for them. */
function linkOf(host: string, port: number, token: string | null): string {
  const name = host === "0.0.0.0" || host === "::" ? hostname() : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}/${token === null ? "" : `?token=${token}`}`;
}

async function closeAll(server: Server, runs: LiveRuns): Promise<void> {
  runs.close();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
