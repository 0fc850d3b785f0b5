// What all pages share: local times, copying, short notes, keys. Pages work without it.
const mailchute = (() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const make = (name, fields = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(fields)) {
      if (key in node) node[key] = value; else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };

  // A note that goes after a while. `action` is a button: { text, run }.
  const toast = (text, action, seconds = 4) => {
    const note = make("div", { className: "toast" }, make("span", {}, text));
    if (action) {
      note.append(make("button", { type: "button", onclick: () => { note.remove(); action.run(); } }, action.text));
    }
    find("#toasts").append(note);
    setTimeout(() => note.remove(), seconds * 1000);
    return note;
  };

  // A request of a program: JSON in, JSON out. Throws an Error with a text for people.
  const send = async (method, path, body) => {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    let value = null;
    try { value = text ? JSON.parse(text) : null; } catch { /* An error of another kind. */ }
    if (!answer.ok) throw new Error((value && (value.detail || value.title)) || text || answer.statusText);
    return value;
  };

  const sameDay = (one, other) => one.toDateString() === other.toDateString();
  // Times in the page are UTC; a person wants those of the clock on the wall.
  const localTimes = (root = document) => {
    for (const time of all("time[datetime]:not([data-local])", root)) {
      const when = new Date(time.dateTime);
      if (isNaN(when)) continue;
      time.title = when.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
      time.dataset.local = "";
      if (time.dataset.as === "full") {
        time.textContent = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      } else if (time.dataset.as === "clock" && sameDay(when, new Date())) {
        time.textContent = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
      } else if (sameDay(when, new Date())) {
        time.textContent = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
      } else {
        time.textContent = when.toLocaleDateString(undefined, { month: "short", day: "numeric" });
      }
    }
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers have a clipboard only on localhost and by TLS.
      const area = make("textarea", { value: text, className: "visually-hidden" });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast("Copied");
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-of]");
    if (button) copy(button.dataset.copy ?? find(button.dataset.copyOf).textContent);
  });

  // Keys: `key("j", "Next message", run)`. The page `?` lists them.
  const keys = new Map();
  const key = (name, text, run) => {
    keys.set(name, { text, run });
    find("#keys-button")?.removeAttribute("hidden");
  };
  const isTyping = (node) => node.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const showKeys = () => {
    const list = make("dl");
    for (const [name, { text }] of keys) {
      list.append(make("dt", {}, make("kbd", {}, name)), make("dd", {}, text));
    }
    const dialog = make("dialog", { ariaLabel: "Keys" }, make("h2", {}, "Keys"), list,
      make("form", { method: "dialog" }, make("button", { className: "primary", autofocus: true }, "Close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || find("dialog[open]")) return;
    if (event.key === "Escape" && isTyping(event.target)) { event.target.blur(); return; }
    if (isTyping(event.target)) return;
    const found = keys.get(event.key);
    if (found) { event.preventDefault(); found.run(event); }
  });
  key("?", "This list", showKeys);
  find("#keys-button")?.addEventListener("click", showKeys);

  // Elements that only a script can serve are hidden until there is one.
  for (const node of all("[data-script]")) node.hidden = false;
  localTimes();
  return { find, all, make, toast, send, localTimes, copy, key, showKeys };
})();
