// The inbox: new messages appear at once; keys; deletion with an undo that goes away.
(() => {
  "use strict";
  const { find, all, toast, key, read, attempt, refresher, follow, renew, renewPage } = mailchute;

  // The note of a deletion, as the server shows it.
  const shown = find("form.undone");
  if (shown) setTimeout(() => shown.remove(), 10000);

  const list = find("#list");
  if (!list) return;

  // Rows that are being deleted are no place to go to.
  const rows = () => all(".message:not(.going)", list);
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
  const own = () => {
    const address = new URL(location.href);
    address.searchParams.delete("deletion");
    address.searchParams.delete("deleted");
    return address;
  };
  const refresh = refresher(async () => {
    const page = await read(own());
    const focused = document.activeElement?.closest?.(".message");
    const at = rows().indexOf(focused);
    for (const row of all(".message", page)) row.classList.toggle("here", row.dataset.id === here);
    renew(list, find("#list", page));
    renew(find("#groups"), find("#groups", page));
    renewPage(page);
    // The reader of a row that is gone goes on with the next one.
    if (focused && !focused.isConnected) find(".subject", rows()[Math.min(at, rows().length - 1)])?.focus({ preventScroll: true });
  });
  follow("/changes", { added: refresh, changed: refresh }, { opened: refresh });

  // Forms go in the background. Returns whether the server did what they ask for.
  const post = (form, fields) => attempt(async () => {
    const page = await read(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(fields) });
    const undo = find(".undone", page);
    if (undo) offer(undo);
    return true;
  });

  // The ways back from deletions, the last one last. The key takes that one.
  const undos = new Set();
  const offer = (form) => {
    const run = async () => {
      forget();
      if (await post(form, new FormData(form))) toast("Restored");
      await refresh();
    };
    const note = toast(find("span", form).textContent, { text: "Undo", run }, 10);
    const forget = () => { undos.delete(run); note.remove(); };
    undos.add(run);
    setTimeout(forget, 10000);
  };

  document.addEventListener("submit", async (event) => {
    // Not `target.id`: the boxes of the form are named that.
    if (!event.target.matches("#messages")) return;
    event.preventDefault();
    const action = event.submitter?.value ?? "";
    const fields = new FormData(event.target);
    fields.set("action", action);
    if (!action.endsWith("-all") && !fields.has("id")) {
      if (!current()) { toast("Select messages first"); return; }
      fields.set("id", current().dataset.id);
    }
    const menu = event.submitter?.closest(".menu");
    if (menu) { menu.open = false; find("summary", menu).focus(); }
    if (action === "delete") {
      const ids = new Set(fields.getAll("id"));
      // Before the answer comes, the next deletion is about other messages.
      for (const box of all(":checked", list)) box.checked = false;
      for (const row of rows()) if (ids.has(row.dataset.id)) row.classList.add("going");
    }
    await post(event.target, fields);
    await refresh();
  });

  list.addEventListener("change", (event) => {
    if (event.target.id === "select-all") {
      for (const box of all("[name=id]", list)) box.checked = event.target.checked;
    }
  });

  const press = (value) => find(`#messages button[value=${value}]`, list)?.click();
  const remove = () => {
    const row = current();
    const isOne = row && !find(":checked[name=id]", list);
    const known = rows();
    const next = known[known.indexOf(row) + 1] ?? known[known.indexOf(row) - 1];
    press("delete");
    if (isOne) mark(next ?? null);
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
  key("u", "Undo the deletion", () => { const last = [...undos].pop(); if (last) last(); else find("form.undone button")?.click(); });
  key("m", "Mark read", () => press("read"));
  key("/", "Search", () => { find("#search").focus(); find("#search").select(); });
})();

// The page of a message.
(() => {
  "use strict";
  const { find, all, key, read, refresher, follow, renew, renewPage } = mailchute;
  const message = find(".message-page");
  if (!message) return;
  const go = (selector) => find(selector)?.click();
  // What is around the message changes. The message stays as it is.
  const refresh = refresher(async () => {
    const page = await read(message.dataset.around);
    renew(find("#around"), find("#around", page));
    renewPage(page);
  });
  follow("/changes", { added: refresh, changed: refresh }, { opened: refresh });

  key("j", "Older message", () => go("a[rel=next]"));
  key("k", "Newer message", () => go("a[rel=prev]"));
  key("u", "Back to the inbox", () => go("#back"));
  key("Delete", "Delete the message", () => go("#delete [value=delete]"));
  key("/", "Search", () => { location.href = "/#search"; });
  const tabs = all(".tabs a");
  tabs.forEach((tab, index) => key(String(index + 1), `${tab.firstChild.textContent}`, () => tab.click()));
})();
