/** The base of every error that autodual raises on purpose: a mistake of the caller, told in one line. */
export class AutodualError extends Error {
  override readonly name: string = "AutodualError";
}

/** Shapes that do not fit together. The message names the layer or operation, what it expected, what it got. */
export class ShapeError extends AutodualError {
  override readonly name = "ShapeError";
}

/** An operator, layer or option that autodual knows of but cannot bound. */
export class UnsupportedOperatorError extends AutodualError {
  override readonly name = "UnsupportedOperatorError";
}

/** A file that is missing, truncated, corrupt, or of another format than expected. */
export class FormatError extends AutodualError {
  override readonly name = "FormatError";
}

/** A flag, argument or setting outside its range; `unknown` where it is a name, so that the nearest one can be told. */
export class UsageError extends AutodualError {
  override readonly name = "UsageError";
  readonly unknown: { readonly found: string; readonly known: readonly string[] } | undefined;

  /** The message is the one line that a user reads. */
  constructor(message: string, unknown?: UsageError["unknown"]) {
    super(message);
    this.unknown = unknown;
  }
}

/** A backend that is absent, or a tensor used after it was released or on another backend. */
export class BackendError extends AutodualError {
  override readonly name: string = "BackendError";
}

/** A backend has no more memory, on the machine or within its budget. */
export class OutOfMemoryError extends BackendError {
  override readonly name = "OutOfMemoryError";
}

/** What a value is, in a word, as errors name what they found. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" ? String(value) : typeof value;
}

// Expectations of arguments, for callers in plain JavaScript, where no type speaks: each throws a `UsageError` that names the
// argument, what was expected and what was found.

export function expectText(what: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw unexpected(what, "a text", value);
}

export function expectRecord(what: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) throw unexpected(what, "an object", value);
}

/** Of options by name: another name would be passed over, and something else computed than was meant. */
export function expectOptions(what: string, value: unknown, known: readonly string[]): void {
  expectRecord(what, value);
  const found = Object.keys(value as object).find((name) => !known.includes(name));
  if (found === undefined) return;
  throw new UsageError(`${what}: expected ${known.join(", ")}, found ${JSON.stringify(found)}`, {
    found,
    known,
  });
}

export function expectBoolean(what: string, value: unknown): void {
  if (typeof value !== "boolean") throw unexpected(what, "true or false", value);
}

/** Of anything: numbers, layers, cases. */
export function expectList(what: string, value: unknown): asserts value is ArrayLike<unknown> {
  const isList =
    typeof value === "object" && value !== null && typeof (value as { length?: unknown }).length === "number";
  if (!isList) throw unexpected(what, "a list", value);
}

export function expectNumbers(what: string, value: unknown): asserts value is ArrayLike<number> {
  expectList(what, value);
  if (Array.from(value).every((entry) => typeof entry === "number")) return;
  throw new UsageError(`${what}: expected a list of numbers, found something else in it`);
}

/** A number, or a list of numbers. */
export function expectNumberOrNumbers(what: string, value: unknown): void {
  if (typeof value !== "number") expectNumbers(what, value);
}

export function expectFinite(what: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw unexpected(what, "a finite number", value);
}

export function expectFunction(what: string, value: unknown): void {
  if (typeof value !== "function") throw unexpected(what, "a function", value);
}

function unexpected(what: string, wanted: string, value: unknown): UsageError {
  return new UsageError(`${what}: expected ${wanted}, found ${kindOf(value)}`);
}

/** Whether an error says that this package cannot be found, rather than that it does not load. */
export function isNotInstalled(name: string, error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  const isMissing = error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND";
  return isMissing && error.message.includes(`'${name}`);
}

/**
 * Throws a `UsageError` that says which optional package `what` needs, and how to get it, where the error is that it cannot be found;
 * else the error itself.
 */
export function notInstalled(what: string, name: string, error: unknown): never {
  if (!isNotInstalled(name, error)) throw error;
  throw new UsageError(
    `${what}: expected the optional package ${name}, found none; npm install autodual --include=optional brings it`,
  );
}
