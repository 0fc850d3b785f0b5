// Stories of all pages: without a script, with keys only, dark, narrow, for screen readers, and under their policy. They make
// the pictures of docs/console, if MAILCHUTE_PICTURES names a directory: run PROGRAM.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const { connect } = require("./client.js");
const { fill } = require("./mails.js");
const { fits, guarded, isLive, logIn, picture } = require("./steps.js");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [["", {}], ["-dark", { colorScheme: "dark" }], ["-narrow", { viewport: { width: 360, height: 740 } }]];
const TABS = ["HTML", "Text", "Source", "Headers", "Parts", "Session", "Checks"];

// States of a page that need no picture.
const STATES = ["inbox-nothing", "logged-in", "login-refused", "release-refused", "session-gone"];

// Messages may go on: into the inbox itself.
const releasing = ({ smtp }) => ["--console-release", `smtp://127.0.0.1:${smtp}?tls=off`, "--console-release-to", "you@example.com,example.org"];

// A session with a refusal, and one that stays open.
const talk = async ({ smtp, origin }, headers) => {
  const chaos = (method, body) => fetch(`${origin}/api/v1/chaos`, { method, body, headers: { ...headers, "Content-Type": "application/json" } });
  await chaos("PUT", JSON.stringify({ rules: [{ stage: "rcpt", to: "full@*", reply: "452 4.2.2 Mailbox full" }] }));
  const client = await connect(smtp);
  await client.say("EHLO shop.example");
  await client.say("MAIL FROM:<shop@shop.example>");
  await client.say("RCPT TO:<full@example.com>");
  await client.say("QUIT");
  await chaos("DELETE");
  const open = await connect(smtp);
  await open.say("EHLO laptop.example");
  return open;
};

// Goes through the pages of a login, and calls `look` at each with a name.
const tourOfLogins = async (page, { server }, look) => {
  await page.goto(server.origin);
  await page.locator("[name=user]").waitFor();
  await look("login");
  await logIn(page, "alice", "looking-glass");
  await page.locator("[role=alert]").waitFor();
  await look("login-refused");
  await logIn(page, "alice", "wonderland");
  await page.locator("#list").waitFor();
  await look("logged-in");
};

// Goes through all other pages.
const tour = async (page, { server, deliver }, look) => {
  await page.goto(server.origin);
  await page.locator(".empty").waitFor();
  await look("inbox-empty");
  await page.goto(`${server.origin}/sessions`);
  await page.locator("#empty").waitFor();
  await look("sessions-empty");
  await fill(deliver);
  const client = await talk(server);
  await page.goto(server.origin);
  await page.locator(".message").first().waitFor();
  await look("inbox");
  await page.goto(`${server.origin}/?q=nothing-like-this`);
  await page.locator(".nothing").waitFor();
  await look("inbox-nothing");
  await page.goto(`${server.origin}/m/latest`);
  for (const tab of TABS) {
    await page.locator(".tabs").getByText(tab).click();
    await page.locator(`.tab[aria-label=${tab}]`).waitFor();
    if (tab === "HTML") await page.frameLocator(".frame iframe").getByText("Thank you, Ada").waitFor();
    await look(tab === "HTML" ? "message" : `message-${tab.toLowerCase()}`);
  }
  await page.locator("details.menu > summary").click();
  await look("release");
  await page.fill("[name=to]", "customer@example.net");
  await page.press("[name=to]", "Enter");
  await page.locator("[role=alert]").waitFor();
  await look("release-refused");
  await page.goto(`${server.origin}/sessions`);
  await look("sessions");
  await page.goto(`${server.origin}/sessions?refused=on`);
  await page.locator("a.main").first().click();
  await page.locator("table.transcript").waitFor();
  await look("session");
  await page.goto(`${server.origin}/sessions/1K1BAS6430W`);
  await look("session-gone");
  await page.goto(`${server.origin}/play`);
  await look("lessons");
  await page.getByRole("button", { name: "Start the lesson: Send a mail" }).click();
  for (const line of ["EHLO laptop.example", "MAIL FROM:<you@laptop.example>", "RCPT TO:<bob@play.example>"]) {
    const rows = await page.locator("#log > li").count();
    await page.fill("#input", line);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(`#log > li:nth-child(${rows + 1})`).waitFor();
  }
  await look("play");
  await page.goto(`${server.origin}/chaos`);
  await page.getByRole("button", { name: "For ten minutes: Mailbox full" }).click();
  await page.locator("#banners .banner").waitFor();
  await look("chaos");
  await page.getByRole("button", { name: "End it now" }).click();
  await page.getByText("No rule: the server works as usual.").waitFor();
  client.close();
};

