// Steps that several stories take.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

// Pictures are made if this names a directory for them.
const PICTURES = process.env.MAILCHUTE_PICTURES;
const picture = async (page, name) => {
  if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
};

const rows = (page) => page.locator(".message");
const subjects = (page) => page.locator(".message .subject").allTextContents().then((all) => all.map((text) => text.trim()), () => null);
const has = (page, expected, until) => until(`the list is ${expected}`, async () => JSON.stringify(await subjects(page)) === JSON.stringify(expected));
const isLive = (page) => page.locator("#live:not(.lost):visible").waitFor();

// Returns whether nothing has to be scrolled sideways.
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

// Flags of a console with the user alice.
const guarded = ({ program, folder }) => {
  const line = execFileSync(program, ["hash-password", "alice"], { input: "wonderland\n" });
  fs.writeFileSync(`${folder}/visitors`, line);
  return ["--console-auth", `${folder}/visitors`];
};

const logIn = async (page, user, password) => {
  await page.fill("[name=user]", user);
  await page.fill("[name=password]", password);
  await page.press("[name=password]", "Enter");
};

module.exports = { picture, rows, subjects, has, isLive, fits, guarded, logIn };
