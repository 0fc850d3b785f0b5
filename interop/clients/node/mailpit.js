// mailpit-api, a client of Mailpit from npm, at an inbox with one message. Prints what held.
"use strict";

const { MailpitClient } = require("mailpit-api");

async function main(url) {
  const client = new MailpitClient(url);
  const held = {};
  const list = await client.listMessages();
  held.list = list.total === 1 && list.messages[0].Subject === "Welcome to the app" && !list.messages[0].Read;
  const found = await client.searchMessages({ query: "to:ann@example.com subject:welcome" });
  held.search = found.messages.length === 1 && found.messages[0].ID === list.messages[0].ID;
  const none = await client.searchMessages({ query: "to:bob@example.com" });
  held["search without a hit"] = none.messages.length === 0;
  const message = await client.getMessageSummary();
  held.message = message.From.Name === "App" && message.To[0].Address === "ann@example.com";
  held.text = message.Text.includes("481516") && message.HTML.includes("Confirm");
  const read = await client.listMessages();
  held["a message that was got is read"] = read.messages[0].Read && read.unread === 0;
  await client.setReadStatus({ IDs: [message.ID], Read: false });
  held["marked as unread"] = (await client.listMessages()).unread === 1;
  const headers = await client.getMessageHeaders(message.ID);
  held.headers = headers["Message-Id"][0] === "<welcome@app.example.com>";
  const source = await client.getMessageSource(message.ID);
  held.source = source.includes("Subject: Welcome to the app");
  const attachment = await client.getMessageAttachment(message.ID, message.Attachments[0].PartID);
  held.attachment = attachment.type === "application/pdf" && (await attachment.text()) === "%PDF-1.7";
  held.html = (await client.renderMessageHTML(message.ID)).includes("Confirm");
  held.info = (await client.getInfo()).Messages === 1;
  await client.deleteMessagesBySearch({ query: "from:app@example.com" });
  held.deleted = (await client.listMessages()).total === 0;
  console.log(JSON.stringify(held));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
