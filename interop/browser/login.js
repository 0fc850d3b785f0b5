// Stories of logins.
"use strict";
const assert = require("node:assert/strict");
const { ask } = require("./harness.js");
const { plain } = require("./mails.js");
const { guarded, logIn } = require("./steps.js");

const heading = (page) => page.locator("h1").innerText();

// A story, with a script and without one.
const story = (options) => async ({ server, open, deliver }) => {
  await deliver(plain("For Alice", "Only for her eyes."));
  const page = await open(options);
  // Each page leads to the login, and from there back.
  for (const path of ["/", "/sessions", "/play", "/chaos", "/m/latest"]) {
    await page.goto(`${server.origin}${path}`);
    assert.equal(new URL(page.url()).pathname, "/login", path);
    assert.doesNotMatch(await page.content(), /For Alice|Only for her eyes/);
  }
  await logIn(page, "alice", "looking-glass");
  assert.match(await page.locator("[role=alert]").innerText(), /The user is unknown, or the password is wrong/);
  await logIn(page, "mallory", "wonderland");
  assert.match(await page.locator("[role=alert]").innerText(), /The user is unknown, or the password is wrong/);
  assert.deepEqual(await page.context().cookies(), []);

  await logIn(page, "alice", "wonderland");
  assert.equal(new URL(page.url()).pathname, "/m/latest");
  assert.match(await heading(page), /For Alice/);
  assert.match(await page.locator(".user").innerText(), /alice/);
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
  // Other tabs are logged in as well, and forms work.
  const other = await page.context().newPage();
  await other.goto(server.origin);
  assert.equal(await other.locator(".message").count(), 1);
  await page.getByRole("button", { name: "Mark unread" }).click();
  await page.locator(".message.unread").waitFor();

  await page.getByRole("button", { name: "Log out" }).click();
  assert.equal(new URL(page.url()).pathname, "/login");
  assert.deepEqual(await page.context().cookies(), []);
  await other.goto(`${server.origin}/m/latest`);
  assert.equal(new URL(other.url()).pathname, "/login");
  // The cookie is of no use to somebody who has kept it.
  const kept = `Cookie: ${cookie.name}=${cookie.value}\r\n`;
  const answer = await ask(server.web, `GET /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${kept}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 401 /);
};

module.exports = {
  "pages are refused without a login, and a wrong password is told": [guarded, story({})],
  "logins work without a script": [guarded, story({ javaScriptEnabled: false })],

  "programs log in by Basic credentials, and too many guesses end": [guarded, async ({ server }) => {
    const basic = async (user, password) => {
      const credentials = Buffer.from(`${user}:${password}`).toString("base64");
      const answer = await fetch(`${server.origin}/api/v1/messages`, { headers: { Authorization: `Basic ${credentials}` } });
      return answer.status;
    };
    assert.equal((await fetch(`${server.origin}/api/v1/messages`)).status, 401);
    assert.equal((await fetch(`${server.origin}/live`)).status, 200);
    assert.equal(await basic("alice", "wonderland"), 200);
    const guesses = [];
    for (let number = 0; number < 11; number += 1) guesses.push(await basic("alice", `guess ${number}`));
    assert.deepEqual(guesses, [...Array(10).fill(401), 429]);
  }],
};
