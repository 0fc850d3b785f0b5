// Stories of releases. The next hop is the inbox itself, so a released message appears in it again.
"use strict";
const assert = require("node:assert/strict");
const { plain } = require("./mails.js");

const releasing = ({ smtp }) => ["--console-release", `smtp://127.0.0.1:${smtp}?tls=off`, "--console-release-to", "ann@example.com,example.org"];

// A story, with a script and without one.
const story = (options) => async ({ server, open, deliver, until }) => {
  await deliver(plain("Newsletter", "Hello."), { to: ["ann@example.com", "customer@example.net"] });
  const page = await open(options);
  await page.goto(`${server.origin}/m/latest`);
  const menu = page.locator("details.menu", { hasText: "Release" });
  await menu.locator("summary").click();
  // The recipients that are allowed stand there already.
  assert.equal(await page.inputValue("[name=to]"), "ann@example.com");
  assert.match(await menu.innerText(), new RegExp(`127\\.0\\.0\\.1:${server.smtp}[^]*ann@example\\.com, example\\.org`));
  await page.fill("[name=to]", "ann@example.com, bob@example.org");
  await page.press("[name=to]", "Enter");
  await page.locator("[role=status]", { hasText: "for 2 recipients" }).waitFor();
  assert.match(page.url(), /\?released=2$/);
  await until("the message is there again", async () => {
    const list = await (await fetch(`${server.origin}/api/v1/messages`)).json();
    return list.total === 2;
  });
  const again = await (await fetch(`${server.origin}/api/v1/messages/latest`)).json();
  assert.deepEqual(again.envelope, { from: "shop@example.net", to: ["ann@example.com", "bob@example.org"] });

  await menu.locator("summary").click();
  await page.fill("[name=to]", "customer@example.net");
  await page.press("[name=to]", "Enter");
  assert.match(await page.locator("[role=alert]").innerText(), /must not be released to customer@example\.net/);
  // The same form, to try again.
  assert.equal(await page.inputValue("[name=to]"), "customer@example.net");
  await page.getByText("← The message").click();
  assert.match(await page.locator("h1").innerText(), /Newsletter/);
};

module.exports = {
  "a message is released to those who are allowed": [releasing, story({})],
  "a message is released without a script": [releasing, story({ javaScriptEnabled: false })],

  async "without a next hop no page offers a release"({ server, open, deliver }) {
    await deliver(plain("Newsletter", "Hello."));
    const page = await open();
    await page.goto(`${server.origin}/m/latest`);
    await page.locator(".message-page").waitFor();
    assert.doesNotMatch(await page.content(), /[Rr]elease/);
  },
};
