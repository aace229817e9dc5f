import { type BoxVariables, dot, norm } from "../autodiff/index.js";
import type { ParallelDual } from "./dual-layer.js";

/** An enclosed layer of which the box of its output is all that is known: rows end there, and nothing passes it. */
export function boxLayer({ centre, radius }: BoxVariables): ParallelDual {
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift: centre,
    radius,
    push: passesNothing,
    absolute: passesNothing,
    back: (tape, nu, owners, want) => ({
      nus: [],
      radius: norm(tape, nu, radius, owners, 1),
      ...(want.centre && { centre: dot(tape, nu, centre, owners) }),
    }),
  };
}

function passesNothing(): never {
  throw new Error("a box passes nothing on");
}
