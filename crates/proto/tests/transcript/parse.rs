//! The parser of transcripts.

use mailchute_proto::{
    AuthPolicy, BareLineEnds, Closing, DateTime, EnvelopeSyntax, Extension, Mechanism, Nonce, PlaintextAuth,
    PriorityProfile, Protocol, Settings, TlsPolicy, Verdict, saslprep,
};

use super::{Event, Transcript};
use crate::session::{Answer, Edit, Session, answered, reply};

pub(super) fn transcript(text: &str) -> Transcript {
    let mut lines = text.lines();
    let title = lines.next().unwrap_or("");
    assert!(title.starts_with("# ") && title.ends_with('.'), "the first line says what it shows: {title:?}");
    let mut transcript = Transcript { session: Session::new(), events: Vec::new(), closing: None };
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert_eq!(transcript.closing, None, "`close` is the last line");
        transcript.line(line);
    }
    transcript
}

impl Transcript {
    fn line(&mut self, line: &str) {
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (word, times) = match head.trim_end_matches(':').split_once('*') {
            Some((word, times)) => (word, times.parse().expect("a number behind the *")),
            None => (head.trim_end_matches(':'), 1),
        };
        match word {
            "C" => self.push(Event::Client, &with_crlf(rest.as_bytes()), times),
            "B" => self.push(Event::Client, &unescaped(rest), times),
            "early" => self.session.early.extend_from_slice(&unescaped(rest)),
            "S" => self.push(Event::Server, &with_crlf(&unescaped(rest)), times),
            "message" => self.message(&unescaped(rest).repeat(times)),
            "envelope" => self.events.push(Event::Envelope(rest.to_owned())),
            "asked" => self.events.push(Event::Asked(rest.to_owned())),
            "held" => self.events.push(Event::HeldBack),
            "secured" => self.events.push(Event::Secured),
            "hello" => self.hello(),
            "close" => self.closing = Some(closing(rest)),
            "set" => self.set(rest),
            "edit" => self.session.edits.push(edit(rest)),
            "user" => {
                let (user, password) = rest.split_once(' ').expect("a user and a password");
                self.session.users.push((user.to_owned(), password.to_owned()));
            }
            "verifier" => {
                let (user, verifier) = rest.split_once(' ').expect("a user and a verifier");
                let verifier = verifier.parse().expect("PostgreSQL's form");
                self.session.verifiers.push((user.to_owned(), verifier));
            }
            "nonce" => self.session.nonce = Some(Nonce::parse(rest).expect("a nonce")),
            _ => self.answer(word, rest),
        }
    }

    fn push(&mut self, event: impl Fn(Vec<u8>) -> Event, bytes: &[u8], times: usize) {
        self.events.extend((0..times).map(|_| event(bytes.to_vec())));
    }

    fn message(&mut self, content: &[u8]) {
        match self.events.last_mut() {
            Some(Event::Message(message)) => message.extend_from_slice(content),
            _ => self.events.push(Event::Message(content.to_vec())),
        }
    }

