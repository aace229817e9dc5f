import { createHash, timingSafeEqual } from "node:crypto";

/** Who may ask. */
export interface Access {
  /** Whether the server is bound to this machine alone: it is then known by the names of this machine alone. */
  readonly isLoopback: boolean;
  /** What has to be shown; null where nothing has. */
  readonly token: string | null;
}

/** What a request says of itself. */
export interface RequestFacts {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** In the link. */
  readonly token: string | undefined;
  readonly cookie: string | undefined;
}

export interface AccessRefusal {
  readonly status: 400 | 401 | 403 | 405;
  readonly words: string;
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Why a request is refused; null where it is not. */
export function refusalOf(asked: RequestFacts, access: Access): AccessRefusal | null {
  const { method, host, origin } = asked;
  if (method !== "GET" && method !== "HEAD") {
    return {
      status: 405,
      words: `expected GET or HEAD, found ${/^[A-Z]{1,20}$/.exec(method)?.[0] ?? "another method"}`,
    };
  }
  if (host === undefined || host === "") return { status: 400, words: "expected a Host header, found none" };
  // A name that somebody else owns may be made to lead here; a browser then takes our pages for theirs.
  if (access.isLoopback && !LOOPBACK_HOST.test(host)) {
    return {
      status: 403,
      words: "expected the name of this machine, localhost or 127.0.0.1, found another host",
    };
  }
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
    return { status: 403, words: "expected a request of this server's own pages, found another origin" };
  }
  return tokenRefusal(asked, access.token);
}

/** Answers to a wrong link and to no token at all; a right cookie does not help a wrong link. */
function tokenRefusal({ token, cookie }: RequestFacts, expected: string | null): AccessRefusal | null {
  if (expected === null) return null;
  const given = token ?? cookie;
  if (given === undefined) {
    return { status: 401, words: "expected the token: open the link that autodual serve printed" };
  }
  if (isSame(given, expected)) return null;
  return {
    status: 403,
    words: "expected the token of the link that autodual serve printed, found another one",
  };
}

/** The name of the cookie that keeps a token: one of its own for each token, as ports share cookies. */
export function cookieName(token: string): string {
  return `autodual_${createHash("sha256").update(`name of ${token}`).digest("hex").slice(0, 8)}`;
}

/** Whether a host is one of this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_HOST.test(host.includes(":") ? `[${host}]` : host);
}

/** In a time that does not depend on where they differ, or on their lengths. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a, b);
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}
