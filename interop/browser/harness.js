// The program, the browser and a mail client, for the stories.
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

const CHROMIUM = process.env.MAILCHUTE_CHROMIUM ?? "/usr/bin/chromium";
// Root has no sandbox, and nothing may ask hosts of the browser's maker.
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

// Milliseconds for one step. Only a step that fails takes so long, and a busy machine may stand still for a while.
const PATIENCE = 60000;

const freePort = () => new Promise((resolve, reject) => {
  const server = net.createServer().on("error", reject);
  server.listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => resolve(port)); });
});

// Waits until `look` returns something, and returns that.
const until = async (what, look, seconds = 20) => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

// Sends literal bytes, and returns the whole answer.
const ask = (port, bytes) => new Promise((resolve, reject) => {
  const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
  let answer = "";
  socket.on("data", (data) => { answer += data.toString("latin1"); }).on("end", () => resolve(answer)).on("error", reject);
});

// Starts the program with an empty Maildir. `flags` returns more flags.
const start = async (program, flags = () => []) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "mailchute-browser-"));
  const [smtp, web] = [await freePort(), await freePort()];
  const child = spawn(program, ["inbox", "--listen", `127.0.0.1:${smtp}`, "--http", `127.0.0.1:${web}`,
    "--store", `maildir:${folder}/mail`, ...flags({ program, folder, smtp })], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => { said += data; });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until("the program serves", async () => {
      if (child.exitCode !== null) throw new Error(`the program ended: ${said}`);
      return fetch(`http://127.0.0.1:${web}/live`).then((answer) => answer.ok, () => false);
    });
  } catch (error) { await stop(); throw error; }
  return { smtp, web, origin: `http://localhost:${web}`, folder, stop };
};

// Sends a message as its lines are. The reply at the end must be a 250.
const deliver = (port, lines, { from = "shop@example.net", to = ["you@example.com"] } = {}) => new Promise((resolve, reject) => {
  const body = lines.map((line) => (line.startsWith(".") ? `.${line}` : line)).join("\r\n");
  const steps = [`EHLO client.example`, `MAIL FROM:<${from}>`, ...to.map((one) => `RCPT TO:<${one}>`), "DATA", `${body}\r\n.`, "QUIT"];
  const socket = net.connect(port, "127.0.0.1");
  let pending = "";
  socket.on("error", reject).on("data", (data) => {
    pending += data;
    if (!/^\d{3} [^\n]*\n$/m.test(pending.slice(pending.lastIndexOf("\n", pending.length - 2) + 1))) return;
    const reply = pending;
    pending = "";
    if (/^[45]/.test(reply)) { socket.destroy(); reject(new Error(reply)); return; }
    const step = steps.shift();
    if (step) socket.write(`${step}\r\n`); else resolve();
  }).on("close", () => (steps.length ? reject(new Error(`closed before ${steps[0]}`)) : resolve()));
});

// A web server that counts what browsers ask it for.
const counter = async () => {
  const asked = [];
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const server = http.createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "Content-Type": "image/png", "Access-Control-Allow-Origin": "*" }).end(pixel);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { asked, url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
};

// Returns what a page shows when its story fails.
const shown = async (page) => {
  const text = await page.locator("body").innerText({ timeout: 5000 }).catch((error) => error.message);
  const focus = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200)).catch((error) => error.message);
  return `--- ${page.url()}\nfocus: ${focus}\n${text}\n---`;
};

// Runs the stories of a file, each with a page of its own. Errors of scripts, and violations of the policy, are faults. A story with flags
// of its own is an array: what returns them, and the story.
const run = async (program, stories, only) => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  let failed = 0;
  try {
    for (const [name, entry] of Object.entries(stories)) {
      const [flags, story] = Array.isArray(entry) ? entry : [undefined, entry];
      if (only && !name.includes(only)) continue;
      const began = Date.now();
      const server = await start(program, flags);
      const contexts = [];
      const faults = [];
      const open = async (options = {}) => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "UTC", ...options });
        context.setDefaultTimeout(PATIENCE);
        contexts.push(context);
        context.on("weberror", (error) => faults.push(`a script failed: ${error.error().message}`));
        await context.exposeBinding("reportViolation", (_, text) => faults.push(`the policy forbids: ${text}`));
        // Those of a page. The HTML of a mail, in its frame, may try what it wants.
        await context.addInitScript(() => {
          if (window !== top) return;
          document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => reportViolation(`${effectiveDirective} of ${blockedURI}`));
        });
        return context.newPage();
      };
      try {
        await story({ server, open, faults, deliver: (lines, envelope) => deliver(server.smtp, lines, envelope), until });
        if (faults.length) throw new Error(faults.join("\n"));
        console.log(`${name}: holds, ${((Date.now() - began) / 1000).toFixed(1)} s`);
      } catch (error) {
        failed += 1;
        console.log(`${name}: ${error.stack}`);
        for (const page of contexts.flatMap((context) => context.pages())) console.log(await shown(page));
      } finally {
        for (const context of contexts) await context.close();
        await server.stop();
      }
    }
  } finally {
    await browser.close();
  }
  return failed;
};

module.exports = { run, ask, counter, until };
