import type * as z from "zod";
import type { Stop } from "../../compute/deadline.js";
import { FormatError } from "../../errors.js";
import { packedByGzip, unpackGzip } from "../gzip.js";
import { parseJson } from "../json-text.js";
import { plainText } from "../plain-text.js";
import { LARGEST_TEXT, readFileOrExplain } from "../read-file.js";
import { writeFileAtomically } from "../write-file.js";
import {
  CERTIFICATE_SCHEMA,
  type Certificate,
  type Claim,
  certificateSchema,
  claimSchema,
} from "./schema.js";

/**
 * Reads a certificate file, perhaps packed by gzip. Throws a `FormatError` that names the file and the first fault, and the reason of
 * `stop`, which ends the reading.
 */
export async function readCertificate(path: string, stop?: Stop): Promise<Certificate> {
  const bytes = await unpackGzip(
    await readFileOrExplain(path, { largest: LARGEST_TEXT }),
    path,
    LARGEST_TEXT,
  );
  return parseCertificate(new TextDecoder().decode(bytes), path, stop);
}

/** A certificate out of its text. Throws a `FormatError` that names `where`, and the reason of `stop`. */
export function parseCertificate(text: string, where: string, stop?: Stop): Certificate {
  const json = parseJson(text, where, "expected a certificate as JSON, found something else or half of one");
  const { schema, claims } = checked(certificateSchema, json, [], where);
  return {
    schema,
    claims: claims.map((claim, i) => {
      stop?.throwIfAborted();
      return checked(claimSchema, claim, ["claims", i], where);
    }),
  };
}

/** What stands at a place of a file, if it is as it should be. */
function checked<T>(schema: z.ZodType<T>, json: unknown, at: readonly PropertyKey[], where: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path: within, message }] = parsed.error.issues;
  const path = [...at, ...within];
  const place = path.length > 0 ? plainText(path.join(".")) : "certificate";
  throw new FormatError(`${where}: ${place}: ${plainText(message)}`);
}

/**
 * Writes a certificate file, packed by gzip where its name says so. Throws a `UsageError` for one that cannot be written, and what the
 * maker of the claims throws; no file is there then.
 */
export async function writeCertificate(
  path: string,
  claims: Iterable<Claim> | AsyncIterable<Claim>,
): Promise<void> {
  const text = certificateText(claims);
  await writeFileAtomically(path, path.endsWith(".gz") ? packedByGzip(text) : text);
}

/** The text of a certificate file, claim by claim, so that it is never all in memory. */
export async function* certificateText(
  claims: Iterable<Claim> | AsyncIterable<Claim>,
): AsyncGenerator<string> {
  yield `{"schema":"${CERTIFICATE_SCHEMA}","claims":[`;
  let separator = "\n";
  for await (const claim of claims) {
    yield separator + JSON.stringify(claim);
    separator = ",\n";
  }
  yield "\n]}\n";
}
