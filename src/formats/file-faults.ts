/** What the file system says, in words; the code itself where there are none. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EISDIR: "it is a folder",
  ENOTDIR: "it is below a file",
  ENAMETOOLONG: "the name is too long",
  EFBIG: "the file would be larger than is allowed",
  EMFILE: "too many open files",
  ELOOP: "its links lead in a circle",
  EIO: "the device reports a fault",
};

/** The system's own code of a fault, such as ENOENT; undefined where it is another's. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Why the file system did not do something. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
