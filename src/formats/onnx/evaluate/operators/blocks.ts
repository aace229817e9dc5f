import { ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { formatExtents, type NdArray, zeros } from "../array.js";
import { type NodeEvaluation, operand, taking } from "../evaluation.js";

/** Where an entry of the image of less depth comes from, or goes to, in the one of more: its channel there. */
function deepChannel(
  mode: string,
  channel: number,
  [row, column]: readonly [number, number],
  block: number,
  channels: number,
): number {
  const within = row * block + column;
  return mode === "DCR" ? within * channels + channel : channel * block * block + within;
}

function blockOf({ attributes, label }: NodeEvaluation, { shape }: NdArray): number {
  const block = attributes.int("blocksize", 0);
  if (block < 1 || shape.length !== 4) {
    throw new ShapeError(
      `${label}: blocks of ${block} × ${block} do not fit the shape ${formatExtents(shape)}`,
    );
  }
  return block;
}

/** Entry [n, c, y, x] of the wide image stands at [n, c', ⌊y/b⌋, ⌊x/b⌋] of the deep one. */
function moveBlocks(
  from: NdArray,
  to: NdArray,
  { mode, block, wide }: { readonly mode: string; readonly block: number; readonly wide: "from" | "to" },
): NdArray {
  const [batch, channels, height, width] = (wide === "to" ? to : from).shape;
  const deep = (wide === "to" ? from : to).shape;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const k = deepChannel(mode, c, [y % block, x % block], block, channels);
          const inWide = ((n * channels + c) * height + y) * width + x;
          const inDeep =
            ((n * deep[1] + k) * deep[2] + Math.floor(y / block)) * deep[3] + Math.floor(x / block);
          if (wide === "to") to.values[inWide] = from.values[inDeep];
          else to.values[inDeep] = from.values[inWide];
        }
      }
    }
  }
  return to;
}

const depthToSpace = taking(1, 1, (evaluation) => {
  const x = operand(evaluation, 0);
  const block = blockOf(evaluation, x);
  const mode = evaluation.attributes.string("mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") {
    throw new UnsupportedOperatorError(`${evaluation.label}: mode ${JSON.stringify(mode)} is not supported`);
  }
  const [batch, channels, height, width] = x.shape;
  const shape = [batch, channels / block ** 2, height * block, width * block];
  return moveBlocks(x, zeros(x.type, shape, evaluation.label), { mode, block, wide: "to" });
});

const spaceToDepth = taking(1, 1, (evaluation) => {
  const x = operand(evaluation, 0);
  const block = blockOf(evaluation, x);
  const [batch, channels, height, width] = x.shape;
  const shape = [batch, channels * block ** 2, height / block, width / block];
  return moveBlocks(x, zeros(x.type, shape, evaluation.label), { mode: "DCR", block, wide: "from" });
});

export const BLOCKS = { DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth };
