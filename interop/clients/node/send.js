'use strict';
// send.js ORDER: sends the messages that the file ORDER lists; prints what went wrong as a JSON list.

const fs = require('node:fs');
const nodemailer = require('nodemailer');
const { options } = require('./mails');

const order = JSON.parse(fs.readFileSync(process.argv[2]));
const transport = nodemailer.createTransport({
  pool: true,
  maxConnections: 3,
  maxMessages: 20,
  host: '127.0.0.1',
  port: order.port,
  name: order.ehlo,
  secure: order.secure,
  requireTLS: order.requireTLS,
  ignoreTLS: order.ignoreTLS,
  tls: { ca: fs.readFileSync(order.ca) },
  connectionTimeout: 20000,
  socketTimeout: 20000,
});

/** Raw content as a stream every other time: its pieces have other borders than a buffer's. */
function mail(job, n) {
  const envelope = { from: job.from, to: job.to, use8BitMime: job.is8bit };
  if (job.composed) return { ...options(job.composed, job.tag), envelope };
  return { envelope, raw: n % 2 ? fs.createReadStream(job.file) : fs.readFileSync(job.file) };
}

async function send(job, n) {
  try {
    const sent = await transport.sendMail(mail(job, n));
    return sent.rejected.length ? `${job.tag} (${job.name}): refused for ${sent.rejected}` : null;
  } catch (error) {
    return `${job.tag} (${job.name}): ${error.message}`;
  }
}

Promise.all(order.jobs.map(send)).then((faults) => {
  transport.close();
  process.stdout.write(JSON.stringify(faults.filter(Boolean)));
});
