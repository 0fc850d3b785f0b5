//! Parses a command line into a question or a refusal.

use super::outgoing::Outgoing;
use super::{Machine, auth};
use crate::address::{AddressError, ForwardPath, HeloName, Mailbox, ReversePath};
use crate::client::{XClient, XForward};
use crate::command::{CommandLine, Verb};
use crate::envelope::{Recipient, Sender};
use crate::extension::Extension;
use crate::limits::Limits;
use crate::params::{ByMode, Hold, MailParameters, ParameterError, Parameters, RcptParameters, Sparse};
use crate::phase::{Phase, out_of_order};
use crate::question::{Chunk, Command, Ehlo};
use crate::reply::{Reply, catalog};
use crate::sasl::{Mechanism, Response};
use crate::settings::EnvelopeSyntax;

/// A parsed command, before it becomes a question that holds the machine.
#[derive(Debug)]
pub(super) enum Asked {
    Ehlo(Ehlo),
    StartTls,
    Auth(Mechanism, Option<Response>),
    Mail(Sender),
    Rcpt(Recipient),
    Data,
    Chunk(Chunk),
    /// A chunk that is read and dropped, the reply to it, and the phase after it.
    Skip {
        chunk: Chunk,
        refusal: Reply,
        then: Phase,
    },
    Xclient(XClient),
    Xforward(XForward),
    Command(Command),
}

impl Machine {
    pub(super) fn is_lenient(&self) -> bool {
        self.settings.envelope == EnvelopeSyntax::Lenient
    }

    pub(super) fn parse(&self, phase: Phase, line: CommandLine<'_>) -> Result<Asked, Outgoing> {
        if line.verb == Verb::Other && line.is_http() && !self.is_own_verb(line.word) {
            return Err(Outgoing::violation(catalog::NOT_HTTP));
        }
        if phase == Phase::Greeted && line.word == b"PROXY" && !self.is_own_verb(line.word) {
            return Err(Outgoing::violation(catalog::NO_PROXY_HEADER));
        }
        let refusal = out_of_order(phase, line.verb, self.offer());
        if line.verb == Verb::Bdat {
            return self.parse_bdat(phase, line, refusal);
        }
        if let Some(refusal) = refusal {
            return Err(refusal.into());
        }
        match line.verb {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => {
                let syntax = if line.verb == Verb::Lhlo { catalog::BAD_LHLO } else { catalog::BAD_HELO };
                let name = if self.is_lenient() {
                    HeloName::parse_lenient(line.argument)
                } else {
                    HeloName::parse(line.argument)
                };
                let name = name.map_err(|error| bad_address(&error, syntax))?;
                let is_extended =
                    line.verb != Verb::Helo || (self.is_lenient() && self.facts.greeting.is_extended);
                Ok(Asked::Ehlo(Ehlo { verb: line.verb, name, is_extended }))
            }
            Verb::StartTls | Verb::Data | Verb::Rset | Verb::Quit if !line.argument.is_empty() => {
                Err(catalog::NO_ARGUMENT_ALLOWED.into())
            }
            Verb::StartTls => Ok(Asked::StartTls),
            Verb::Data => Ok(Asked::Data),
            Verb::Auth => auth::parse(line.argument, &self.settings, &self.facts)
                .map(|(mechanism, initial)| Asked::Auth(mechanism, initial))
                .map_err(Outgoing::from),
            Verb::Xclient => Ok(Asked::Xclient(XClient::parse(line.argument)?)),
            Verb::Xforward => Ok(Asked::Xforward(XForward::parse(line.argument)?)),
            Verb::Mail => self.parse_mail(line).map(Asked::Mail),
            Verb::Rcpt => Ok(Asked::Rcpt(self.parse_rcpt(phase, line)?)),
            Verb::Vrfy | Verb::Expn if line.argument.is_empty() => Err(catalog::BAD_ARGUMENT.into()),
            _ if line.word.is_empty() || !line.word.iter().all(u8::is_ascii_graphic) => {
                Err(catalog::UNKNOWN_COMMAND.into())
            }
            _ if line.has_control_characters() => Err(catalog::CONTROL_CHARACTER.into()),
            verb => {
                let text = |bytes| std::str::from_utf8(bytes).map_err(|_| catalog::BROKEN_UTF8);
                let (word, argument) = (text(line.word)?.to_ascii_uppercase(), text(line.argument)?);
                let (argument, smtputf8) = match verb {
                    Verb::Vrfy | Verb::Expn => self.without_smtputf8(argument),
                    _ => (argument, false),
                };
                Ok(Asked::Command(Command { verb, word, argument: argument.to_owned(), smtputf8 }))
            }
        }
    }

