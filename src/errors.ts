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

/** A flag, argument or setting outside its range. */
export class UsageError extends AutodualError {
  override readonly name = "UsageError";
}

/** A backend that is absent, or a tensor used after it was released or on another backend. */
export class BackendError extends AutodualError {
  override readonly name = "BackendError";
}
