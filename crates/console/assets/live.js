// Open pages stay up to date: a page follows one stream of events, and what changes leaves its reader alone.
(() => {
  "use strict";
  const { find, all, toast, localTimes } = mailchute;
  const light = find("#live");
  // Milliseconds until a stream that was refused is asked for again.
  const PAUSE = 5000;

  // A request that the server refused or did not answer, with a text for people.
  class Failure extends Error {}

  // Asks for a page. If the login is over, this page goes to the login, which leads back.
  const read = async (address, options = {}) => {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options })
      .catch(() => { throw new Failure("The server does not answer."); });
    if (answer.redirected && new URL(answer.url).pathname === "/login") {
      location.reload();
      await new Promise(() => {});
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) throw new Failure(find("main p", page)?.textContent ?? "That did not work.");
    return page;
  };

  // Runs something that asks the server, and says so if that fails.
  const attempt = async (work) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      toast(error.message);
      return undefined;
    }
  };

  // Returns what runs `work`. Calls while it runs make it run once more.
  const refresher = (work) => {
    let isRunning = false, isStale = false;
    return async () => {
      isStale = true;
      if (isRunning) return;
      isRunning = true;
      try {
        while (isStale) { isStale = false; await attempt(work); }
      } finally {
        isRunning = false;
      }
    };
  };

  // Follows a stream of events. `opened` runs at each connection, for what came before it.
  //
  // Browsers allow six connections to a host, so only a page that is visible holds one.
  const follow = (address, handlers, { opened = () => {}, lamp = light } = {}) => {
    let source = null, timer = null, wasLost = false, isOver = false;
    const show = (isLost) => {
      if (!lamp) return;
      lamp.hidden = false;
      lamp.classList.toggle("lost", isLost);
      lamp.textContent = isLost ? "not connected" : "live";
    };
    const close = () => {
      clearTimeout(timer);
      source?.close();
      source = null;
    };
    const open = () => {
      if (source || isOver || document.hidden) return;
      clearTimeout(timer);
      source = new EventSource(typeof address === "function" ? address() : address);
      source.onopen = () => {
        show(false);
        opened();
        if (lamp && wasLost) toast("Connected again. The page is up to date.");
        wasLost = false;
      };
      source.onerror = () => {
        wasLost = true;
        show(true);
        // Browsers repeat what broke, but not what was refused: by a server that starts, or without a login.
        if (source.readyState !== EventSource.CLOSED) return;
        close();
        timer = setTimeout(open, PAUSE);
        read(location.href, { method: "HEAD" }).catch(() => {});
      };
      const runs = { banners: (event) => take(find("#banners"), JSON.parse(event.data)), ...handlers };
      for (const [name, run] of Object.entries(runs)) source.addEventListener(name, run);
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
    follow.isUsed = true;
    return () => { isOver = true; close(); if (lamp) lamp.hidden = true; };
  };

  // Not `node.id`: a field of a form can be named that.
  const keyOf = (node) => node.getAttribute?.("id") || node.dataset?.id || node.dataset?.key;
  const isSame = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

  // Makes `old` like `fresh`. Nodes that both have stay where they are, so focus, selection and half a click survive. Nodes
  // with an id are the same wherever they stand. The reader decides which details are open.
  const morph = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    const wanted = new Set([...fresh.children].map(keyOf));
    for (const child of [...old.children]) if (keyOf(child) && !wanted.has(keyOf(child))) child.remove();
    const known = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const key = keyOf(child);
      const found = key ? known.get(key) : at && isSame(at, child) && at;
      // What has no id in front of its place is gone.
      while (key && found && at !== found && at && !keyOf(at)) {
        const next = at.nextSibling;
        at.remove();
        at = next;
      }
      if (!found || !isSame(found, child)) {
        if (key) child.classList.add("arrived");
        old.insertBefore(child, at);
        continue;
      }
      if (found === at) at = at.nextSibling; else old.insertBefore(found, at);
      morph(found, child);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  };

  // Makes a part of this page like the same part of another one.
  const renew = (old, fresh) => {
    if (!old || !fresh) return;
    for (const node of all("[data-script]", fresh)) node.hidden = false;
    localTimes(fresh);
    const focused = document.activeElement;
    morph(old, fresh);
    // A node that has moved has lost the focus.
    if (focused !== document.activeElement && old.contains(focused)) focused.focus({ preventScroll: true });
  };

  // Takes the content of a part out of an event.
  const take = (old, html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = old.cloneNode(false);
    fresh.append(template.content);
    renew(old, fresh);
  };

  // Takes over what all pages have. A server that was restarted accepts forms with its new token only.
  const renewPage = (page) => {
    document.title = page.title;
    for (const field of all("input[name=token]")) field.value = page.body.dataset.token;
    renew(find("#banners"), find("#banners", page));
  };

  // Pages without a stream of their own hear when chaos begins and ends.
  const followBanners = () => { if (find("#banners")) follow("/banners", {}, { lamp: null }); };
  document.addEventListener("DOMContentLoaded", () => { if (!follow.isUsed) followBanners(); });

  Object.assign(mailchute, { read, attempt, refresher, follow, renew, take, renewPage, followBanners });
})();
