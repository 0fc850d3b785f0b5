// The playground: lines go out without a load of the page, arrow keys bring earlier ones back.
(() => {
  "use strict";
  const { find, all } = mailchute;
  const store = "mailchute-lessons";
  const passed = () => {
    try { return JSON.parse(localStorage.getItem(store)) || {}; } catch { return {}; }
  };
  const pass = (id) => {
    try { localStorage.setItem(store, JSON.stringify({ ...passed(), [id]: true })); } catch { /* Private windows. */ }
  };
  const done = passed();
  for (const lesson of all("[data-lesson]")) {
    if (done[lesson.dataset.lesson]) find("[data-done]", lesson).hidden = false;
  }
  if (!find("#play")) return;

  const history = [];
  let at = 0;
  const input = () => find("#input");
  const size = () => { input().rows = Math.min(8, input().value.split("\n").length); };

  const upgrade = () => {
    for (const node of all("#play [data-script]")) node.hidden = false;
    for (const code of all("#play [data-type]")) {
      const button = mailchute.make("button", { type: "button", title: code.title }, code.textContent);
      button.dataset.put = code.dataset.type;
      code.replaceWith(button);
    }
    const lesson = find("#lesson[data-passed]");
    if (lesson) pass(lesson.dataset.id);
    find("#log").scrollTop = find("#log").scrollHeight;
  };

  // Puts the new content in place. Rows stay, so that screen readers hear only what is new.
  const replace = (html) => {
    const fresh = find("#play", new DOMParser().parseFromString(html, "text/html"));
    if (!fresh) return location.reload();
    const log = find("#log");
    const known = new Set(all("[data-row]", log).map((row) => row.dataset.row));
    const rows = all("#log [data-row]", fresh);
    const kept = new Set(rows.map((row) => row.dataset.row));
    for (const row of rows) if (!known.has(row.dataset.row)) log.append(row);
    for (const row of all("[data-row]", log)) if (!kept.has(row.dataset.row)) row.remove();
    for (const part of [".play-head", ".state", "#lesson", ".readings"]) {
      const [old, now] = [find(`#play ${part}`), find(part, fresh)];
      if (old && now) old.replaceWith(now);
      else if (old) old.remove();
      else if (now) find("#play").append(now);
    }
    find("#play .talk > .error")?.remove();
    const error = find(".talk > .error", fresh);
    if (error) find("[data-say]").before(error);
    const open = !find("#input", fresh).disabled;
    for (const node of [input(), find("[data-say] > button")]) node.disabled = !open;
    input().placeholder = find("#input", fresh).placeholder;
    upgrade();
  };

  const post = async (form) => {
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        headers: { "X-Fragment": "1" },
        body: new URLSearchParams(new FormData(form)),
      });
      replace(await answer.text());
    } catch {
      mailchute.toast("The server does not answer.");
    }
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-say]")) return;
    event.preventDefault();
    const text = input().value;
    if (text && history[history.length - 1] !== text) history.push(text);
    at = history.length;
    const sent = post(form);
    input().value = "";
    size();
    await sent;
    input().focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.target !== input() || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      input().form.requestSubmit();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !input().value.includes("\n")) {
      const next = at + (event.key === "ArrowUp" ? -1 : 1);
      if (next < 0 || next > history.length) return;
      event.preventDefault();
      at = next;
      input().value = history[at] ?? "";
      size();
    }
  });
  document.addEventListener("input", (event) => { if (event.target === input()) size(); });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#play [data-put], #play [data-hint]");
    if (!button) return;
    const form = input().form;
    input().value = button.dataset.put ?? button.dataset.hint;
    if (button.dataset.hint !== undefined) {
      form.elements.end.value = button.dataset.end;
      form.elements.escapes.checked = button.dataset.escapes !== undefined;
      if (button.dataset.end !== "crlf") find(".options", form).open = true;
    }
    size();
    input().focus();
  });

  upgrade();
  if (!input().disabled) input().focus();
})();
