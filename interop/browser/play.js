// Stories of the playground and of chaos.
"use strict";
const assert = require("node:assert/strict");
const net = require("node:net");
const { fits, picture } = require("./steps.js");

// Lines that pass the lesson "Send a mail".
const SEND = [
  "EHLO laptop.example", "MAIL FROM:<you@laptop.example>", "RCPT TO:<bob@play.example>", "DATA",
  "Subject: Hello\n\nHello Bob\n.", "QUIT",
];
const begin = async (page, server, lesson) => {
  await page.goto(`${server.origin}/play`);
  await page.getByRole("button", { name: `Start the lesson: ${lesson}` }).click();
  await page.waitForURL(/\/play\/[0-9a-f]{32}/);
};

// Does something that the server answers, and waits for the answer in the page.
const answered = async (page, act) => {
  const rows = await page.locator("#log > li").count();
  await act();
  await page.waitForFunction((count) => document.querySelectorAll("#log > li").length > count, rows);
};

// Types a line as a person does.
const type = (page, text) => answered(page, async () => {
  for (const [index, line] of text.split("\n").entries()) {
    if (index) await page.keyboard.press("Shift+Enter");
    await page.keyboard.type(line);
  }
  await page.keyboard.press("Enter");
});

// A mail client on a socket: sends a line after each reply, and returns all that the server said.
const talk = (port, lines) => new Promise((resolve, reject) => {
  const [socket, left] = [net.connect(port, "127.0.0.1"), [...lines]];
  let said = "";
  socket.setEncoding("utf8").on("error", reject).on("end", () => resolve(said)).on("data", (text) => {
    said += text;
    if (/^\d{3} [^\n]*\n$/.test(said.slice(said.lastIndexOf("\n", said.length - 2) + 1)) && left.length) {
      socket.write(`${left.shift()}\r\n`);
    }
  });
});

module.exports = {
  async "a lesson is passed by typing, and the list remembers it"({ server, open }) {
    const page = await open();
    await begin(page, server, "Send a mail");
    assert.equal(await page.evaluate(() => document.activeElement.id), "input");
    for (const line of SEND) {
      await type(page, line);
    }
    await page.getByText("You have passed this lesson.").waitFor();
    assert.match(await page.locator(".state .mail").innerText(), /Mail for bob@play\.example/);
    await page.getByRole("link", { name: "Choose the next one" }).click();
    await page.locator("#send [data-done]:visible").waitFor();
  },

  async "a line is explained where it stands"({ server, open }) {
    const page = await open();
    await begin(page, server, "Send a mail");
    await type(page, "EHLO laptop.example");
    const row = page.locator("#log > li", { hasText: "250-PIPELINING" });
    await row.locator("summary").click();
    await row.getByRole("link", { name: /RFC 2920/ }).waitFor();
    await page.locator(".verbs button", { hasText: "MAIL" }).click();
    assert.equal(await page.inputValue("#input"), "MAIL FROM:<");
  },

  async "STARTTLS makes a real handshake, and arrows bring lines back"({ server, open }) {
    const page = await open();
    await begin(page, server, "What STARTTLS protects");
    for (const line of ["EHLO laptop.example", "STARTTLS", "MAIL FROM:<you@laptop.example>"]) await type(page, line);
    assert.match(await page.locator("#log .wire").innerText(), /On the wire: 17 03 03 /);
    await page.getByText("inside TLSv1.3").waitFor();
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.inputValue("#input"), "MAIL FROM:<you@laptop.example>");
    await page.fill("#input", "");
    await type(page, "EHLO laptop.example");
    await page.locator("#lesson[data-passed]").waitFor();
    await picture(page, "starttls");
  },

  async "two servers read smuggled bytes in two ways"({ server, open }) {
    const page = await open();
    await begin(page, server, "Why a bare LF is refused");
    for (let step = 0; step < 2; step += 1) {
      await page.getByText("Hint", { exact: true }).click();
      await page.getByRole("button", { name: "Put it into the input" }).click();
      await answered(page, () => page.keyboard.press("Enter"));
    }
    await page.getByText("0 messages kept").waitFor();
    await page.getByText("2 messages kept").waitFor();
    await page.locator(".readings").scrollIntoViewIfNeeded();
    await picture(page, "readings");
  },

  async "a step is passed with the keyboard alone"({ server, open }) {
    const page = await open();
    await page.goto(`${server.origin}/play`);
    const name = "Start the lesson: What EHLO announces";
    for (let n = 0; n < 40 && (await page.evaluate(() => document.activeElement.ariaLabel)) !== name; n += 1) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/play\/[0-9a-f]{32}/);
    await type(page, "HELO laptop.example");
    await page.getByText("✓ step 1").waitFor();
  },

  async "a lesson is passed without a script"({ server, open }) {
    const page = await open({ javaScriptEnabled: false });
    await begin(page, server, "Send a mail");
    for (const line of SEND) {
      await page.fill("#input", line);
      await page.getByRole("button", { name: "Send", exact: true }).click();
    }
    await page.getByText("You have passed this lesson.").waitFor();
  },

  async "chaos from the page answers a real client"({ server, open }) {
    const page = await open();
    await page.goto(`${server.origin}/chaos`);
    await page.getByRole("button", { name: "For ten minutes: Mailbox full" }).click();
    await page.getByText("Chaos is active").waitFor();
    const said = await talk(server.smtp, ["EHLO c", "MAIL FROM:<a@c.example>", "RCPT TO:<full@d.example>", "QUIT"]);
    assert.match(said, /\r\n452 4\.2\.2 Mailbox full\r\n/);
    await page.reload();
    assert.equal(await page.locator(".chaos td").last().innerText(), "1");
    await page.goto(`${server.origin}/play`);
    await page.getByText("Chaos is active").waitFor();
    await page.goto(`${server.origin}/chaos`);
    await page.getByRole("button", { name: "End it now" }).click();
    await page.getByText("No rule: the server works as usual.").waitFor();
    assert.equal(await page.getByText("Chaos is active").count(), 0);
  },

  async "both pages fit the dark and the narrow"({ server, open }) {
    for (const [name, options] of [["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 390, height: 844 } }]]) {
      const page = await open(options);
      await begin(page, server, "Send a mail");
      for (const line of SEND.slice(0, 3)) await type(page, line);
      assert.ok(await fits(page), `${name}: /play`);
      await page.goto(`${server.origin}/chaos`);
      assert.ok(await fits(page), `${name}: /chaos`);
    }
  },
};
