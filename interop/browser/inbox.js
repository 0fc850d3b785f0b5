// Stories of the inbox and of a message.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const { ask, counter } = require("./harness.js");
const { plain, rich, hostile } = require("./mails.js");
const { fits, has, rows } = require("./steps.js");

module.exports = {
  async "an empty inbox says where to send, and shows what arrives"({ server, open, deliver, until }) {
    const page = await open();
    await page.goto(server.origin);
    assert.match(await page.locator(".empty").innerText(), new RegExp(`127\\.0\\.0\\.1:${server.smtp}`));
    await page.locator("#live:not(.lost):visible").waitFor();
    await deliver(plain("First", "Hello."));
    await has(page, ["First"], until);
    await deliver(plain("Second", "Hello again."));
    await has(page, ["Second", "First"], until);
    assert.equal(await page.locator(".message.unread").count(), 2);
    await until("the title counts", async () => (await page.title()).startsWith("(2) Inbox"));
    await page.getByText("First", { exact: true }).click();
    await page.locator(".message-page").waitFor();
    assert.match(await page.locator("pre.text").innerText(), /Hello\./);
    await page.goto(server.origin);
    assert.equal(await page.locator(".message.unread").count(), 1);
  },

  async "a search finds, keeps up, and explains itself"({ server, open, deliver, until }) {
    await deliver(plain("Invoice May", "Pay"));
    await deliver(plain("Lunch", "Soup"), { to: ["bob@example.org"] });
    const page = await open();
    await page.goto(server.origin);
    await page.fill("#search", "invoice");
    await page.press("#search", "Enter");
    await has(page, ["Invoice May"], until);
    await page.locator("#live:visible").waitFor();
    await deliver(plain("Invoice June", "Pay"));
    await deliver(plain("Dinner", "Stew"));
    await has(page, ["Invoice June", "Invoice May"], until);
    await page.goto(`${server.origin}/?q=before:never`);
    assert.match(await page.locator(".error").innerText(), /before:/);
    await page.goto(server.origin);
    await page.locator("#groups").getByText("bob@example.org").click();
    await has(page, ["Lunch"], until);
  },

  async "a message shows its HTML, own images, attachments and the rest"({ server, open, deliver, until }) {
    const web = await counter();
    await deliver(rich(web.url));
    const page = await open();
    await page.goto(server.origin);
    await rows(page).first().locator(".subject").click();
    const frame = page.frameLocator(".frame iframe");
    await frame.getByText("Thank you, Ada").waitFor();
    await until("the own image is painted", () => frame.locator("#own").evaluate((image) => image.naturalWidth === 10).catch(() => false));
    assert.deepEqual(web.asked, []);
    assert.match(await page.locator(".codes").innerText(), /482913/);
    assert.match(await page.locator(".links").innerText(), /https:\/\/shop\.example\.net\/confirm\?token=abc123/);
    await page.getByText("Load images").click();
    await until("the image is loaded", () => web.asked.includes("/remote.png"));
    assert.deepEqual(web.asked, ["/remote.png"]);
    await page.locator("label", { hasText: "Phone" }).click();
    assert.equal(Math.round((await page.locator(".frame iframe").boundingBox()).width), 375);
    await page.locator(".tabs").getByText("Parts").click();
    assert.match(await page.locator(".parts").innerText(), /invoice\.csv/);
    await until("the picture is shown", () => page.locator(".picture").evaluate((image) => image.naturalWidth === 10));
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".parts li", { hasText: "invoice.csv" }).getByText("Download").click()]);
    assert.match(fs.readFileSync(await download.path(), "utf8"), /^item,price\r?\ntea,4\.20/);
    await page.locator(".tabs").getByText("Headers").click();
    assert.match(await page.locator("table.headers").innerText(), /Message-ID/i);
    await page.locator(".tabs").getByText("Source").click();
    assert.ok(await page.locator(".eol").count() > 10);
    await page.locator(".tabs").getByText("Checks").click();
    await page.locator(".tab[aria-label=Checks]").waitFor();
    web.stop();
  },

  async "a deletion can be undone, and then not"({ server, open, deliver, until }) {
    for (const name of ["One", "Threefold", "Three"]) await deliver(plain(name, "x"));
    const page = await open();
    await page.goto(server.origin);
    await page.locator("#live:visible").waitFor();
    await rows(page).nth(1).locator("input").check();
    await page.locator("#messages").getByText("Delete", { exact: true }).click();
    await has(page, ["Three", "One"], until);
    await page.locator(".toast").getByText("Undo").click();
    await has(page, ["Three", "Threefold", "One"], until);
    await page.goto(`${server.origin}/?q=subject:three`);
    await page.locator(".menu summary").click();
    await page.getByText("Delete all 2").click();
    await has(page, [], until);
    await page.goto(server.origin);
    await has(page, ["One"], until);
    await until("the files are gone", () => fs.readdirSync(`${server.folder}/mail/cur`).concat(fs.readdirSync(`${server.folder}/mail/new`)).length === 1, 20);
  },

  async "the keyboard is enough"({ server, open, deliver, until }) {
    for (const name of ["One", "Two", "Three"]) await deliver(plain(name, "x"));
    const page = await open();
    await page.goto(server.origin);
    await page.locator("#live:visible").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.locator("h1", { hasText: "Two" }).waitFor();
    await page.keyboard.press("j");
    await page.locator("h1", { hasText: "One" }).waitFor();
    await page.keyboard.press("u");
    await has(page, ["Three", "Two", "One"], until);
    await page.locator("#live:visible").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Delete");
    await has(page, ["Two", "One"], until);
    await page.keyboard.press("u");
    await has(page, ["Three", "Two", "One"], until);
    await page.keyboard.press("?");
    assert.match(await page.locator("dialog").innerText(), /Next message/);
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("two");
    await page.keyboard.press("Enter");
    await has(page, ["Two"], until);
  },

  async "everything works without a script"({ server, open, deliver, until }) {
    const page = await open({ javaScriptEnabled: false });
    await page.goto(server.origin);
    assert.match(await page.locator(".empty").innerText(), /swaks/);
    for (const name of ["One", "Two"]) await deliver(plain(name, "Some text."));
    await page.goto(server.origin);
    await has(page, ["Two", "One"], until);
    await page.fill("#search", "one");
    await page.getByRole("button", { name: "Search" }).click();
    await has(page, ["One"], until);
    await rows(page).locator(".subject").click();
    await page.locator(".tabs").getByText("Source").click();
    assert.match(await page.locator("pre.source").innerText(), /Subject: One/);
    await page.locator("#delete").getByText("Delete").click();
    await page.locator(".undone").getByText("Undo").click();
    await has(page, ["One"], until);
    await page.goto(server.origin);
    await page.locator(".message", { hasText: "Two" }).locator("input").check();
    await page.locator("#messages").getByText("Delete", { exact: true }).click();
    await has(page, ["One"], until);
  },

  async "a narrow screen shows all, and nothing sideways"({ server, open, deliver }) {
    const web = await counter();
    await deliver(plain(`A subject that is so long that no telephone shows all of it ${"x".repeat(80)}`, "y".repeat(500)));
    await deliver(rich(web.url));
    const page = await open({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    for (const path of ["/", "/m"]) {
      if (path === "/") await page.goto(server.origin);
      else await rows(page).first().locator(".subject").click();
      await page.locator("main").waitFor();
      assert.ok(await fits(page), path);
    }
    web.stop();
  },

  async "a hostile message loads nothing and runs nothing"({ server, open, deliver, until }) {
    const web = await counter();
    await deliver(hostile(web.url));
    const page = await open();
    const popups = [];
    page.on("popup", (popup) => popups.push(popup.url()));
    await page.addInitScript(() => addEventListener("message", () => { document.documentElement.dataset.ran = "yes"; }));
    await page.goto(server.origin);
    await rows(page).first().locator(".subject").click();
    const address = page.url();
    const frame = page.frameLocator(".frame iframe");
    await frame.locator("#send").waitFor();
    await frame.locator("#send").click();
    await frame.locator("#js").click();
    // What would be loaded, or run, has had the time of a whole second page.
    await page.goto(address);
    await page.frameLocator(".frame iframe").locator("#send").waitFor();
    await page.waitForLoadState("networkidle");
    assert.deepEqual(web.asked, []);
    assert.equal(page.url(), address);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.ran), undefined);
    await page.getByText("Load images").click();
    await until("the image is loaded", () => web.asked.includes("/image"));
    await page.waitForLoadState("networkidle");
    const images = ["/image", "/srcset", "/picture", "/svg-image", "/background", "/list", "/body", "/table", "/cell", "/border", "/cursor", "/content", "/input", "/poster", "/base/x", "/preload", "/use", "/x", "/srcdoc-image"];
    assert.deepEqual(web.asked.filter((path) => !images.includes(path)), []);
    web.stop();
  },

  async "pages of other sites cannot read or change anything"({ server, open, deliver, until }) {
    await deliver(plain("Secret", "x"));
    const page = await open();
    await page.goto(server.origin);
    const message = await rows(page).first().getAttribute("data-id");
    // Another port is another origin, and another name another site.
    const evil = require("node:http").createServer((request, response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end(`<form method=post action="${server.origin}/messages"><input name=action value=delete-all><input name=token value=x><button>go</button></form>
        <form id=json method=post enctype="text/plain" action="${server.origin}/messages"><input name='{"a' value='"}'><button id=plain>go</button></form><a href="${server.origin}/m/${message}">a message</a>`);
    });
    await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
    const foreign = `http://127.0.0.1:${evil.address().port}/`;
    await page.goto(foreign);
    const read = await page.evaluate((origin) => Promise.all(["/", "/api/v1/messages", "/%61pi/v1/messages", "//", "/style.css"].map((path) =>
      fetch(origin + path, { mode: "no-cors" }).then((answer) => answer.type, () => "refused"))), server.origin);
    assert.ok(read.every((type) => type === "refused" || type === "opaque"), JSON.stringify(read));
    const readable = await page.evaluate((origin) => fetch(`${origin}/`).then(() => "read", () => "refused"), server.origin);
    assert.equal(readable, "refused");
    for (const button of ["button", "#plain"]) {
      await page.goto(foreign);
      const [answer] = await Promise.all([page.waitForResponse((one) => one.url().endsWith("/messages")), page.locator(button).first().click()]);
      assert.equal(answer.status(), 403);
    }
    await page.goto(foreign);
    await page.getByText("a message").click();
    await page.getByText("Open the page").click();
    await page.locator("h1", { hasText: "Secret" }).waitFor();
    for (const path of ["/", "/%2f", "//", "/m/..%2f..%2f", "/api/v1/%6dessages"]) {
      const answer = await ask(server.web, `GET ${path} HTTP/1.1\r\nHost: rebound.example:${server.web}\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 403 /, path);
    }
    await page.goto(server.origin);
    await has(page, ["Secret"], until);
    evil.close();
  },
};
