import type { ComponentChildren } from "preact";
import { isByFeature } from "../../threat/box.js";
import { type BallInWords, formatEpsilon, formatPercent } from "../wording.js";
import { className } from "./margins.js";
import { MissingPart } from "./missing-part.js";
import type { Picture, RunRecord } from "./run-record.js";

/** Pictures are shown at about this many pixels. */
const SIDE = 140;

/** An example beside the largest changes that the ball allows: noise, and an attack's. */
export function BallGallery({ record }: { readonly record: RunRecord }) {
  const { ballPictures, ball, attacked } = record;
  return (
    <>
      <p>
        {changeInWords(ball)} This is how much that is to the eye, on one example. A certificate is about
        every such change, not only about those shown.
      </p>
      {ballPictures.kind === "missing" ? (
        <MissingPart part={ballPictures} />
      ) : (
        <ul class="ball">
          <Shown picture={ballPictures.value.original} alt={`Example ${ballPictures.value.index}`}>
            example {ballPictures.value.index}, label <b>{className(record, ballPictures.value.label)}</b>:
            the answer is <b>{className(record, ballPictures.value.prediction)}</b>
            {ballPictures.value.certified ? ", certified" : ", not certified"}
          </Shown>
          <Shown picture={ballPictures.value.noisy} alt={`Example ${ballPictures.value.index} with noise`}>
            with random noise of the largest size: {NOISE[ball.norm]}
          </Shown>
          {ballPictures.value.attacked && (
            <Shown
              picture={ballPictures.value.attacked.picture}
              alt={`Example ${ballPictures.value.index}, attacked`}
            >
              attacked within the same bounds: {record.stages > 1 ? "the same stage's answer" : "the answer"}{" "}
              is <b>{className(record, ballPictures.value.attacked.prediction)}</b>
            </Shown>
          )}
        </ul>
      )}
      {ballPictures.kind === "known" && !ballPictures.value.attacked && (
        <p class="aside">
          {attacked.kind === "missing"
            ? "An attacked image stands here once the model was attacked."
            : "No attacked image is shown: the attack changed no right answer, or kept no input."}
        </p>
      )}
    </>
  );
}

const NOISE = {
  linf: "every pixel ε up or down",
  l2: "every pixel up or down by the same, ε in Euclidean length together",
  l1: "every pixel up or down by the same, ε together",
} as const;

function changeInWords({ norm, epsilon, box }: BallInWords): string {
  const size = formatEpsilon(epsilon);
  const ends = box && !isByFeature(box) ? box : null;
  const within = ends
    ? `, and stays within ${ends[0]} and ${ends[1]}`
    : box
      ? ", within bounds of its own"
      : "";
  const share =
    ends && typeof epsilon === "number"
      ? `, ${formatPercent(epsilon / (ends[1] - ends[0]))} of its range from ${ends[0]} to ${ends[1]}`
      : within;
  switch (norm) {
    case "linf":
      return `Each number of an input may change by up to ε = ${size}${share}.`;
    case "l2":
      return `All numbers of an input together may change by a Euclidean length of up to ε = ${size}${within}.`;
    case "l1":
      return `All numbers of an input together may change by up to ε = ${size}${within}.`;
    default:
      return norm satisfies never;
  }
}

interface ShownProps {
  readonly picture: Picture;
  readonly alt: string;
  readonly children: ComponentChildren;
}

function Shown({ picture: { uri, width, height }, alt, children }: ShownProps) {
  return (
    <li>
      <figure>
        <img src={uri} width={SIDE} height={Math.round((SIDE * height) / width)} alt={alt} />
        <figcaption>{children}</figcaption>
      </figure>
    </li>
  );
}
