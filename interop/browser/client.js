// A mail client on a socket that stays.
"use strict";
const net = require("node:net");

// Returns a connection after the greeting. `say` sends a line and returns the whole reply.
const connect = (port) => new Promise((resolve, reject) => {
  const socket = net.connect(port, "127.0.0.1");
  let pending = "";
  let wake = () => {};
  socket.on("error", reject).on("data", (data) => { pending += data; wake(); }).on("close", () => wake());
  const read = async () => {
    while (!/^\d{3} [^\n]*\n/m.test(pending) && !socket.destroyed) await new Promise((go) => { wake = go; });
    const reply = pending;
    pending = "";
    return reply;
  };
  const say = (line) => { socket.write(`${line}\r\n`); return read(); };
  read().then((greeting) => resolve({ greeting, say, read, close: () => socket.destroy() }));
});

module.exports = { connect };
