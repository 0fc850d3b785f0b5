//! The envelope of a message in the stream, as headers of NATS.

use std::net::SocketAddr;

use mailchute::address::{ForwardPath, Mailbox, ReversePath};
use mailchute::command::HeloName;
use mailchute::params::{MailParameters, Parameters, RcptParameters};
use mailchute::syntax::is_control;
use mailchute::{Envelope, Message, Recipient, Sender, Session};

use super::header_error::HeaderError;

/// The envelope of a message in the stream: all that is known of it besides its content.
///
/// [`headers`](Self::headers) writes it as headers of NATS, and [`from_headers`](Self::from_headers) reads them. Only the
/// sender and one recipient are required, so other programs can put mail into the stream too.
///
/// | header | value |
/// |---|---|
/// | `Mailchute-Sender` | the address of MAIL, or `<>` |
/// | `Mailchute-Parameters` | the parameters of MAIL: `BODY=8BITMIME SMTPUTF8` |
/// | `Mailchute-Recipient` | an address of RCPT, or `Postmaster`; one header for each, in their order |
/// | `Mailchute-Recipient-Parameters` | a recipient's number in that order, from 1, and its parameters: `2 NOTIFY=NEVER` |
/// | `Mailchute-Id` | the id of the message in the log of the server that took it |
/// | `Mailchute-Client` | the client's address and port: `192.0.2.1:40000` or `[2001:db8::1]:40000` |
/// | `Mailchute-Client-Name` | the client's host name, if a proxy has told it |
/// | `Mailchute-Helo` | the client's name in EHLO |
/// | `Mailchute-Tls` | the version and the cipher suite: `TLSv1.3 TLS_AES_256_GCM_SHA384` |
/// | `Mailchute-User` | the user of AUTH |
/// | `Mailchute-Directory` | the directory of the Maildir that a filter wants: `Junk` |
/// | `Mailchute-Body` | where the content is, if it is not in the stream |
///
/// Values are UTF-8 without control characters.
///
/// # Examples
/// ```
/// use mailchute_stores::StreamEnvelope;
///
/// let headers = [
///     ("Mailchute-Sender", "alice@client.example"),
///     ("Mailchute-Recipient", "bob@example.com"),
///     ("Mailchute-Recipient-Parameters", "1 NOTIFY=NEVER"),
///     ("Mailchute-Helo", "client.example"),
/// ];
/// let envelope = StreamEnvelope::from_headers(headers)?;
/// assert_eq!(envelope.envelope.sender.as_str(), "alice@client.example");
/// assert!(envelope.envelope.recipients[0].parameters().notify.is_some());
/// assert_eq!(envelope.headers()?.len(), 4);
///
/// let error = StreamEnvelope::from_headers([("Mailchute-Sender", "alice")]).unwrap_err();
/// assert!(error.to_string().starts_with("Mailchute-Sender: "));
/// # Ok::<(), mailchute_stores::HeaderError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamEnvelope {
    /// The sender and the recipients, with their parameters. `SIZE=` and `BY=` are as the client sent them, at the time of
    /// the message in the stream.
    pub envelope: Envelope,
    /// The id of the message.
    pub id: Option<String>,
    /// The address of the client, unless it is a process of the same host.
    pub client: Option<SocketAddr>,
    /// The host name of the client.
    pub client_name: Option<String>,
    /// The client's name in EHLO.
    pub helo: Option<HeloName>,
    /// The version and the cipher suite of TLS, if the client used it.
    pub tls: Option<String>,
    /// The user, if the client was authenticated.
    pub user: Option<String>,
    /// The directory of a Maildir that a filter has asked for by [`Message::file_into`].
    pub directory: Option<String>,
    /// Where the content is, if the payload is not the content.
    pub body: Option<String>,
}

const SENDER: &str = "Mailchute-Sender";
const PARAMETERS: &str = "Mailchute-Parameters";
const RECIPIENT: &str = "Mailchute-Recipient";
const RECIPIENT_PARAMETERS: &str = "Mailchute-Recipient-Parameters";
const ID: &str = "Mailchute-Id";
const CLIENT: &str = "Mailchute-Client";
const CLIENT_NAME: &str = "Mailchute-Client-Name";
const HELO: &str = "Mailchute-Helo";
const TLS: &str = "Mailchute-Tls";
const USER: &str = "Mailchute-User";
const DIRECTORY: &str = "Mailchute-Directory";
const BODY: &str = "Mailchute-Body";