    fn set(&mut self, line: &str) {
        assert!(self.events.is_empty(), "settings stand before the session");
        let (name, value) = line.split_once(' ').expect("`set name value`");
        let settings = &mut self.session.settings;
        match (name, value) {
            ("protocol", "lmtp") => self.session.protocol = Protocol::Lmtp,
            ("tls", "offered") => settings.tls = TlsPolicy::Offered,
            ("tls", "required") => settings.tls = TlsPolicy::Required,
            ("tls", "implicit") => {
                settings.tls = TlsPolicy::Offered;
                self.session.is_inside_tls = true;
            }
            ("silence_before_greeting", "on") => settings.silence_before_greeting = true,
            ("auth", names) => {
                let mechanism = |name: &str| Mechanism::by_name(name.as_bytes()).expect("a mechanism");
                settings.mechanisms = names.split(' ').map(mechanism).collect();
            }
            ("passwords", "anywhere") => settings.plaintext_auth = PlaintextAuth::Anywhere,
            ("mail", "authenticated") => settings.auth = AuthPolicy::Required,
            ("envelope", "lenient") => settings.envelope = EnvelopeSyntax::Lenient,
            ("bare_line_ends", "tolerate") => settings.bare_line_ends = BareLineEnds::Tolerate,
            ("bare_line_ends", "normalize") => settings.bare_line_ends = BareLineEnds::Normalize,
            ("deliver_by", seconds) => settings.deliver_by = Some(seconds.parse().expect("seconds")),
            ("mt_priority", "unnamed") => settings.mt_priority = Some(PriorityProfile::Unnamed),
            ("mt_priority", "stanag4406") => settings.mt_priority = Some(PriorityProfile::Stanag4406),
            ("future_release", seconds) => settings.future_release = Some(seconds.parse().expect("seconds")),
            ("mail_parameters", names) => {
                settings.mail_parameters = names.split(' ').map(str::to_owned).collect();
            }
            ("rcpt_parameters", names) => {
                settings.rcpt_parameters = names.split(' ').map(str::to_owned).collect();
            }
            ("now", moment) => self.session.now = Some(DateTime::parse(moment).expect("a moment")),
            ("verbs", verbs) => settings.verbs = verbs.split(' ').map(str::to_owned).collect(),
            ("certificate", name) => {
                self.session.certificate = Some(String::from_utf8(unescaped(name)).expect("UTF-8"));
            }
            ("binding", "none") => self.session.cannot_bind = true,
            ("proxy", "trusted") => self.session.is_trusted = true,
            ("hostname", hostname) => hostname.clone_into(&mut settings.hostname),
            (limit, value) => set_limit(settings, limit, value),
        }
    }

    fn answer(&mut self, word: &str, rest: &str) {
        const STAGES: [&str; 13] = [
            "connect",
            "xclient",
            "ehlo",
            "starttls",
            "auth",
            "mail",
            "rcpt",
            "data",
            "data-each",
            "chunk",
            "message",
            "each",
            "command",
        ];
        let stage = word.strip_suffix("-answer").unwrap_or_else(|| panic!("no such line: {word}"));
        let stage = STAGES.into_iter().find(|known| *known == stage).expect("a stage");
        let has_subject = !matches!(stage, "connect" | "xclient" | "starttls");
        let (subject, answer) =
            if has_subject { rest.split_once(' ').expect("a subject") } else { ("", rest) };
        let reply = |text: &str| reply(std::str::from_utf8(&unescaped(text)).expect("UTF-8"));
        let verdict = match answer.split_once(' ') {
            _ if answer == "drop" => None,
            _ if answer == "accept" => Some(Ok(Verdict::Accept)),
            _ if answer == "refuse" => Some(Ok(Verdict::Refuse)),
            Some(("close", text)) => Some(answered(reply(text).hang_up())),
            _ => Some(answered(reply(answer))),
        };
        let subject = subject.trim_matches(['<', '>']).to_owned();
        self.session.answers.push(Answer { stage, subject, verdict });
    }

