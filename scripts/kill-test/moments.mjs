/** Before the program has done anything. */
const AT_THE_START_MS = 200;
/** After the change of a file that a kill waits for. */
const AFTER_A_CHANGE_MS = 4;
/** Changes of files that are the last ones. */
const LAST = 15;

/**
 * When to kill: in the first moments; at any time; or as soon as a file is written for the n-th time, any file or one of the last. Of
 * what one process did undisturbed: `milliseconds`, and the files that it `touched`.
 */
export function drawMoment(draws, { milliseconds, touched }) {
  const kind = draws.uniform();
  if (kind < 0.12) return { after: AT_THE_START_MS * draws.uniform() };
  if (kind < 0.4 || touched.length === 0) return { after: milliseconds * draws.uniform() };
  const first = kind < 0.7 ? 0 : Math.max(0, touched.length - LAST);
  const change = first + Math.floor((touched.length - first) * draws.uniform());
  const file = touched[change];
  // Where a run goes on there are fewer changes to come than in a whole one.
  const most = touched.slice(0, change + 1).filter((name) => name === file).length;
  const time = 1 + Math.floor(most * draws.uniform());
  return { file, time, delay: AFTER_A_CHANGE_MS * draws.uniform() };
}

export function momentInWords({ after, file, time }) {
  return after === undefined ? `${file} ×${time}` : `${after.toFixed(0)} ms`;
}