/// The headers that may stand once.
const SINGLE: [&str; 10] = [SENDER, PARAMETERS, ID, CLIENT, CLIENT_NAME, HELO, TLS, USER, DIRECTORY, BODY];

/// Why parameters cannot be written.
const NOT_ONE: &str = "what the application has set is not a parameter";

/// The text of the null reverse-path.
const NULL: &str = "<>";

impl StreamEnvelope {
    /// Makes an envelope without facts of a session.
    #[must_use]
    pub fn new(envelope: Envelope) -> Self {
        Self {
            envelope,
            id: None,
            client: None,
            client_name: None,
            helo: None,
            tls: None,
            user: None,
            directory: None,
            body: None,
        }
    }

    /// Returns the envelope of a message, for some of its recipients.
    pub(super) fn of(message: &Message, recipients: Vec<Recipient>, session: &Session) -> Self {
        let mut envelope = Envelope::new(message.envelope().sender.clone());
        envelope.recipients = recipients;
        let client = session.client_addr();
        let is_known = !client.ip().is_unspecified() && client.port() != 0;
        let tls = session.tls();
        Self {
            id: Some(message.id().to_string()),
            client: is_known.then_some(client),
            client_name: session.client_name().map(|name| (*name).to_owned()),
            helo: session.helo_name(),
            tls: tls.map(|tls| format!("{} {}", tls.version, tls.cipher)),
            user: session.identity().map(|user| (*user).to_owned()),
            directory: message.directory().map(|directory| (*directory).to_owned()),
            ..Self::new(envelope)
        }
    }

    /// Returns the headers: their names and their values.
    ///
    /// # Errors
    /// [`HeaderError`] if a value cannot be written, because the application has set one with a control character or an
    /// invalid parameter.
    pub fn headers(&self) -> Result<Vec<(&'static str, String)>, HeaderError> {
        let Envelope { sender, recipients, .. } = &self.envelope;
        let path = if sender.is_null() { NULL } else { sender.as_str() };
        let mut headers = vec![(SENDER, path.to_owned())];
        let parameters = words(sender.parameters().iter());
        if !parameters.is_empty() {
            if mail_parameters(&parameters)? != *sender.parameters() {
                return Err(HeaderError::wrong(PARAMETERS, NOT_ONE));
            }
            headers.push((PARAMETERS, parameters));
        }
        for (place, recipient) in recipients.iter().enumerate() {
            headers.push((RECIPIENT, recipient.as_str().to_owned()));
            let parameters = words(recipient.parameters().iter());
            if !parameters.is_empty() {
                if rcpt_parameters(&parameters)? != *recipient.parameters() {
                    return Err(HeaderError::wrong(RECIPIENT_PARAMETERS, NOT_ONE));
                }
                headers.push((RECIPIENT_PARAMETERS, format!("{} {parameters}", place + 1)));
            }
        }
        let facts = [
            (ID, self.id.clone()),
            (CLIENT, self.client.map(|client| client.to_string())),
            (CLIENT_NAME, self.client_name.clone()),
            (HELO, self.helo.as_ref().map(|helo| helo.as_str().to_owned())),
            (TLS, self.tls.clone()),
            (USER, self.user.clone()),
            (DIRECTORY, self.directory.clone()),
            (BODY, self.body.clone()),
        ];
        headers.extend(facts.into_iter().filter_map(|(name, value)| Some((name, value?))));
        for (name, value) in &headers {
            check(name, value)?;
        }
        Ok(headers)
    }

