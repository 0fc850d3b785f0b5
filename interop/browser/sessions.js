// Stories of the sessions.
"use strict";
const assert = require("node:assert/strict");
const { connect } = require("./client.js");

const rows = (page) => page.locator("#sessions tr");

module.exports = {
  async "a refused session appears live and is explained"({ server, open, until }) {
    const page = await open();
    await page.goto(`${server.origin}/sessions`);
    await page.locator("#empty").waitFor();
    await page.locator("#live:not(.lost):visible").waitFor();
    const client = await connect(server.smtp);
    await client.say("EHLO shop.example");
    await client.say("RCPT TO:<bob@example.com>");
    await until("the refusal is listed", async () => /1 refused/.test(await rows(page).first().innerText()));
    assert.equal(await page.locator("#empty").count(), 0);
    await page.locator("a.main").first().click();
    const why = page.locator(".refusal");
    assert.match(await why.innerText(), /The command RCPT TO:<bob@example\.com> was refused by the server itself/);
    assert.match(await why.innerText(), /503 5\.5\.1/);
    assert.match(await why.innerText(), /What to do/);
    assert.match(await why.locator("a.clause").first().getAttribute("href"), /^https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d+/);
    await page.locator("#live:not(.lost):visible").waitFor();
    await client.say("MAIL FROM:<alice@shop.example>");
    await until("a later line follows", async () => /MAIL FROM:<alice@shop\.example>/.test(await page.locator("#rows").innerText()));
    await client.say("QUIT");
    await until("the end is told", async () => /quit/.test(await page.locator(".facts").innerText()));
    const lines = await page.locator("#rows .client .line > code").allTextContents();
    assert.deepEqual(lines, ["EHLO shop.example", "RCPT TO:<bob@example.com>", "MAIL FROM:<alice@shop.example>", "QUIT"]);
  },

  async "lines are explained and copied, with keys only"({ server, open, deliver, until }) {
    await deliver(["Subject: one", "", "Hello"]);
    const page = await open({ permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(`${server.origin}/sessions`);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.locator("table.transcript").waitFor();
    assert.equal(await page.locator("details.meaning[open]").count(), 0);
    await page.keyboard.press("e");
    assert.ok(await page.locator("details.meaning[open]").count() > 10);
    assert.match(await page.locator("#rows").innerText(), /Errors about the message go to this address/);
    await page.locator(".copies > summary").focus();
    await page.keyboard.press("Enter");
    const copied = async (name) => {
      await page.getByRole("button", { name: `Copy ${name}`, exact: true }).focus();
      await page.keyboard.press("Enter");
      return until(`${name} is copied`, async () => {
        const text = await page.evaluate(() => navigator.clipboard.readText());
        return text === await page.locator(`#copy-${name.toLowerCase()}`).textContent() && text;
      });
    };
    assert.match(await copied("swaks"), new RegExp(`^swaks --server 127\\.0\\.0\\.1 --port ${server.smtp} --helo client\\.example --from shop@example\\.net --to you@example\\.com$`));
    assert.match(await copied("curl"), /^curl --url smtp:\/\/127\.0\.0\.1:\d+\/client\.example .* --mail-rcpt '<you@example\.com>' --upload-file message\.eml$/);
    assert.match(await copied("Text"), /C: DATA\n/);
  },

  async "a search and no script show the same sessions"({ server, open, deliver }) {
    await deliver(["Subject: one", "", "Hello"]);
    await deliver(["Subject: two", "", "Hello"], { to: ["bob@example.org"] });
    const page = await open({ javaScriptEnabled: false, viewport: { width: 390, height: 800 } });
    await page.goto(`${server.origin}/sessions`);
    assert.equal(await rows(page).count(), 2);
    await page.fill("#q", "bob@example.org");
    await page.press("#q", "Enter");
    assert.equal(await rows(page).count(), 1);
    await page.locator("a.main").first().click();
    assert.match(await page.locator("#rows").innerText(), /RCPT TO:<bob@example\.org>/);
    const isWide = await page.locator("html").evaluate((html) => html.scrollWidth > html.clientWidth);
    assert.equal(isWide, false, "the page scrolls sideways");
    await page.goto(`${server.origin}/sessions?refused=on`);
    assert.equal(await rows(page).count(), 0);
    assert.match(await page.locator("#empty").innerText(), /No session matches/);
    assert.equal((await page.goto(`${server.origin}/sessions/1K1BAS6430W`)).status(), 404);
  },

  async "what clients send does not act in the page"({ server, open }) {
    const page = await open();
    await page.goto(`${server.origin}/sessions`);
    await page.locator("#live:not(.lost):visible").waitFor();
    const client = await connect(server.smtp);
    await client.say("EHLO <img/src=x/onerror=document.title='gone'>");
    await client.say("MAIL FROM:<\"<script>document.title='gone'</script>\"@shop.example>");
    await rows(page).first().waitFor();
    await page.locator("a.main").first().click();
    await page.locator("#rows").getByText("onerror=").first().waitFor();
    assert.match(await page.title(), /^Session /);
    assert.equal(await page.locator("main img, main script").count(), 0);
    client.close();
  },
};
