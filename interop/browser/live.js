// Stories of pages that stay open: what comes meanwhile, what breaks, and what the reader is doing.
"use strict";
const assert = require("node:assert/strict");
const { connect } = require("./client.js");
const { plain } = require("./mails.js");
const { guarded, has, isLive, logIn, rows, subjects } = require("./steps.js");

const press = (page, name) => page.locator("#messages").getByText(name, { exact: true }).click();
const count = (server) => fetch(`${server.origin}/api/v1/messages`).then((answer) => answer.json()).then((list) => list.total);

// Tells a page that the reader looks at another tab, or back at it.
const look = (page, isHidden) => page.evaluate((hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, isHidden);

// Refuses a stream as a proxy without its server does, until it is told to stop.
const refusing = async (page, stream) => {
  const refuse = { isOver: false };
  await page.route((url) => url.pathname === stream, (route) =>
    (refuse.isOver ? route.continue() : route.fulfill({ status: 502, body: "Bad gateway" })));
  return refuse;
};

// Puts a mark on an element, and returns whether the page still has that very element.
const mark = (locator) => locator.evaluate((node) => { node.isTheSame = true; });
const stays = (locator) => locator.evaluate((node) => node.isTheSame === true);

module.exports = {
  async "each note restores its own deletion"({ server, open, deliver, until }) {
    for (const name of ["One", "Two", "Three"]) await deliver(plain(name, "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    for (const name of ["Three", "Two"]) {
      await rows(page).filter({ hasText: name }).locator("input").check();
      await press(page, "Delete");
      await until("the note is there", async () => await page.locator(".toast button").count() === (name === "Three" ? 1 : 2));
    }
    await has(page, ["One"], until);
    await page.locator(".toast button").first().click();
    await has(page, ["Three", "One"], until);
    await page.keyboard.press("u");
    await has(page, ["Three", "Two", "One"], until);
  },

  async "a deletion that cannot be undone is not called restored"({ server, open, deliver }) {
    await deliver(plain("One", "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await page.route("**/undo", (route) => route.fulfill({ status: 422, contentType: "text/html", body: "<main><p>It is too late.</p></main>" }));
    await rows(page).locator("input").check();
    await press(page, "Delete");
    await page.locator(".toast button").click();
    await page.locator(".toast", { hasText: "It is too late." }).waitFor();
    assert.equal(await page.locator(".toast", { hasText: "Restored" }).count(), 0);
  },

  async "two deletions before the first answer remove two messages"({ server, open, deliver, until }) {
    for (const name of ["One", "Two", "Three"]) await deliver(plain(name, "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    // The first answer waits for the second request.
    const waiting = [];
    await page.route("**/messages", (route) => {
      waiting.push(route);
      if (waiting.length === 2) for (const one of waiting) one.continue();
    });
    await page.keyboard.press("j");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Delete");
    await has(page, ["One"], until);
    assert.equal(await count(server), 1);
  },

  async "a stream that was refused is asked for again"({ server, open, deliver, until }) {
    const page = await open();
    const refuse = await refusing(page, "/changes");
    await page.goto(server.origin);
    await page.locator("#live.lost").waitFor();
    refuse.isOver = true;
    await isLive(page);
    await deliver(plain("After", "x"));
    await has(page, ["After"], until);
  },

  async "the list of sessions connects again too"({ server, open }) {
    const page = await open();
    const refuse = await refusing(page, "/sessions/events");
    await page.goto(`${server.origin}/sessions`);
    await page.locator("#live.lost").waitFor();
    refuse.isOver = true;
    await isLive(page);
  },

  "a click after the login has ended leads to the login, and back": [guarded, async ({ server, open, deliver, until }) => {
    await deliver(plain("One", "x"));
    const page = await open();
    await page.goto(`${server.origin}/?q=one`);
    await logIn(page, "alice", "wonderland");
    await has(page, ["One"], until);
    await isLive(page);
    await page.context().clearCookies();
    await rows(page).locator("input").check();
    await press(page, "Delete");
    await page.waitForURL(/\/login\?next=/);
    await logIn(page, "alice", "wonderland");
    await has(page, ["One"], until);
    assert.equal(new URL(page.url()).search, "?q=one");
  }],

  "a stream after the login has ended leads to the login": [guarded, async ({ server, open }) => {
    const page = await open();
    await page.goto(`${server.origin}/sessions`);
    await logIn(page, "alice", "wonderland");
    await isLive(page);
    await page.context().clearCookies();
    await look(page, true);
    await look(page, false);
    await page.waitForURL(/\/login\?next=/);
  }],

  "a form after the login has ended leads back without a script": [guarded, async ({ server, open, deliver }) => {
    await deliver(plain("One", "x"));
    const page = await open({ javaScriptEnabled: false });
    await page.goto(server.origin);
    await logIn(page, "alice", "wonderland");
    await rows(page).locator("input").check();
    await page.context().clearCookies();
    await press(page, "Delete");
    await logIn(page, "alice", "wonderland");
    assert.equal(await rows(page).count(), 1);
    assert.equal((await page.goto(`${server.origin}/undo`)).status(), 200);
  }],

  async "a failing server is named, and nothing breaks"({ server, open, deliver }) {
    await deliver(plain("One", "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await page.route(`${server.origin}/`, (route) => route.fulfill({ status: 503, contentType: "text/html", body: "<main><p>The mailbox cannot answer.</p></main>" }));
    await deliver(plain("Two", "x"));
    await page.locator(".toast", { hasText: "The mailbox cannot answer." }).first().waitFor();
    assert.deepEqual(await subjects(page), ["One"]);
  },

  async "hidden tabs leave the connections to others"({ server, open, deliver, until }) {
    const first = await open();
    await first.goto(server.origin);
    await isLive(first);
    await look(first, true);
    for (let number = 0; number < 7; number += 1) {
      const page = await first.context().newPage();
      await page.goto(`${server.origin}${number % 2 ? "/" : "/sessions"}`);
      await isLive(page);
      await look(page, true);
    }
    await deliver(plain("Meanwhile", "x"));
    await look(first, false);
    await has(first, ["Meanwhile"], until);
    await deliver(plain("Now", "x"));
    await has(first, ["Now", "Meanwhile"], until);
  },

  async "forms know the token of a server that was restarted"({ server, open, deliver, until }) {
    for (const name of ["One", "Two"]) await deliver(plain(name, "x"));
    const page = await open();
    for (const path of ["/", "/m/latest"]) {
      await page.goto(server.origin + path);
      await isLive(page);
      const tokens = () => page.locator("input[name=token]").evaluateAll((fields) => fields.map((field) => field.value));
      const known = await tokens();
      await page.locator("input[name=token]").evaluateAll((fields) => { for (const field of fields) field.value = "of the last server"; });
      await look(page, true);
      await look(page, false);
      await until("the tokens are new", async () => JSON.stringify(await tokens()) === JSON.stringify(known));
    }
  },

  async "a page from the history is up to date"({ server, open, deliver, until }) {
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
    await deliver(plain("Meanwhile", "x"));
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await has(page, ["Meanwhile"], until);
  },

  async "new mail leaves the reader where he is"({ server, open, deliver, until }) {
    const to = (name) => ({ to: [`${name}@example.com`] });
    for (let number = 0; number < 14; number += 1) await deliver(plain(`Mail ${number}`, "x"), to(`user${String(number).padStart(2, "0")}`));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    const more = page.locator("#groups details details > summary");
    await more.click();
    const places = [
      rows(page).filter({ hasText: "Mail 3" }).locator("input"),
      page.locator("#messages").getByText("Mark read", { exact: true }),
      page.locator("#all > summary"),
      page.locator("#groups").getByText("user05@example.com"),
      more,
    ];
    for (const [number, place] of places.entries()) {
      const target = number === 3 ? page.locator("#groups a", { hasText: "user05@example.com" }) : place;
      await target.focus();
      await mark(target);
      await mark(page.locator("#count"));
      await deliver(plain(`Later ${number}`, "x"), to("user05"));
      await until("the message is listed", async () => (await subjects(page))?.[0] === `Later ${number}`);
      assert.ok(await stays(target), `place ${number} was replaced`);
      assert.ok(await target.evaluate((node) => node === document.activeElement), `place ${number} has lost the focus`);
      assert.ok(await stays(page.locator("#count")), "the count is another region");
      assert.equal(await page.locator("#groups details details[open]").count(), 1);
    }
    assert.match(await page.locator("#count").innerText(), /^19 messages, 19 unread$/);
    assert.match(await page.locator("#groups").innerText(), /user05@example\.com\s*6\s*unread/);
  },

  async "a click that began before new mail came counts"({ server, open, deliver, until }) {
    await deliver(plain("One", "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await rows(page).locator("input").check();
    await page.locator("#messages").getByText("Delete", { exact: true }).hover();
    await page.mouse.down();
    await deliver(plain("Two", "x"));
    await has(page, ["Two", "One"], until);
    assert.equal(await rows(page).nth(1).locator("input").isChecked(), true);
    await page.mouse.up();
    await has(page, ["Two"], until);
  },

  async "the reader of a deleted row goes on with the next"({ server, open, deliver, until }) {
    for (const name of ["One", "Two", "Three"]) await deliver(plain(name, "x"));
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await rows(page).nth(1).locator(".subject").focus();
    const id = await rows(page).nth(1).getAttribute("data-id");
    await fetch(`${server.origin}/api/v1/messages`, { method: "DELETE", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ IDs: [id] }) });
    await has(page, ["Three", "One"], until);
    await until("the focus is there", () => page.evaluate(() => document.activeElement.textContent.trim() === "One"));
  },

  async "chaos is told on pages that are open, and its end"({ server, open }) {
    const context = (await open()).context();
    const pages = [];
    for (const path of ["/", "/sessions", "/play"]) {
      const page = await context.newPage();
      await page.goto(server.origin + path);
      pages.push(page);
    }
    const chaos = (method, body) => fetch(`${server.origin}/api/v1/chaos`, { method, headers: { "Content-Type": "application/json" }, body });
    await chaos("PUT", JSON.stringify({ seconds: 600, rules: [{ stage: "rcpt", reply: "452 4.2.2 Mailbox full" }] }));
    for (const page of pages) await page.locator("#banners", { hasText: "Chaos is active" }).waitFor();
    await chaos("DELETE");
    for (const page of pages) await page.locator("#banners .banner").waitFor({ state: "detached" });
  },

  async "the list of open sessions drops those that end"({ server, open, until }) {
    const [first, second] = [await connect(server.smtp), await connect(server.smtp)];
    await first.say("EHLO first.example");
    await second.say("EHLO second.example");
    const page = await open();
    await page.goto(`${server.origin}/sessions?q=is:open`);
    await isLive(page);
    await page.locator("#sessions a.main").nth(1).focus();
    const helos = () => page.locator("#sessions th .sub").allTextContents();
    assert.deepEqual(await helos(), ["second.example", "first.example"]);
    await second.say("QUIT");
    await until("the second is gone", async () => JSON.stringify(await helos()) === '["first.example"]');
    assert.ok(await page.locator("#sessions a.main").evaluate((link) => link === document.activeElement));
    await first.say("QUIT");
    await page.locator("#empty:visible").waitFor();
  },

  async "an older session that begins to match has its place in the list"({ server, open, until }) {
    const [first, second] = [await connect(server.smtp), await connect(server.smtp)];
    await first.say("EHLO first.example");
    await second.say("EHLO second.example");
    const page = await open();
    await page.goto(`${server.origin}/sessions?refused=on`);
    await isLive(page);
    const helos = () => page.locator("#sessions th .sub").allTextContents();
    for (const client of [second, first]) await client.say("RCPT TO:<bob@example.com>");
    await until("both are listed", async () => (await helos()).length === 2);
    assert.deepEqual(await helos(), ["second.example", "first.example"]);
    for (const client of [first, second]) client.close();
  },

  "connections that were turned away are told": [() => ["--limit", "connections-per-client=1"], async ({ server, open }) => {
    const client = await connect(server.smtp);
    const page = await open();
    await page.goto(`${server.origin}/sessions`);
    await isLive(page);
    await connect(server.smtp).catch(() => {});
    await page.locator("#notes", { hasText: "1 connection was turned away" }).waitFor();
    client.close();
  }],

  async "an open session follows while it is looked at"({ server, open, until }) {
    const client = await connect(server.smtp);
    await client.say("EHLO first.example");
    const page = await open();
    await page.goto(`${server.origin}/sessions`);
    await page.locator("a.main").click();
    await isLive(page);
    await look(page, true);
    await client.say("NOOP hidden");
    await look(page, false);
    await client.say("QUIT");
    await until("all lines are there", async () => /QUIT/.test(await page.locator("#rows").innerText()));
    const lines = await page.locator("#rows .client .line > code").allTextContents();
    assert.deepEqual(lines, ["EHLO first.example", "NOOP hidden", "QUIT"]);
  },

  async "after a deletion the page shows the next older message"({ server, open, deliver, until }) {
    for (const name of ["One", "Two", "Three"]) await deliver(plain(name, "x"));
    for (const options of [{}, { javaScriptEnabled: false }]) {
      const page = await open(options);
      await page.goto(`${server.origin}/m/latest`);
      await page.getByText("Older", { exact: true }).click();
      await page.locator("h1", { hasText: "Two" }).waitFor();
      await page.locator("#delete").getByText("Delete").click();
      await page.locator("h1", { hasText: "One" }).waitFor();
      assert.match(await page.locator("form.undone").innerText(), /1 message deleted/);
      await page.locator("form.undone button").click();
      await page.locator("h1", { hasText: "Two" }).waitFor();
      assert.equal(await count(server), 3);
    }
    const page = await open();
    await page.goto(`${server.origin}/?q=two`);
    await rows(page).locator(".subject").click();
    await page.locator("h1", { hasText: "Two" }).waitFor();
    await page.keyboard.press("Delete");
    await has(page, [], until);
    await page.locator("form.undone button").click();
    await has(page, ["Two"], until);
  },

  async "the page of a message says what comes"({ server, open, deliver, until }) {
    await deliver(plain("One", "x"));
    const page = await open();
    await page.goto(`${server.origin}/m/latest`);
    await isLive(page);
    assert.match(await page.title(), /^One /);
    assert.equal(await page.locator("a[rel=prev]").count(), 0);
    await page.locator("#back").focus();
    await deliver(plain("Two", "x"));
    await until("the title counts", async () => (await page.title()).startsWith("(1) One"));
    assert.ok(await page.locator("#back").evaluate((link) => link === document.activeElement));
    await page.keyboard.press("k");
    await page.locator("h1", { hasText: "Two" }).waitFor();
    assert.match(await page.title(), /^Two /);
  },
};
