
// Sessions: the list and one session follow what happens; keys; explanations at once.
(() => {
  "use strict";
  const { find, all, key, localTimes, follow, followBanners, take } = mailchute;

  const found = find("#found");
  if (found) {
    if (found.dataset.live) follow(found.dataset.live, { list: (event) => take(found, event.data) });
    const step = (by) => {
      const links = all("a.main", found);
      const at = links.indexOf(document.activeElement);
      links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))]?.focus();
    };
    key("j", "Next session", () => step(1));
    key("k", "Previous session", () => step(-1));
    key("/", "Search", () => find("#q").focus());
  }

  const rowsOf = (html) => {
    const template = document.createElement("template");
    template.innerHTML = `<table><tbody>${html}</tbody></table>`;
    localTimes(template.content);
    return all("tr", template.content);
  };

  const session = find(".session");
  if (!session) return;
  const rows = find("#rows", session);
  if ("open" in session.dataset) {
    const add = ({ rows: html, head }) => {
      const isAtEnd = innerHeight + scrollY >= document.body.scrollHeight - 40;
      const added = rowsOf(html).filter((row) => !row.id || !document.getElementById(row.id));
      if (all("details.meaning[open]", rows).length > 3) for (const row of added) explain(row, true);
      rows.append(...added);
      take(find("#session-head"), head);
      if (isAtEnd) scrollTo({ top: document.body.scrollHeight });
    };
    const address = () => {
      const last = rows.lastElementChild?.dataset.record;
      return `/sessions/${session.dataset.session}/events${last ? `?after=${last}` : ""}`;
    };
    const stop = follow(address, {
      rows: (event) => add(JSON.parse(event.data)),
      over: (event) => {
        stop();
        const last = JSON.parse(event.data);
        if (last) add(last);
        followBanners();
      },
    });
  }

  const explain = (root, isOpen) => { for (const details of all("details.meaning", root)) details.open = isOpen; };
  const button = find("[data-explain-all]", session);
  const toggle = () => {
    const isOpen = button.ariaPressed !== "true";
    button.ariaPressed = isOpen;
    button.textContent = isOpen ? "Hide the explanations" : "Explain every line";
    explain(rows, isOpen);
  };
  button.addEventListener("click", toggle);
  key("e", "Explain every line", toggle);
})();
