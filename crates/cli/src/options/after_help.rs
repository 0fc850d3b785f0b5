//! The end of `mailchute --help`: examples, signals and exit codes.

pub(super) const AFTER_HELP: &str = "\
Examples:
  mailchute
      Try it out. In another terminal: swaks --server 127.0.0.1:2525 --to you@example.com
  mailchute inbox
      See what your program sends, at http://127.0.0.1:8025. It sends to 127.0.0.1:1025.
  mailchute --listen 0.0.0.0:25 --domain example.com --store maildir:/var/mail/in \\
            --tls-cert fullchain.pem --tls-key privkey.pem --user mailchute
      Receive mail for example.com from the Internet. Run this as root: the program opens port 25
      and then switches to the user mailchute, which must exist. The domain's MX record must name
      this host.
  mailchute --lmtp unix:/run/mailchute/lmtp --store maildir:/var/mail/in
      Receive messages that Postfix has already accepted, with
      mailbox_transport = lmtp:unix:/run/mailchute/lmtp
  mailchute --domain example.com --store lmtp:unix:/run/dovecot/lmtp
      Forward each message to another server while the client waits.
  mailchute deliver --from 'nats://127.0.0.1/mail.>' --store 'maildir:/var/mail/{domain}/{user}'
      Take mail out of a stream of NATS, into which --store nats://127.0.0.1/mail.{domain} puts it.
  mailchute talk mx.example.com:25
      Speak SMTP to a server, and see what each line means.
  mailchute hash-password alice >> users
      Add a user. On a terminal, it asks for the password. From a pipe, it reads one line.
  mailchute --tls-listen 127.0.0.1:4650 --auth-file users --require-auth
      Accept mail from users only.
  mailchute --limit connections=2000 --limit recipients=200 --log-format json
      Set limits, and log as JSON.
  mailchute example-config > mailchute.toml
  mailchute check --config mailchute.toml && mailchute serve --config mailchute.toml
      Write all options to a file, check the file, and use it.

Where options come from:
  Precedence: command line, environment, the --config file, defaults.
  Each option has an environment variable, such as MAILCHUTE_MAX_MESSAGE_SIZE. In a variable, spaces
  separate several values, and a switch is true or false.
  A flag or variable replaces the whole list of the same name in the file. It replaces limits and
  timeouts one by one. A flag replaces the whole variable.
  A switch set in the file cannot be turned off by a flag.
  Paths are relative to the working directory. Mailchute does not expand shorthands such as ~, $NAME
  and %h: they are errors. ./ before such a name makes it literal, as in ./~

Signals:
  SIGTERM, SIGINT   Stop. Refuse new connections, answer idle sessions with 421, give running
                    transactions 30 s to finish, and exit with 0. A second signal closes all
                    sessions at once.
  SIGHUP            Reload the --config, --tls-cert, --tls-key, --tls-client-ca and --auth-file
                    files, and those that [[domain]] names, for new sessions and logins. If a file
                    has an error, log it and change nothing.
  SIGUSR2           Restart without refusing a client. Start a new process with the same command
                    line, and pass all sockets to it. Stop when the new process is ready. If it
                    fails to start, keep serving.

Exit codes:
  0  Stopped by a signal. No mail was lost.
  1  Failed while running, or stopped by a second signal.
  2  A flag, a variable or the configuration file is wrong. The message says what to write instead.
  3  An address, certificate, store, password file or configuration file cannot be used. The message
     says why.";
