// The inbox: new messages appear at once; keys; deletion with an undo that goes away.
(() => {
  "use strict";
  const { find, all, make, toast, localTimes, key } = mailchute;
  const list = find("#list");
  if (!list) return;

  const rows = () => all(".message", list);
  let here = null;
  const mark = (row) => {
    for (const one of rows()) one.classList.toggle("here", one === row);
    here = row ? row.dataset.id : null;
    if (row) { find(".subject", row).focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); }
  };
  const current = () => rows().find((row) => row.dataset.id === here);
  const step = (by) => {
    const known = rows();
    const at = known.findIndex((row) => row.dataset.id === here);
    const next = known[at < 0 ? 0 : Math.min(Math.max(at + by, 0), known.length - 1)];
    if (next) mark(next);
  };

  // The same page again, and the parts of it that change.
  const read = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const own = () => {
    const address = new URL(location.href);
    address.searchParams.delete("deletion");
    address.searchParams.delete("deleted");
    return address;
  };
  let isReading = false, isStale = false;
  const refresh = async () => {
    if (isReading) { isStale = true; return; }
    isReading = true;
    try {
      const page = await read(own());
      const known = new Set(rows().map((row) => row.dataset.id));
      const chosen = new Set(all(":checked[name=id]", list).map((box) => box.value));
      const focused = document.activeElement?.closest?.(".message")?.dataset.id;
      const isOpen = Boolean(find(".menu[open]", list));
      list.replaceChildren(...find("#list", page).childNodes);
      find("#groups").replaceChildren(...find("#groups", page).childNodes);
      document.title = page.title;
      let arrived = 0;
      for (const row of rows()) {
        if (!known.has(row.dataset.id)) { row.classList.add("arrived"); arrived += 1; }
        if (chosen.has(row.dataset.id)) find("[name=id]", row).checked = true;
        if (row.dataset.id === here) row.classList.add("here");
        if (row.dataset.id === focused) find(".subject", row).focus({ preventScroll: true });
      }
      if (isOpen) find(".menu", list)?.setAttribute("open", "");
      for (const node of all("[data-script]", list)) node.hidden = false;
      localTimes(document);
      return arrived;
    } finally {
      isReading = false;
      if (isStale) { isStale = false; refresh(); }
    }
  };

  const live = find("#live");
  const events = new EventSource("/changes");
  let wasLost = false;
  events.addEventListener("open", () => {
    live.hidden = false;
    live.textContent = "live";
    live.classList.remove("lost");
    // What came between the page and the connection, or while the connection was away.
    refresh();
    if (wasLost) { wasLost = false; toast("Connected again; the list is up to date"); }
  });
  events.addEventListener("error", () => {
    wasLost = true;
    live.textContent = "not connected";
    live.classList.add("lost");
  });
  events.addEventListener("added", refresh);
  events.addEventListener("changed", refresh);
  addEventListener("pagehide", () => events.close());

  // Forms go in the background, and the note of a deletion offers the way back.
  const post = async (form, button) => {
    const fields = new URLSearchParams(new FormData(form));
    if (button?.name) fields.set(button.name, button.value);
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) { toast(find("main p", page)?.textContent ?? "That did not work"); return; }
    const undo = find(".undone", page);
    if (undo) {
      const button = make("button", { type: "button" }, "Undo");
      const note = toast(find("span", undo).textContent, null, 10);
      note.append(button);
      lastUndo = async () => { lastUndo = null; note.remove(); await post(undo); toast("Restored"); };
      button.onclick = () => lastUndo?.();
      const mine = lastUndo;
      setTimeout(() => { if (lastUndo === mine) lastUndo = null; }, 10000);
    }
    await refresh();
  };
  let lastUndo = null;

  document.addEventListener("submit", (event) => {
    // Not `target.id`: the boxes of the form are named that.
    if (!event.target.matches("#messages")) return;
    event.preventDefault();
    const button = event.submitter;
    if (button?.value && !button.value.endsWith("-all") && !find(":checked[name=id]", event.target)) {
      const row = current();
      if (!row) { toast("Select messages first"); return; }
      find("[name=id]", row).checked = true;
    }
    post(event.target, button);
  });
  const shown = find("form.undone");
  if (shown) setTimeout(() => shown.remove(), 10000);

  list.addEventListener("change", (event) => {
    if (event.target.id === "select-all") {
      for (const box of all("[name=id]", list)) box.checked = event.target.checked;
    }
  });

  const press = (value) => find(`#messages button[value=${value}]`, list)?.click();
  const remove = () => {
    if (!find(":checked[name=id]", list) && current()) {
      const known = rows();
      const at = known.indexOf(current());
      const next = known[at + 1] ?? known[at - 1];
      find("[name=id]", current()).checked = true;
      press("delete");
      here = next ? next.dataset.id : null;
    } else press("delete");
  };
  key("j", "Next message", () => step(1));
  key("k", "Previous message", () => step(-1));
  key("Enter", "Open the message", (event) => {
    const target = event.target.closest("a, button, summary, input");
    if (target && !target.matches(".message input")) { target.click(); return; }
    if (current()) find(".subject", current()).click();
  });
  key("x", "Select the message", () => { const box = current() && find("[name=id]", current()); if (box) box.checked = !box.checked; });
  key("Delete", "Delete what is selected", remove);
  key("u", "Undo the deletion", () => (lastUndo ? lastUndo() : find("form.undone button")?.click()));
  key("m", "Mark read", () => press("read"));
  key("/", "Search", () => { find("#search").focus(); find("#search").select(); });
})();

// The page of a message.
(() => {
  "use strict";
  const { find, key } = mailchute;
  if (!find(".message-page")) return;
  const go = (selector) => find(selector)?.click();
  key("j", "Older message", () => go("a[rel=next]"));
  key("k", "Newer message", () => go("a[rel=prev]"));
  key("u", "Back to the inbox", () => go("#back"));
  key("Delete", "Delete the message", () => go("#delete [value=delete]"));
  key("/", "Search", () => { location.href = "/#search"; });
  const tabs = mailchute.all(".tabs a");
  tabs.forEach((tab, index) => key(String(index + 1), `${tab.firstChild.textContent}`, () => tab.click()));
})();