// Two stories, of all pages. `look` gets a page and its name.
const all = (name, options, look) => {
  const along = (route) => async (story) => {
    const page = await story.open(options);
    await route(page, story, (path) => look(page, path));
  };
  return { [`${name}: logins`]: [guarded, along(tourOfLogins)], [name]: [releasing, along(tour)] };
};

// Presses Tab until an element has the focus.
const tabTo = async (page, locator) => {
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press("Tab");
    if (await locator.evaluate((node) => node === document.activeElement)) return;
  }
  throw new Error(`no Tab leads to ${locator}`);
};

module.exports = {
  ...Object.assign({}, ...LOOKS.map(([look, options]) => all(`pictures${look}: all pages fit`, options, async (page, path) => {
    assert.ok(await fits(page), `${path} is too wide`);
    if (!STATES.includes(path)) await picture(page, path + look);
  }))),

  ...all("all pages work without a script, and fit a telephone", { javaScriptEnabled: false, viewport: { width: 360, height: 740 } }, async (page, path) => {
    assert.ok(await fits(page), `${path} is too wide`);
    assert.equal(await page.locator("[data-script]:visible").count(), 0, path);
  }),

  ...all("screen readers find names, contrast and structure", {}, accessible),
  ...all("screen readers find them in the dark too", { colorScheme: "dark" }, accessible),
  ...all("screen readers find them on a telephone too", { viewport: { width: 360, height: 740 } }, accessible),

  "chaos, logins, releases and sessions need keys only": [(about) => [...guarded(about), ...releasing(about)], async ({ server, open, deliver }) => {
    await fill(deliver);
    const client = await talk(server, { Authorization: `Basic ${btoa("alice:wonderland")}` });
    const page = await open();
    await page.goto(`${server.origin}/chaos`);
    await page.locator("[name=user]:focus").waitFor();
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type("wonderland");
    await page.keyboard.press("Enter");
    await page.waitForURL(/chaos$/);
    await tabTo(page, page.getByRole("button", { name: "For ten minutes: Mailbox full" }));
    await page.keyboard.press("Enter");
    await page.locator("#banners .banner").waitFor();
    await tabTo(page, page.getByRole("button", { name: "End it now" }));
    await page.keyboard.press("Enter");
    await page.getByText("No rule: the server works as usual.").waitFor();
    await page.goto(`${server.origin}/m/latest`);
    await tabTo(page, page.locator("details.menu > summary"));
    await page.keyboard.press("Enter");
    await tabTo(page, page.locator("[name=to]"));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("bob@example.org");
    await page.keyboard.press("Enter");
    await page.locator("[role=status]", { hasText: "for 1 recipient" }).waitFor();
    await page.goto(`${server.origin}/sessions?refused=on`);
    await tabTo(page, page.locator("a.main"));
    await page.keyboard.press("Enter");
    await page.locator(".refusal").waitFor();
    await tabTo(page, page.locator(".jump a").first());
    await page.keyboard.press("Enter");
    await page.waitForURL(/#r\d+$/);
    client.close();
  }],

  async "what the policy forbids is a fault"({ server, open, faults, until }) {
    const page = await open();
    await page.goto(server.origin);
    await isLive(page);
    await page.evaluate(() => document.querySelector("main").setAttribute("style", "color: red"));
    await until("the fault is told", () => faults.length === 1);
    assert.deepEqual(faults.splice(0), ["the policy forbids: style-src-attr of inline"]);
  },
};

// Looks for what keeps people from using a page, with the rules of axe-core. The mail in its frame is not ours.
async function accessible(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { iframes: false, resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = grave.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
  assert.equal(told.join("\n"), "", name);
}
