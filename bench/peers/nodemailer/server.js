// nodemailer's smtp-server, which reads every message to its end and forgets it: PORT CERTIFICATE KEY.
const fs = require('fs');
const { SMTPServer } = require('smtp-server');

const [port, certificate, key] = process.argv.slice(2);
const server = new SMTPServer({
  name: 'bench.test',
  authOptional: true,
  disableReverseLookup: true,
  logger: false,
  size: 64 << 20,
  socketTimeout: 600_000,
  secure: false,
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
  onData(stream, session, done) {
    stream.on('end', () => done(null, 'OK'));
    stream.resume();
  },
});
server.on('error', () => {});
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
