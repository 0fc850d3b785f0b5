
// Sessions: the list and one session follow what happens; keys; explanations at once.
(() => {
  "use strict";
  const { find, all, key, localTimes } = mailchute;
  const MOST = 200;

  const light = find("#live");
  const follow = (address, handlers) => {
    const source = new EventSource(address);
    const show = (isLost) => {
      light.hidden = false;
      light.classList.toggle("lost", isLost);
      light.textContent = isLost ? "reconnecting" : "live";
    };
    source.onopen = () => show(false);
    source.onerror = () => show(true);
    for (const [name, run] of Object.entries(handlers)) source.addEventListener(name, (event) => run(event, source));
    addEventListener("pagehide", () => source.close());
    return source;
  };

  const rowsOf = (html) => {
    const template = document.createElement("template");
    template.innerHTML = `<table><tbody>${html}</tbody></table>`;
    localTimes(template.content);
    return all("tr", template.content);
  };

  const list = find("table.sessions");
  if (list) {
    const body = find("#sessions");
    // Whoever is at a link stays at it when its row is replaced.
    const put = (row) => {
      const old = document.getElementById(row.id);
      if (!old) {
        row.classList.add("arrived");
        body.prepend(row);
        while (body.children.length > MOST) body.lastElementChild.remove();
        return;
      }
      const hasFocus = old.contains(document.activeElement);
      old.replaceWith(row);
      if (hasFocus) find("a.main", row).focus();
    };
    if (list.dataset.live) {
      follow(list.dataset.live, {
        rows: (event) => {
          rowsOf(event.data).forEach(put);
          find("#empty")?.remove();
          list.parentElement.hidden = false;
        },
      });
    }
    const step = (by) => {
      const links = all("a.main", body);
      const at = links.indexOf(document.activeElement);
      links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))]?.focus();
    };
    key("j", "Next session", () => step(1));
    key("k", "Session before", () => step(-1));
    key("/", "Search", () => find("#q").focus());
  }

  const session = find(".session");
  if (!session) return;
  const rows = find("#rows", session);
  if ("open" in session.dataset) {
    const add = (event) => {
      const { rows: html, head } = JSON.parse(event.data);
      const isAtEnd = innerHeight + scrollY >= document.body.scrollHeight - 40;
      const added = rowsOf(html).filter((row) => !row.id || !document.getElementById(row.id));
      if (all("details.meaning[open]", rows).length > 3) for (const row of added) explain(row, true);
      rows.append(...added);
      find("#session-head").innerHTML = head;
      localTimes(find("#session-head"));
      if (isAtEnd) scrollTo({ top: document.body.scrollHeight });
    };
    const last = rows.lastElementChild?.dataset.record;
    follow(`/sessions/${session.dataset.session}/events${last ? `?after=${last}` : ""}`, {
      rows: add,
      over: (event, source) => {
        source.close();
        light.hidden = true;
        if (event.data) add(event);
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
