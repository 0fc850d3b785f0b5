'use strict';
// The mails that nodemailer composes itself, by name. Nothing in them depends on time or chance.

const filler = (length, seed) => Buffer.from({ length }, (_, n) => (n * 131 + (n >> 8) * seed) & 0xff);

const mails = {
  'plain text': { text: 'A letter.\n.\n..\nIts end.' },
  'long lines': { text: 'word '.repeat(5000) },
  'text in German and Chinese': { subject: 'Grüße, 手紙', text: 'Grüße aus Köln, 手紙\n'.repeat(200) },
  'text and HTML': { text: 'plain', html: '<p>rich</p>\n.\n', encoding: 'base64' },
  'an image inside': {
    html: '<img src="cid:a@b">',
    attachments: [{ cid: 'a@b', filename: 'ä.png', content: filler(9000, 3) }],
  },
  'an attachment of 3 MB': {
    text: 'see below',
    attachments: [{ filename: 'data.bin', content: filler(3000000, 7) }],
  },
  'a calendar event': {
    text: 'come',
    icalEvent: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' },
  },
  'many headers': {
    text: 'x',
    headers: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`x-field-${n}`, `value ${n}`])),
  },
};

/** What to give nodemailer to compose this mail for this message. */
function options(name, tag) {
  const domain = `${tag}.interop.example`;
  return {
    subject: 'composed',
    ...mails[name],
    from: `Sender <sender@${domain}>`,
    to: `Reader <reader@${domain}>`,
    date: new Date(1704110400000),
    messageId: `<${tag}@${domain}>`,
    baseBoundary: `boundary-${tag}`,
  };
}

module.exports = { names: Object.keys(mails), options };
