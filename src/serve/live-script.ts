/**
 * What keeps a page live: it hears of changed parts and puts them in place of those of the same id, so that the scroll
 * position, open tables and the focus stay; and it says times from now.
 */
export const LIVE_SCRIPT = `
(() => {
  const main = document.getElementById("main");
  const line = document.getElementById("connection");
  const title = document.title;
  const here = new URL(location.href);
  // It is in a cookie by now, and need not stay where it can be seen.
  if (here.searchParams.has("token")) {
    here.searchParams.delete("token");
    history.replaceState(history.state, "", here);
  }

  // How far this clock is ahead of the server's.
  let ahead = Date.now() - Number(main.dataset.now);
  let version = main.dataset.version;
  let source = null;

  const say = (words) => { if (line.textContent !== words) line.textContent = words; };
  const duration = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return whole + " s";
    if (whole < 3600) return Math.floor(whole / 60) + " min " + (whole % 60) + " s";
    const minutes = Math.round(whole / 60);
    return Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  };
  const tick = () => {
    const now = Date.now() - ahead;
    for (const time of document.querySelectorAll("time[data-from-now]")) {
      const at = Number(time.dataset.at);
      const words = time.dataset.fromNow === "age" ? duration((now - at) / 1000) + " ago" : at > now ? duration((at - now) / 1000) : "any moment";
      if (time.textContent !== words) time.textContent = words;
      time.title = new Date(at + ahead).toLocaleString();
    }
  };
  const name = () => {
    const states = document.querySelectorAll("[data-tab]");
    document.title = states.length === 1 ? states[0].dataset.tab + " · " + title : title;
  };

  const REACHED = "a, button, select, summary, [tabindex]";
  const replace = (old, fresh) => {
    const all = (part, selector) => [...part.querySelectorAll(selector)];
    const [folded, opened] = [all(fresh, "details"), all(old, "details")];
    if (folded.length === opened.length) folded.forEach((each, i) => { each.open = opened[i].open; });
    const scrolled = all(old, ".scroll").map((each) => [each.scrollTop, each.scrollLeft]);
    const chosen = old.querySelector("[data-filter]")?.value;
    const focus = all(old, REACHED).indexOf(document.activeElement);
    old.replaceWith(fresh);
    fresh.dispatchEvent(new CustomEvent("autodual-part", { bubbles: true }));
    all(fresh, ".scroll").forEach((each, i) => { if (scrolled[i]) [each.scrollTop, each.scrollLeft] = scrolled[i]; });
    const select = fresh.querySelector("[data-filter]");
    if (select && chosen) {
      select.value = chosen;
      select.dispatchEvent(new Event("change"));
    }
    if (focus >= 0) all(fresh, REACHED)[focus]?.focus({ preventScroll: true });
  };
  const put = (parts) => {
    const seen = [...main.children].find((part) => part.getBoundingClientRect().bottom > 0);
    const before = seen && scrollY > 0 ? { id: seen.id, top: seen.getBoundingClientRect().top } : null;
    for (const [id, html] of Object.entries(parts)) {
      const template = document.createElement("template");
      template.innerHTML = html;
      const [old, fresh] = [document.getElementById(id), template.content.firstElementChild];
      // The folder holds a run of another kind now.
      if (!old || !fresh) return location.reload();
      replace(old, fresh);
    }
    if (before) {
      const moved = document.getElementById(before.id).getBoundingClientRect().top - before.top;
      if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
    }
    tick();
    name();
  };

  const close = () => {
    source?.close();
    source = null;
  };
  const connect = () => {
    if (source || document.hidden) return;
    const own = new EventSource(main.dataset.events + "?have=" + encodeURIComponent(version));
    source = own;
    own.addEventListener("open", () => say("Live: changes appear by themselves."));
    own.addEventListener("error", () => {
      say("The server is not heard of; this is what it said last. Trying again.");
      // A refusal ends a source, a lost connection does not.
      if (own.readyState !== EventSource.CLOSED || source !== own) return;
      close();
      setTimeout(connect, 5000);
    });
    own.addEventListener("parts", (event) => {
      const { now, parts } = JSON.parse(event.data);
      ahead = Date.now() - now;
      version = event.lastEventId;
      put(parts);
    });
  };
  // A tab that nobody sees needs no connection, of which a browser has few for one server.
  document.addEventListener("visibilitychange", () => document.hidden ? close() : connect());
  setInterval(tick, 1000);
  tick();
  name();
  say("Connecting.");
  connect();
})();
`;
