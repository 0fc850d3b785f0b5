//! Helpers that the tests of the library share: servers, clients, and ways to watch them.
#![allow(dead_code, reason = "each file of tests uses its own part of it")]

pub(crate) mod clients;
pub(crate) mod danger;
pub(crate) mod log;
pub(crate) mod mailboxes;
pub(crate) mod odd_names;
pub(crate) mod scram;
pub(crate) mod shown;
pub(crate) mod stages;
pub(crate) mod talk;
pub(crate) mod tls;

use std::future::{Future, Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};

use mailchute::closures::IntoAnswer;
use mailchute::testing::{self, Client};
use mailchute::{Answer, Builder, Check, Message, Receipt, Refusal, Reply, Server, Session, Verdict};

/// A small message with its final dot, as [`Client::command`] takes it.
pub(crate) const MESSAGE: &str = "Subject: hello\r\n\r\nHello Bob\r\n.";

/// The content of [`MESSAGE`].
pub(crate) const CONTENT: &[u8] = b"Subject: hello\r\n\r\nHello Bob\r\n";

/// A server without hooks. It needs a store to build.
pub(crate) fn builder() -> Builder {
    Server::builder().hostname("mx.example.com")
}

/// A server that reads every message to its end and accepts it.
pub(crate) fn accepting() -> Builder {
    builder().store_by(|message, _session| read_all(message))
}

/// Stores that answer as a hook does, with the standard reply if the closure accepts.
pub(crate) trait StoreBy {
    fn store_by<F, Fut>(self, store: F) -> Self
    where
        F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoAnswer;
}

impl StoreBy for Builder {
    fn store_by<F, Fut>(self, store: F) -> Self
    where
        F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoAnswer,
    {
        self.on_store(move |message, session| {
            let answer = store(message, session);
            async move { receipt(answer.await.into_answer()?) }
        })
    }
}

/// The hook's answer with this meaning.
pub(crate) fn say(reply: Reply) -> Answer {
    match Refusal::try_from(reply.clone()) {
        Ok(refusal) => Err(refusal),
        Err(_) => Ok(Verdict::AcceptWith(reply)),
    }
}

/// The receipt of a store that answers as a hook does.
pub(crate) fn receipt(verdict: Verdict) -> Result<Receipt, Refusal> {
    match verdict {
        Verdict::Accept => Ok(Receipt::new("Message accepted")),
        Verdict::AcceptWith(reply) => {
            let receipt = Receipt::new(reply.text().to_owned());
            Ok(match reply.enhanced() {
                Some(enhanced) => receipt.with_enhanced(enhanced.subject(), enhanced.detail()),
                None => receipt,
            })
        }
        Verdict::Refuse => Err(Refusal::from_reply(mailchute_proto::catalog::MESSAGE_REFUSED)),
    }
}

/// A server for example.com, where Alice can log in without TLS.
pub(crate) fn example_com_with_alice() -> Builder {
    accepting()
        .allow_plaintext_auth()
        .on_auth(|given, _| async move { Check::right_if(given.is("alice", "wonderland")) })
        .on_rcpt_to(|to, _| async move { Verdict::accept_if(to.domain_is("example.com")) })
}

/// Builds a server that must build.
pub(crate) fn build(builder: Builder) -> Server {
    builder.build().expect("the options are right")
}

/// Reads a message chunk by chunk to its end.
pub(crate) async fn read_all(mut message: Message) -> Result<(), Refusal> {
    while message.chunk().await?.is_some() {}
    Ok(())
}

/// Reads a message to its end, with the trace fields of a delivery on top.
pub(crate) async fn traced(mut message: Message) -> Result<String, Refusal> {
    message.prepend_trace_fields();
    Ok(String::from_utf8_lossy(&message.bytes().await?).into_owned())
}

/// Reads a message chunk by chunk to its end and passes it on, as a filter.
pub(crate) async fn read_on(mut message: Message, _session: Session) -> Result<Message, Refusal> {
    while message.chunk().await?.is_some() {}
    Ok(message)
}

/// A client that was greeted and has sent EHLO.
pub(crate) async fn hello(server: &Server) -> Client {
    let mut client = testing::connect(server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    client
}

/// Runs a session up to DATA, which is not sent yet.
pub(crate) async fn envelope(client: &mut Client) {
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
}

/// A client whose message the server expects.
pub(crate) async fn in_data(server: &Server) -> Client {
    let mut client = hello(server).await;
    envelope(&mut client).await;
    client.command("DATA").await.expect(354);
    client
}

/// Sends one small message and returns the reply to it.
pub(crate) async fn deliver(client: &mut Client) -> testing::Reply {
    envelope(client).await;
    client.command("DATA").await.expect(354);
    client.command(MESSAGE).await
}

/// Like [`deliver`], over any transport.
pub(crate) async fn talk_one_message<S: mailchute::listen::Io>(client: &mut talk::Talk<S>) {
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(MESSAGE, "250").await;
}

/// The things that hooks saw, in order. Clones share them.
#[derive(Debug)]
pub(crate) struct Seen<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Seen<T> {
    pub(crate) fn push(&self, value: impl Into<T>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value.into());
    }

    /// Like [`push`](Self::push), as the whole body of a hook.
    pub(crate) fn note(&self, value: impl Into<T>) -> Ready<()> {
        self.push(value);
        ready(())
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }

    /// Lets other tasks run until there are `count`.
    pub(crate) async fn until(&self, count: usize) -> Vec<T> {
        while self.count() < count {
            tokio::task::yield_now().await;
        }
        self.all()
    }
}

/// Records its own drop, such as that of an abandoned hook's future.
#[derive(Debug)]
pub(crate) struct DropNote(pub(crate) Seen<&'static str>, pub(crate) &'static str);

impl Drop for DropNote {
    fn drop(&mut self) {
        self.0.push(self.1);
    }
}
