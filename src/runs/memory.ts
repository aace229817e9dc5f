/** Of a budget of bytes, what the rows of one piece may take: some tensors of that size are alive at once. */
export function pieceBytesFor(memory: number): number {
  return memory / TENSORS_AT_ONCE;
}

const TENSORS_AT_ONCE = 16;
