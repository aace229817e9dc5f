import type { Backend, BackwardEnd, BackwardStart, BackwardStep, Reading, Sight, Tensor } from "./backend.js";
import { checkIndex, checkSame, checkSize, formatShape, type Size, shapeMismatch } from "./shape-checks.js";
import * as rules from "./shape-rules/index.js";

/** Slots have numbers below this. */
export const BACKWARD_SLOTS = 64;

/** The shape of the result, `[1, R]` or `[2, R]`. Throws a `ShapeError` that names the step that does not fit. */
export function backwardShape(
  start: BackwardStart,
  steps: readonly BackwardStep[],
  { radius, centre, owners, sight, order }: BackwardEnd,
): Size {
  const first: Size = start.kind === "rows" ? start.nu : linesShape(start.matrix, start.index);
  const slots = new Map<number, Size>();
  let nu: Size | null = first;
  for (const step of steps) nu = shapeAfter(step, nu, slots);
  if (slots.size > 0) throw shapeMismatch("backward", "no slot that is never used", `${[...slots.keys()]}`);
  if (centre) checkSame("backward", radius, centre);
  const { rows } = rules.norm(atHand(nu), seen(radius, sight), owners, order);
  return { features: centre ? 2 : 1, rows };
}

/** Every tensor of a chain, so that a backend can look whether each is its own before shapes are asked for. */
export function tensorsOfChain(
  start: BackwardStart,
  steps: readonly BackwardStep[],
  { radius, centre }: BackwardEnd,
): readonly Tensor[] {
  const first = start.kind === "rows" ? start.nu : start.matrix;
  return [first, ...steps.flatMap(tensorsOfStep), radius, ...(centre ? [centre] : [])];
}

function tensorsOfStep(step: BackwardStep): readonly Tensor[] {
  switch (step.kind) {
    case "linear":
    case "conv2d":
      return [step.weight];
    case "enclose":
      return [step.slope, step.radius, ...(step.shift ? [step.shift] : [])];
    case "lines":
      return [step.lower, step.upper, step.even, step.odd];
    case "scale":
      return [step.scale];
    case "offset":
      return [step.offset];
    default:
      return [];
  }
}

/** The shape of coefficients as rows see them. */
function seen(coefficients: Size, sight: Sight | undefined): Size {
  return sight ? rules.crop(coefficients, sight.examples, sight.window) : coefficients;
}

function linesShape(matrix: Size, index: Int32Array): Size {
  checkIndex("backward", "index", index, 0, matrix.features);
  return { features: matrix.rows, rows: index.length };
}

function atHand(nu: Size | null): Size {
  if (nu) return nu;
  throw shapeMismatch("backward", "a load after a store", "another step");
}

function inSlot(slots: Map<number, Size>, slot: number): Size {
  const waiting = slots.get(slot);
  if (!waiting) throw shapeMismatch("backward", "a slot in use", `${slot}`);
  slots.delete(slot);
  return waiting;
}

function checkFree(slots: ReadonlyMap<number, Size>, slot: number): void {
  checkSize("backward", "slot", slot);
  if (slots.has(slot) || slot >= BACKWARD_SLOTS) {
    throw shapeMismatch("backward", `a free slot below ${BACKWARD_SLOTS}`, `${slot}`);
  }
}

function shapeAfter(step: BackwardStep, before: Size | null, slots: Map<number, Size>): Size | null {
  if (step.kind === "load") {
    if (before) throw shapeMismatch("backward", "a store before a load", formatShape(before));
    return inSlot(slots, step.slot);
  }
  const nu = atHand(before);
  switch (step.kind) {
    case "linear":
      return rules.linearTranspose(step.weight, nu);
    case "conv2d":
      return rules.conv2dTranspose(step.weight, nu, step.geometry);
    case "enclose":
      if (step.shift) checkSame("backward", step.slope, step.shift);
      checkSame("backward", step.slope, step.radius);
      return rules.enclose(nu, seen(step.slope, step.sight), seen(step.radius, step.sight), step.owners);
    case "lines":
      checkSame("backward", step.lower, step.upper, step.even, step.odd);
      return rules.scaleShift(nu, seen(step.lower, step.sight), null, step.owners);
    case "scale":
      return rules.scaleShift(nu, seen(step.scale, step.sight), null, step.owners);
    case "offset":
      rules.scaleShift(nu, seen(step.offset, step.sight), null, step.owners);
      return nu;
    case "gather":
      return gathered(nu, step.index);
    case "store":
      checkFree(slots, step.slot);
      slots.set(step.slot, nu);
      return null;
    case "copy":
      checkFree(slots, step.slot);
      slots.set(step.slot, step.index ? gathered(nu, step.index) : nu);
      return nu;
    case "add": {
      const other = inSlot(slots, step.slot);
      return checkSame("backward", nu, step.index ? gathered(other, step.index) : other);
    }
    default:
      return step satisfies never;
  }
}