    /// Returns the argument of VRFY or EXPN without the parameter SMTPUTF8, and whether it had one.
    fn without_smtputf8<'t>(&self, argument: &'t str) -> (&'t str, bool) {
        let is_offered = self.facts.greeting.is_extended && !self.offer().lacks(Extension::SmtpUtf8);
        let keyword = Extension::SmtpUtf8.keyword();
        match argument.rsplit_once(' ') {
            Some((name, last)) if is_offered && last.eq_ignore_ascii_case(keyword) => (name.trim_end(), true),
            _ => (argument, false),
        }
    }

    /// The content of a BDAT follows even if it is out of order, so its size is read first (RFC 3030 §2).
    fn parse_bdat(
        &self,
        phase: Phase,
        line: CommandLine<'_>,
        refusal: Option<Reply>,
    ) -> Result<Asked, Outgoing> {
        let chunk = Chunk::parse(line.argument).ok_or_else(|| Outgoing::violation(catalog::BAD_CHUNK))?;
        if let Some(refusal) = refusal {
            // A command out of order changes nothing, but a message that lacks a chunk is lost.
            let then = if phase == Phase::Chunks { Phase::Ready } else { phase };
            return Ok(Asked::Skip { chunk, refusal, then });
        }
        let so_far = self.chunked.as_ref().map_or(0, |body| body.size());
        if Limits::passed(so_far.saturating_add(chunk.size), self.offer().message_size()) {
            return Ok(Asked::Skip { chunk, refusal: catalog::MESSAGE_TOO_LARGE, then: Phase::Ready });
        }
        Ok(Asked::Chunk(chunk))
    }

    fn parse_mail(&self, line: CommandLine<'_>) -> Result<Sender, Outgoing> {
        let argument = line.after(b"FROM:").ok_or(catalog::BAD_MAIL_SYNTAX)?;
        let path = if self.is_lenient() {
            ReversePath::parse_lenient(argument, &self.settings.hostname)
        } else {
            ReversePath::parse_argument(argument)
        };
        let (path, rest) = path.map_err(|error| bad_address(&error, catalog::BAD_SENDER))?;
        let parameters = match self.announced_parameters(Verb::Mail, rest)? {
            none if none.is_empty() => Sparse::default(),
            given => MailParameters::from_parameters(&given).map_err(|error| bad_parameter(&error))?.into(),
        };
        if !(parameters.smtputf8 || self.is_lenient() || path.mailbox().is_none_or(Mailbox::is_ascii)) {
            return Err(catalog::UTF8_ADDRESS_WITHOUT_SMTPUTF8.into());
        }
        if parameters.size.is_some_and(|size| Limits::passed(size, self.offer().message_size())) {
            return Err(catalog::MESSAGE_TOO_LARGE.into());
        }
        self.check_times(&parameters)?;
        if Limits::reached(self.transactions, self.settings.limits.transactions) {
            return Err(Outgoing::limit(catalog::TOO_MANY_TRANSACTIONS));
        }
        Ok(Sender { path, parameters })
    }

    /// Checks that the server can meet the times in MAIL.
    fn check_times(&self, parameters: &MailParameters) -> Result<(), Reply> {
        if let (Some(by), Some(fewest)) = (parameters.deliver_by, self.settings.deliver_by) {
            // A notification is possible at any time.
            if by.mode == ByMode::Return && i64::from(by.seconds) < i64::from(fewest) {
                return Err(catalog::DELIVERY_TIME_TOO_SHORT);
            }
        }
        let (Some(hold), Some(now), Some((most, until))) =
            (parameters.hold, self.now, self.offer().future_release())
        else {
            return Ok(());
        };
        match hold {
            Hold::For { seconds } if seconds > most => Err(catalog::HELD_TOO_LONG),
            Hold::Until(moment) if moment > until => Err(catalog::HELD_TOO_LONG),
            Hold::Until(moment) if moment <= now => Err(catalog::RELEASE_IN_THE_PAST),
            _ => Ok(()),
        }
    }

    /// Reads the parameters after a path. Each must have been announced to this client.
    fn announced_parameters(&self, verb: Verb, text: &[u8]) -> Result<Parameters, Reply> {
        let parameters = Parameters::parse(text).map_err(|error| bad_parameter(&error))?;
        let offer = self.offer();
        if !parameters.iter().all(|(keyword, value)| offer.takes_parameter(verb, keyword, value)) {
            return Err(catalog::UNKNOWN_PARAMETER);
        }
        Ok(parameters)
    }

    fn rcpt_parameters(&self, given: &Parameters) -> Result<RcptParameters, Reply> {
        let mut typed = RcptParameters::from_parameters(given).map_err(|error| bad_parameter(&error))?;
        // RFC 6533 §3: an original recipient in UTF-8 needs SMTPUTF8, unless it is encoded as ASCII.
        if !self.facts.transaction.is_utf8
            && given.get("ORCPT").flatten().is_some_and(|value| !value.is_ascii())
        {
            typed.orcpt = None;
        }
        Ok(typed)
    }

    fn parse_rcpt(&self, phase: Phase, line: CommandLine<'_>) -> Result<Recipient, Reply> {
        let argument = line.after(b"TO:").ok_or(catalog::BAD_RCPT_SYNTAX)?;
        let path = if self.is_lenient() {
            ForwardPath::parse_lenient(argument, &self.settings.hostname)
        } else {
            ForwardPath::parse_argument(argument)
        };
        let (path, rest) = path.map_err(|error| bad_address(&error, catalog::BAD_RECIPIENT))?;
        let parameters = self.announced_parameters(Verb::Rcpt, rest)?;
        let parameters = match parameters {
            none if none.is_empty() => Sparse::default(),
            given => self.rcpt_parameters(&given)?.into(),
        };
        if !(self.facts.transaction.is_utf8
            || self.is_lenient()
            || path.mailbox().is_none_or(Mailbox::is_ascii))
        {
            return Err(catalog::UTF8_ADDRESS_WITHOUT_SMTPUTF8);
        }
        let mut recipient = Recipient::new(path);
        recipient.parameters = parameters;
        let limits = &self.settings.limits;
        let bytes = self.facts.transaction.recipient_bytes + size_of::<Recipient>() + recipient.held_bytes();
        match phase {
            Phase::Transaction { recipients, .. }
                if recipients >= limits.recipients || bytes > limits.recipient_bytes() =>
            {
                Err(catalog::TOO_MANY_RECIPIENTS)
            }
            _ => Ok(recipient),
        }
    }
}

impl Chunk {
    /// Reads `size [LAST]`.
    fn parse(argument: &[u8]) -> Option<Self> {
        let mut words = argument.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let digits = words.next().filter(|word| word.iter().all(u8::is_ascii_digit))?;
        let size = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let is_last = match words.next() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case(b"LAST") => true,
            Some(_) => return None,
        };
        words.next().is_none().then_some(Self { size, is_last })
    }
}

fn bad_address(error: &AddressError, otherwise: Reply) -> Reply {
    match error {
        AddressError::ControlCharacter => catalog::CONTROL_CHARACTER,
        AddressError::InvalidUtf8 => catalog::BROKEN_UTF8,
        _ => otherwise,
    }
}

fn bad_parameter(error: &ParameterError) -> Reply {
    match error {
        ParameterError::ControlCharacter => catalog::CONTROL_CHARACTER,
        ParameterError::InvalidUtf8 => catalog::BROKEN_UTF8,
        _ => catalog::BAD_ARGUMENT,
    }
}
