//! Add a field, and pass the message on to the next server with lettre: the client gets 250 once that server accepted
//! it.
//!
//! The next server is part of the example; set `NEXT_HOP` to the port of yours. To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to bob@example.com  # 250 2.6.0 Passed on
//! cat mail/new/*  # X-Relayed-For: 127.0.0.1
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to nobody@example.com  # 550 5.1.1 Recipient address rejected
//! ```

use std::error::Error;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use mailchute::{Listener, Message, Receipt, Refusal, Server, Session, Store, Verdict};
use mailchute_examples::serve;
use mailchute_stores::Maildir;

struct Relay(AsyncSmtpTransport<Tokio1Executor>);

impl Store for Relay {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        // `Received:` fields count the hops, so a mail loop ends.
        message.prepend_received();
        let content = message.bytes().await?;
        let envelope = message.envelope();
        let sender = if envelope.sender.is_null() { None } else { Some(envelope.sender.as_str().parse()?) };
        let recipients = envelope.recipients.iter().map(|recipient| recipient.as_str().parse());
        let envelope = Envelope::new(sender, recipients.collect::<Result<_, _>>()?)?;
        // One refused recipient refuses the message for all. So nobody is forgotten, and nobody gets it twice.
        match self.0.send_raw(&envelope, &content).await {
            Ok(_) => Ok(Receipt::new("Passed on")),
            Err(error) => match (error.status(), error.source()) {
                // The client gets the code and the words of the next server.
                (Some(code), Some(words)) => Err(format!("{code} {words}").parse::<Refusal>()?),
                _ => Err(error.into()),
            },
        }
    }
}

/// Stands for the next server.
async fn next_server() -> Result<mailchute::Running, Box<dyn Error>> {
    let server = Server::builder()
        .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.as_str() != "nobody@example.com") })
        .store(Maildir::open("mail")?)
        .build()?;
    Ok(server.listen(Listener::new("127.0.0.1:0")).await?.spawn(Duration::from_secs(5))?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let next = next_server().await?;
    let port = match std::env::var("NEXT_HOP") {
        Ok(port) => port.parse()?,
        Err(_) => next.addrs()[0].port(),
    };
    let relay = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port).build();
    let server = Server::builder()
        .on_message(|mut message, session| async move {
            message.add_above_trace("X-Relayed-For", &session.client_ip().to_string())?;
            Ok(message)
        })
        .store(Relay(relay))
        .build()?;

    serve(server).await?;
    next.stop();
    next.join().await?;
    Ok(())
}