function gathered(x: Size, index: Int32Array): Size {
  checkIndex("backward", "index", index, -1, x.features);
  return { features: index.length, rows: x.rows };
}

/** `Backend.backward` out of the other operations. */
export function backwardByOperations(
  backend: Backend,
  start: BackwardStart,
  steps: readonly BackwardStep[],
  end: BackwardEnd,
): Tensor {
  backwardShape(start, steps, end);
  using walk = new Walk(backend);
  walk.begin(start);
  for (const step of steps) walk.pass(step);
  return walk.finish(end);
}

/** Tensors on their way; all are released at the end. */
class Walk implements Disposable {
  readonly #backend: Backend;
  readonly #made: Tensor[] = [];
  readonly #slots = new Map<number, Tensor>();
  readonly #radius: Tensor[] = [];
  readonly #centre: Tensor[] = [];
  #nu: Tensor | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  begin(start: BackwardStart): void {
    const backend = this.#backend;
    this.#nu =
      start.kind === "rows"
        ? start.nu
        : this.#keep(backend.transpose(this.#keep(backend.gather(start.matrix, start.index))));
  }

  pass(step: BackwardStep): void {
    const backend = this.#backend;
    if (step.kind === "load") {
      this.#nu = this.#takeSlot(step.slot);
      return;
    }
    const nu = this.#nu as Tensor;
    const look = (coefficients: Tensor): Tensor =>
      "owners" in step ? this.#look(coefficients, step) : coefficients;
    switch (step.kind) {
      case "linear":
        this.#nu = this.#keep(backend.linearTranspose(step.weight, nu));
        return;
      case "conv2d":
        this.#nu = this.#keep(backend.conv2dTranspose(step.weight, nu, step.geometry));
        return;
      case "enclose": {
        const enclosed = backend.enclose(nu, look(step.slope), look(step.radius), step.owners);
        this.#radius.push(this.#keep(enclosed.radius));
        if (step.shift) this.#centre.push(this.#keep(backend.dot(nu, look(step.shift), step.owners)));
        this.#nu = this.#keep(enclosed.nu);
        return;
      }
      case "lines":
        this.#centre.push(this.#keep(backend.dot(nu, look(step.even), step.owners)));
        this.#centre.push(this.#keep(backend.norm(nu, look(step.odd), step.owners, 1)));
        this.#nu = this.#keep(backend.scaleBySign(nu, look(step.lower), look(step.upper), step.owners));
        return;
      case "scale":
        this.#nu = this.#keep(backend.scaleShift(nu, look(step.scale), null, step.owners));
        return;
      case "offset":
        this.#centre.push(this.#keep(backend.dot(nu, look(step.offset), step.owners)));
        return;
      case "gather":
        this.#nu = this.#keep(backend.gather(nu, step.index));
        return;
      case "store":
        this.#slots.set(step.slot, nu);
        this.#nu = null;
        return;
      case "copy":
        this.#slots.set(step.slot, step.index ? this.#keep(backend.gather(nu, step.index)) : nu);
        return;
      case "add": {
        const other = this.#takeSlot(step.slot);
        const all = step.index ? this.#keep(backend.gather(other, step.index)) : other;
        this.#nu = this.#keep(backend.combine(1, nu, 1, all));
        return;
      }
      default:
        step satisfies never;
    }
  }

  finish(end: BackwardEnd): Tensor {
    const backend = this.#backend;
    const nu = this.#nu as Tensor;
    const { owners, order, centre } = end;
    const own = this.#keep(backend.norm(nu, this.#look(end.radius, end), owners, order));
    const width = this.#sum([own, ...this.#radius]);
    if (!centre) return backend.scaleBy(width, 1, 0);
    const middle = this.#sum([this.#keep(backend.dot(nu, this.#look(centre, end), owners)), ...this.#centre]);
    return backend.concat([width, middle]);
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#made) tensor.dispose();
  }

  /** Coefficients as the rows' owners have them. */
  #look(coefficients: Tensor, { sight }: Reading): Tensor {
    if (!sight) return coefficients;
    return this.#keep(this.#backend.crop(coefficients, sight.examples, sight.window));
  }

  #sum([first, ...rest]: readonly Tensor[]): Tensor {
    return rest.reduce((total, term) => this.#keep(this.#backend.combine(1, total, 1, term)), first);
  }

  #takeSlot(slot: number): Tensor {
    const waiting = this.#slots.get(slot) as Tensor;
    this.#slots.delete(slot);
    return waiting;
  }

  #keep(tensor: Tensor): Tensor {
    this.#made.push(tensor);
    return tensor;
  }
}