    /// Reads headers: their names, in any case, and their values. Those that are not listed [above](Self) are ignored.
    ///
    /// # Errors
    /// [`HeaderError`], which names the header.
    pub fn from_headers<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<Self, HeaderError> {
        let mut single = [None; SINGLE.len()];
        let (mut recipients, mut of_recipients) = (Vec::new(), Vec::new());
        for (name, value) in headers {
            if name.eq_ignore_ascii_case(RECIPIENT) {
                check(RECIPIENT, value)?;
                recipients.push(Recipient::new(forward_path(value)?));
            } else if name.eq_ignore_ascii_case(RECIPIENT_PARAMETERS) {
                of_recipients.push(value);
            } else if let Some(place) = SINGLE.iter().position(|known| name.eq_ignore_ascii_case(known)) {
                check(SINGLE[place], value)?;
                if single[place].replace(value).is_some() {
                    return Err(HeaderError::Twice(SINGLE[place]));
                }
            }
        }
        let [sender, parameters, facts @ ..] = single;
        let [id, client, client_name, helo, tls, user, directory, body] = facts;
        let mut sender = Sender::new(reverse_path(sender.ok_or(HeaderError::Missing(SENDER))?)?);
        if let Some(parameters) = parameters {
            *sender.parameters_mut() = mail_parameters(parameters)?;
        }
        for value in of_recipients {
            let (number, parameters) = value.split_once(' ').unwrap_or((value, ""));
            let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let recipient = place.and_then(|place| recipients.get_mut(place));
            let recipient = recipient
                .ok_or_else(|| HeaderError::wrong(RECIPIENT_PARAMETERS, "there is no such recipient"))?;
            *recipient.parameters_mut() = rcpt_parameters(parameters)?;
        }
        if recipients.is_empty() {
            return Err(HeaderError::Missing(RECIPIENT));
        }
        let mut envelope = Envelope::new(sender);
        envelope.recipients = recipients;
        let client = client.map(|client| client.parse().map_err(|error| HeaderError::wrong(CLIENT, error)));
        let helo = helo.map(|helo| HeloName::parse_lenient(helo.as_bytes()));
        Ok(Self {
            envelope,
            id: id.map(str::to_owned),
            client: client.transpose()?,
            client_name: client_name.map(str::to_owned),
            helo: helo.transpose().map_err(|error| HeaderError::wrong(HELO, error))?,
            tls: tls.map(str::to_owned),
            user: user.map(str::to_owned),
            directory: directory.map(str::to_owned),
            body: body.map(str::to_owned),
        })
    }
}

/// Returns an error if a value could be taken for several headers, or is empty, which not all clients of NATS can read.
fn check(name: &'static str, value: &str) -> Result<(), HeaderError> {
    // Invisible characters are valid in addresses; those that end a line or are not text are not.
    if value.chars().any(|c| c.is_control() || (is_control(c) && c.is_whitespace())) {
        return Err(HeaderError::wrong(name, "it has a control character"));
    }
    if value.is_empty() {
        return Err(HeaderError::wrong(name, "it is empty"));
    }
    Ok(())
}

/// Writes parameters as in a command.
fn words<'p>(parameters: impl Iterator<Item = (&'p str, Option<std::borrow::Cow<'p, str>>)>) -> String {
    let word = |(keyword, value): (&str, Option<_>)| match value {
        Some(value) => format!("{keyword}={value}"),
        None => keyword.to_owned(),
    };
    parameters.map(word).collect::<Vec<_>>().join(" ")
}

fn mail_parameters(text: &str) -> Result<MailParameters, HeaderError> {
    let parameters = Parameters::parse(text.as_bytes());
    let typed = parameters.and_then(|parameters| MailParameters::from_parameters(&parameters));
    typed.map_err(|error| HeaderError::wrong(PARAMETERS, error))
}

fn rcpt_parameters(text: &str) -> Result<RcptParameters, HeaderError> {
    let parameters = Parameters::parse(text.as_bytes());
    let typed = parameters.and_then(|parameters| RcptParameters::from_parameters(&parameters));
    typed.map_err(|error| HeaderError::wrong(RECIPIENT_PARAMETERS, error))
}

fn reverse_path(text: &str) -> Result<ReversePath, HeaderError> {
    if text == NULL {
        return Ok(ReversePath::Null);
    }
    Mailbox::parse(text).map(ReversePath::Mailbox).map_err(|error| HeaderError::wrong(SENDER, error))
}

fn forward_path(text: &str) -> Result<ForwardPath, HeaderError> {
    if text == ForwardPath::Postmaster.as_str() {
        return Ok(ForwardPath::Postmaster);
    }
    Mailbox::parse(text).map(ForwardPath::Mailbox).map_err(|error| HeaderError::wrong(RECIPIENT, error))
}

#[cfg(test)]
mod tests;
