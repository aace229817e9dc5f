/** All of the page's scripting: theme, filter of the gallery, copying. The page can be read without it. */
export const SCRIPT = `
(() => {
  const root = document.documentElement;
  const theme = document.querySelector(".theme");
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light theme" : "Dark theme"; };
  try { const kept = localStorage.getItem("autodual-theme"); if (kept === "light" || kept === "dark") root.dataset.theme = kept; } catch {}
  theme.hidden = false;
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("autodual-theme", root.dataset.theme); } catch {}
    name();
  });

  const wire = (part) => {
    const select = part.querySelector("[data-filter]");
    if (select) {
      const shown = part.querySelector("[data-shown]");
      const cards = [...part.querySelectorAll(".card")];
      select.closest(".filter").hidden = false;
      select.addEventListener("change", () => {
        let count = 0;
        for (const card of cards) {
          card.hidden = select.value !== "" && card.dataset.label !== select.value;
          if (!card.hidden) count += 1;
        }
        shown.textContent = select.value === "" ? "" : count + " of " + cards.length + " pictures";
      });
    }

    for (const button of part.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(button.dataset.copy);
        } catch {
          const range = document.createRange();
          range.selectNodeContents(button.previousElementSibling);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          document.execCommand("copy");
        }
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
    }
  };
  wire(document);
  // What a live page puts in later.
  document.addEventListener("autodual-part", (event) => wire(event.target));
})();
`;
