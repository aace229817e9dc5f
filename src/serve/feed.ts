import type { Listener, LiveRuns } from "./live-runs.js";
import { changedParts, type LiveView } from "./view.js";

/** Signs of life that a browser may leave lying before it is given up: a minute. */
const MOST_UNREAD = 4;
/** After which time a browser that lost the connection tries again, in milliseconds. */
const RETRY = 2000;

const encoder = new TextEncoder();

/**
 * The changes of a page as server-sent events, for one browser that shows `version` of it. There is never more than one event
 * waiting: what changes before it is read goes into the next one, made when there is room. `giveUp` ends the connection of a
 * browser that reads nothing any more.
 */
export function openFeed(
  runs: LiveRuns,
  page: number,
  version: string,
  giveUp: () => void,
): ReadableStream<Uint8Array> {
  let shown = version;
  let unread = 0;
  let listener: Listener | null = null;
  const stop = () => {
    if (listener) runs.remove(listener);
    listener = null;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const hasRoom = () => (controller.desiredSize ?? 0) > 0;
        const end = () => {
          if (listener === null) return;
          stop();
          controller.close();
          giveUp();
        };
        const send = () => {
          if (listener === null || !hasRoom()) return;
          try {
            const view = runs.view(page);
            if (view.version === shown) return;
            const event = eventOf(shown, view);
            // First, as whoever waits for the event is given it at once, and then asks for the next.
            shown = view.version;
            controller.enqueue(encoder.encode(event));
          } catch {
            // What is wrong with the page is told when it is asked for again.
            end();
          }
        };
        listener = {
          changed: send,
          ping() {
            unread = hasRoom() ? 0 : unread + 1;
            if (unread >= MOST_UNREAD) end();
            else if (unread === 0) controller.enqueue(encoder.encode(":\n\n"));
          },
          end,
        };
        runs.add(listener);
        controller.enqueue(encoder.encode(`retry: ${RETRY}\n\n`));
      },
      pull() {
        listener?.changed();
      },
      cancel: stop,
    },
    { highWaterMark: 1 },
  );
}

/** The parts that have changed, with the server's time; the event's number is the version that they make. */
function eventOf(shown: string, view: LiveView): string {
  const parts = Object.fromEntries(changedParts(shown, view).map(({ id, html }) => [id, html]));
  return `id: ${view.version}\nevent: parts\ndata: ${JSON.stringify({ now: Date.now(), parts })}\n\n`;
}
