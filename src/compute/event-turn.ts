/**
 * Resolves after the events that wait now were let in: signals, timers, messages. By `setImmediate` where there is one, as in Node; a
 * browser has none, and its timers wait at least 4 ms, so a message to itself serves there.
 */
export function eventTurn(): Promise<void> {
  if (typeof globalThis.setImmediate === "function") {
    return new Promise((resolve) => globalThis.setImmediate(resolve));
  }
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
