'use strict';
// extensions.js PORT CERTIFICATE DOMAIN: sends with DSN and with REQUIRETLS; prints the last reply, or the error, of each.

const fs = require('node:fs');
const nodemailer = require('nodemailer');

const [port, certificate, domain] = process.argv.slice(2);

async function send(name, settings, wishes) {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: Number(port),
    tls: { ca: fs.readFileSync(certificate) },
    connectionTimeout: 20000,
    socketTimeout: 20000,
    ...settings,
  });
  const mail = { from: `${name}@${domain}`, to: `${name}-reader@${domain}`, subject: name, text: 'words', ...wishes };
  try {
    return (await transport.sendMail(mail)).response;
  } catch (error) {
    return error.message;
  }
}

const inside = { requireTLS: true };
const dsn = { id: 'id+1', return: 'headers', notify: ['success', 'delay'], recipient: `first@${domain}` };
const requiretls = { requireTLSExtensionEnabled: true };

(async () => {
  const said = {
    dsn: await send('dsn', inside, { dsn }),
    requiretls: await send('requiretls', inside, requiretls),
    'in the clear': await send('clear', { ignoreTLS: true }, requiretls),
  };
  process.stdout.write(JSON.stringify(said));
})();
