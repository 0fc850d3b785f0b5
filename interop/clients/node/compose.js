'use strict';
// compose.js FOLDER TAGS: writes each composed mail to FOLDER/TAG.NAME.eml, as nodemailer's composer gives it.

const fs = require('node:fs');
const path = require('node:path');
const MailComposer = require('nodemailer/lib/mail-composer');
const { names, options } = require('./mails');

const [folder, tags] = process.argv.slice(2);

JSON.parse(tags)
  .slice(0, names.length)
  .forEach((tag, n) => {
    new MailComposer(options(names[n], tag)).compile().build((error, content) => {
      if (error) throw error;
      fs.writeFileSync(path.join(folder, `${tag}.${names[n]}.eml`), content);
    });
  });
