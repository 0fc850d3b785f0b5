//! One message on its way from a program to a server: LMTP in memory.
//!
//! # Why
//!
//! Stores answer within a session. By LMTP each recipient has an answer of its own. The hooks of the server, such
//! as its aliases, work as for mail from outside. The content goes by BDAT, so no byte of it is changed.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use mailchute::listen::{Arrival, Queued};
use mailchute::proxy::XForward;
use mailchute::{Envelope, Receipt, Refusal, Server};
use mailchute_proto::next_hop::{Capabilities, mail_command, rcpt_command};
use tokio::io::{AsyncRead, AsyncReadExt as _, DuplexStream};
use tokio::time::timeout;

use crate::forward::connection::Connection;
use crate::forward::error::HopError;
use crate::forward::transfer::{Answer, Form, Limits, Writer, read_answers};

/// Bytes on their way in each direction.
const PIPE: usize = 64 * 1024;

/// Bytes of content that are read at once.
const PIECE: usize = 32 * 1024;

/// How long a piece of the content may take.
const READ: Duration = Duration::from_secs(60);

/// How long each answer may take. The server has timeouts of its own for its hooks and its store, and they are shorter.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Hands a message that a program holds to a server without a network, so that its store gets it. Returns an answer for each
/// recipient, in the order of the envelope.
///
/// The server adds no `Received:`, since the message has the one of its first client. `origin` tells the next hop of a
/// [`Forward`](crate::Forward) about that client; the default tells nothing.
///
/// # Cancel safety
/// If the future is dropped, the session is cut off. The store may have the message all the same.
///
/// # Examples
/// ```
/// use std::time::SystemTime;
///
/// use mailchute::listen::Queued;
/// use mailchute::proxy::XForward;
/// use mailchute::{Envelope, Server, testing};
/// use mailchute_stores::hand_over;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailchute::BuildError> {
/// let inbox = testing::Inbox::new();
/// let server = Server::builder().store(inbox.clone()).build()?;
/// let mut envelope = Envelope::new(testing::sender("alice@example.org"));
/// envelope.recipients.push(testing::recipient("bob@example.com"));
/// let content = b"Subject: hello\r\n\r\nHello Bob\r\n";
/// let message = Queued::new("OUTBOX-1", SystemTime::now());
/// let answers = hand_over(&server, message, &XForward::default(), &envelope, &content[..]).await;
/// assert!(answers[0].is_ok());
/// assert!(inbox.messages()[0].is_to("bob@example.com"));
/// # Ok(())
/// # }
/// ```
pub async fn hand_over(
    server: &Server,
    message: Queued,
    origin: &XForward,
    envelope: &Envelope,
    content: impl AsyncRead + Unpin,
) -> Vec<Result<Receipt, Refusal>> {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let arrival = Arrival::over_unix_socket().lmtp().queued(message);
    let session = server.serve_connection(theirs, arrival);
    let hostname = server.hostname();
    let (answers, ()) = tokio::join!(converse(ours, &hostname, origin, envelope, content), session);
    answers.unwrap_or_else(|refusal| envelope.recipients.iter().map(|_| Err(refusal.clone())).collect())
}

/// Speaks LMTP. An error is the answer for all recipients.
async fn converse(
    stream: DuplexStream,
    hostname: &str,
    origin: &XForward,
    envelope: &Envelope,
    content: impl AsyncRead + Unpin,
) -> Result<Vec<Answer>, Refusal> {
    let mut connection = Connection::new(Box::new(stream), 0);
    connection.owed = 1;
    let greeting = connection.reply("the greeting", LIMIT).await.map_err(lost)?;
    if !greeting.is_positive() {
        return Err(greeting.refusal());
    }
    let hello = connection.command(&format!("LHLO {hostname}"), "LHLO", LIMIT).await.map_err(lost)?;
    if !hello.is_positive() {
        return Err(hello.refusal());
    }
    connection.capabilities = Capabilities::of_hello(&hello);
    let takes = |name: &str| connection.capabilities.offer_word("XFORWARD", name);
    for command in origin.commands(takes) {
        // The facts are for the next hop's log. The message counts more.
        connection.command(&command, "XFORWARD", LIMIT).await.map_err(lost)?;
    }
    let answers = transact(&mut connection, envelope, content).await;
    connection.quit(LIMIT).await;
    answers
}

async fn transact(
    connection: &mut Connection,
    envelope: &Envelope,
    content: impl AsyncRead + Unpin,
) -> Result<Vec<Answer>, Refusal> {
    let Envelope { sender, recipients, .. } = envelope;
    let mut answers: Vec<Option<Answer>> = vec![None; recipients.len()];
    let (mut commands, mut asked) = (vec![mail_command(sender, &connection.capabilities, true)?], Vec::new());
    for (place, recipient) in recipients.iter().enumerate() {
        match rcpt_command(recipient, sender, &connection.capabilities) {
            Ok(command) => {
                commands.push(command);
                asked.push(place);
            }
            Err(refusal) => answers[place] = Some(Err(refusal)),
        }
    }
    let replies = connection.commands(&commands, LIMIT, |number, reply| number > 0 || reply.is_positive());
    let replies = replies.await.map_err(lost)?;
    let Some((mail, of_recipients)) = replies.split_first() else {
        return Err(lost(HopError::Lacks("MAIL")));
    };
    if !mail.is_positive() {
        return Err(mail.refusal());
    }
    let mut accepted = Vec::new();
    for (place, reply) in asked.into_iter().zip(of_recipients) {
        if reply.is_positive() {
            accepted.push(place);
        } else {
            answers[place] = Some(Err(reply.refusal()));
        }
    }
    if !accepted.is_empty() {
        let sent = send(connection, content, accepted.len()).await;
        for (place, answer) in accepted.into_iter().zip(sent) {
            answers[place] = Some(answer);
        }
    }
    let unanswered = || Err(Refusal::internal("the server has not answered for this recipient"));
    Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect())
}

/// Sends the content, and reads an answer for each of these recipients.
async fn send(
    connection: &mut Connection,
    mut content: impl AsyncRead + Unpin,
    recipients: usize,
) -> Vec<Answer> {
    let limits = Limits { block: LIMIT, end: LIMIT };
    let sent = async {
        let mut writer = Writer::new(connection, Form::Chunks, limits);
        let mut piece = vec![0; PIECE];
        loop {
            let read = timeout(READ, content.read(&mut piece)).await;
            match read.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
                Ok(0) => return writer.finish().await,
                Ok(length) => writer.push(&piece[..length]),
                // The end of the content is not sent, so nothing is stored.
                Err(error) => return Err(unreadable(&error)),
            }
            writer.flush_if_full().await?;
        }
    };
    match sent.await {
        Ok(()) => read_answers(connection, recipients, limits.end).await.0,
        Err(refusal) => {
            // No command may follow within the content.
            connection.owed += 1;
            vec![Err(refusal); recipients]
        }
    }
}

/// Returns the refusal of a message whose content cannot be read. It is for the log and for dead letters.
pub(crate) fn unreadable(error: &dyn Error) -> Refusal {
    Refusal::new(451, (4, 3, 0), format!("The content cannot be read: {error}"))
}

fn lost(error: HopError) -> Refusal {
    match error {
        HopError::Refused(_, farewell) => farewell.refusal(),
        error => Refusal::internal(error),
    }
}

#[cfg(test)]
mod tests;
