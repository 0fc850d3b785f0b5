// mailpit-api, a client of Mailpit from npm, at an inbox with one message, which may release mail to ann@example.com. Prints
// what held.
"use strict";

const { MailpitClient } = require("mailpit-api");
const nodemailer = require("nodemailer");

const held = {};
const PATIENCE = { timeout: 30_000, interval: 50 };

async function main(url, port) {
  const client = new MailpitClient(url);
  const transport = nodemailer.createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  await reads(client);
  await marks(client);
  await waits(client, transport);
  await releases(client);
  await deletes(client, transport);
  console.log(JSON.stringify(held));
}

async function reads(client) {
  const list = await client.listMessages();
  held.list = list.total === 1 && list.messages[0].Subject === "Welcome to the app" && !list.messages[0].Read;
  const found = await client.searchMessages({ query: "to:ann@example.com subject:welcome" });
  held.search = found.messages.length === 1 && found.messages[0].ID === list.messages[0].ID;
  const none = await client.searchMessages({ query: "to:bob@example.com" });
  held["search without a hit"] = none.messages.length === 0 && none.messages_count === 0 && none.total === 1;
  const message = await client.getMessageSummary();
  held.message = message.From.Name === "App" && message.To[0].Address === "ann@example.com";
  held.text = message.Text.includes("481516") && message.HTML.includes("Confirm");
  held.login = message.Username === "anyone" && list.messages[0].Username === "anyone";
  held.tags = message.Tags.join() === "Welcome,staging" && list.messages[0].Tags.join() === "Welcome,staging";
  held["all tags"] = (await client.getTags()).join() === "staging,welcome" && list.tags.join() === "staging,welcome";
  const tagged = await client.searchMessages({ query: "tag:staging -tag:production" });
  held["search by tag"] = tagged.messages.length === 1;
  const read = await client.listMessages();
  held["a message that was got is read"] = read.messages[0].Read && read.unread === 0;
  const headers = await client.getMessageHeaders(message.ID);
  held.headers = headers["Message-Id"][0] === "<welcome@app.example.com>";
  const source = await client.getMessageSource(message.ID);
  held.source = source.includes("Subject: Welcome to the app");
  const attachment = await client.getMessageAttachment(message.ID, message.Attachments[0].PartID);
  held.attachment = attachment.type === "application/pdf" && (await attachment.text()) === "%PDF-1.7";
  held.html = (await client.renderMessageHTML(message.ID)).includes("Confirm");
  const text = await client.renderMessageText(message.ID);
  held["text to look at"] = text.includes("Your code is 481516.") && !text.includes("<");
  held["text of the newest"] = (await client.renderMessageText()) === text;
  const info = await client.getInfo();
  held.info = info.Messages === 1 && info.Unread === 0 && info.Tags.welcome === 1 && info.DatabaseSize > 4096;
  const stats = info.RuntimeStats;
  // Messages were sent and deleted before this one.
  held["info about the process"] = stats.SMTPAccepted > 1 && stats.SMTPRejected === 0 && stats.Memory > 1e6 && stats.Uptime >= 0;
}

async function marks(client) {
  const [{ ID }] = (await client.listMessages()).messages;
  const unread = async () => (await client.listMessages()).unread;
  held["answer to a mark"] = (await client.setReadStatus({ IDs: [ID], Read: false })) === "ok";
  held["marked as unread"] = (await unread()) === 1;
  await client.setReadStatus({ Search: "from:nobody@example.com", Read: true });
  held["a search without a hit marks nothing"] = (await unread()) === 1;
  await client.setReadStatus({ Search: "from:app@example.com", Read: true });
  held["a search marks"] = (await unread()) === 0;
  await client.setReadStatus();
  held["all are unread"] = (await unread()) === 1;
  await client.setReadStatus({ Read: true });
  held["all are read"] = (await unread()) === 0;
}

// They wait before the mail is sent.
async function waits(client, transport) {
  const query = "to:carol@example.com";
  const one = client.waitForMessage({ query }, PATIENCE);
  const two = client.waitForMessages({ query, count: 2, exact: true }, PATIENCE);
  const three = client.waitForMessages({ count: 3 }, PATIENCE);
  await transport.sendMail(mail("first"));
  const first = await one;
  held["waits for a message"] = first.Subject === "first" && first.To[0].Address === "carol@example.com";
  await transport.sendMail(mail("second"));
  const subjects = (await two).messages.map((message) => message.Subject);
  held["waits for two messages"] = subjects.join() === "second,first";
  held["waits for any messages"] = (await three).total === 3;
  const late = await client.waitForMessage({ query: "to:bob@example.com" }, { timeout: 100, interval: 50 }).catch(String);
  held["a wait ends"] = String(late).includes("Timeout waiting for messages");
}

async function releases(client) {
  const { messages } = await client.searchMessages({ query: "to:ann@example.com" });
  held.released = (await client.releaseMessage(messages[0].ID, { To: ["ann@example.com"] })) === "ok";
  const refused = await client.releaseMessage("latest", { To: ["victim@example.net"] }).catch(String);
  held["not released to others"] = refused.includes(" 403 ") && refused.includes("victim@example.net");
}

async function deletes(client, transport) {
  const ids = async () => (await client.listMessages()).messages.map((message) => message.ID);
  const before = await ids();
  const answer = await client.deleteMessages({ IDs: before.slice(0, 2) });
  held["deleted by id"] = answer === "ok" && before.length === 3 && (await ids()).join() === before[2];
  const wrong = await client.deleteMessages({ IDs: ["nonsense"] }).catch(String);
  held["a wrong id deletes nothing"] = wrong.includes(" 400 ") && (await ids()).join() === before[2];
  await client.deleteMessagesBySearch({ query: "from:app@example.com" });
  held["deleted by a search"] = (await client.listMessages()).total === 0;
  // Without ids it means all.
  for (const all of [undefined, {}, { IDs: [] }]) {
    await transport.sendMail(mail("last"));
    await client.waitForMessages({ count: 1, exact: true }, PATIENCE);
    await client.deleteMessages(all);
    held[`all are deleted by ${JSON.stringify(all)}`] = (await client.waitForMessages({ count: 0 }, PATIENCE)).total === 0;
  }
}

function mail(subject) {
  return { from: "shop@example.com", to: "carol@example.com", subject, text: "It works." };
}

main(process.argv[2], Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