    /// Adds the greeting and EHLO, where the transcript is not about them.
    fn hello(&mut self) {
        let settings = &self.session.settings;
        let mut lines = vec![settings.hostname.clone()];
        lines.extend(["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"].map(str::to_owned));
        lines.extend(["CHUNKING", "BINARYMIME", "DSN"].map(str::to_owned));
        lines.push(format!("SIZE {}", settings.limits.message_size));
        lines.push(match settings.limits.transactions {
            0 => format!("LIMITS RCPTMAX={}", settings.limits.recipients),
            number => format!("LIMITS RCPTMAX={} MAILMAX={number}", settings.limits.recipients),
        });
        let is_secured = self.session.is_inside_tls || self.events.contains(&Event::Secured);
        if is_secured {
            lines.push("REQUIRETLS".to_owned());
        }
        if settings.tls != TlsPolicy::Off && !is_secured {
            lines.push("STARTTLS".to_owned());
        }
        let is_anywhere = settings.plaintext_auth == PlaintextAuth::Anywhere;
        let mut mechanisms = settings.mechanisms.clone();
        let has_name = self.session.certificate.as_deref().is_some_and(|name| saslprep(name).is_some());
        mechanisms.retain(|mechanism| match mechanism.name() {
            "EXTERNAL" => is_secured && has_name,
            "PLAIN" | "LOGIN" | "OAUTHBEARER" | "XOAUTH2" => is_secured || is_anywhere,
            name => (is_secured && !self.session.cannot_bind) || !name.ends_with("-PLUS"),
        });
        if !mechanisms.is_empty() {
            let names: Vec<&str> = mechanisms.iter().map(|mechanism| mechanism.name()).collect();
            lines.push(format!("AUTH {}", names.join(" ")));
        }
        if self.session.is_trusted {
            lines.push("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT REVERSE_NAME".to_owned());
            lines.push("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE".to_owned());
        }
        if self.events.is_empty() {
            let protocol = if self.session.protocol == Protocol::Lmtp { "LMTP" } else { "ESMTP" };
            let greeting = format!("220 {} {protocol} Mailchute", settings.hostname);
            self.events.push(Event::Server(with_crlf(greeting.as_bytes())));
        }
        let verb = if self.session.protocol == Protocol::Lmtp { "LHLO" } else { "EHLO" };
        self.events.push(Event::Client(with_crlf(format!("{verb} client.example").as_bytes())));
        for line in lines {
            self.events.push(Event::Server(with_crlf(format!("250-{line}").as_bytes())));
        }
        self.events.push(Event::Server(with_crlf(b"250 HELP")));
    }
}

/// Reads a change of the ehlo hook: `disable DSN`, `announce XKEY 1`, `size 1000`, `mail-parameter XKEY`.
fn edit(line: &str) -> Edit {
    let (what, rest) = line.split_once(' ').expect("what to edit and how");
    match what {
        "disable" => Edit::Disable(Extension::of(rest).expect("an extension")),
        "size" => Edit::Size(rest.parse().expect("bytes")),
        "announce" => Edit::Announce(rest.to_owned()),
        "mail-parameter" => Edit::MailParameter(rest.to_owned()),
        "rcpt-parameter" => Edit::RcptParameter(rest.to_owned()),
        _ => panic!("no such edit: {line}"),
    }
}

fn set_limit(settings: &mut Settings, name: &str, value: &str) {
    let limits = &mut settings.limits;
    let number: u32 = value.parse().unwrap_or_else(|_| panic!("no such setting: {name} {value}"));
    match name {
        "limits.command_line" => limits.command_line = number as usize,
        "limits.auth_line" => limits.auth_line = number as usize,
        "limits.message_size" => limits.message_size = number.into(),
        "limits.recipients" => limits.recipients = number as usize,
        "limits.transactions" => limits.transactions = number,
        "limits.errors_before_delay" => limits.errors_before_delay = number,
        "limits.errors" => limits.errors = number,
        "limits.junk_commands" => limits.junk_commands = number,
        "limits.auth_failures" => limits.auth_failures = number,
        "limits.received_headers" => limits.received_headers = number,
        "limits.header_size" => limits.header_size = number.into(),
        "limits.header_fields" => limits.header_fields = number,
        _ => panic!("no such setting: {name}"),
    }
}

fn closing(name: &str) -> Closing {
    match name {
        "quit" => Closing::Quit,
        "hungup" => Closing::HungUp,
        "limit" => Closing::Limit,
        "violation" => Closing::Violation,
        _ => panic!("no such way to close: {name}"),
    }
}

fn with_crlf(line: &[u8]) -> Vec<u8> {
    [line, b"\r\n"].concat()
}

fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, taken) = match behind {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', ..] => {
                (u8::from_str_radix(&text_of(&behind[1..3]), 16).expect("two hexadecimal digits"), 3)
            }
            _ => panic!("no such escape in {text:?}"),
        };
        bytes.push(byte);
        rest = &behind[taken..];
    }
    bytes
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
