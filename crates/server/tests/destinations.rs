//! A server builds only if messages are accepted somewhere, and content is kept only if another hook reads it.

use crate::support::{StoreBy as _, accepting};
use mailchute::auth::Mechanism;
use mailchute::message::BodyError;
use mailchute::session::TypedState;
use mailchute::{Answer, BuildError, Hooks, Recipient, Server, Session, Verdict, testing};

/// Checks recipients and reads no message.
struct OnlyRecipients;

impl Hooks for OnlyRecipients {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        Verdict::accept_if(to.domain_is("example.com"))
    }
}

#[test]
fn a_server_without_a_store_is_not_built() {
    let error = Server::builder().hooks(OnlyRecipients).build().unwrap_err();
    assert_eq!(error, BuildError::NoStore);
    assert!(error.to_string().contains("write .store(…) or .on_store(…)"), "{error}");
    assert!(accepting().hooks(OnlyRecipients).build().is_ok());
}

#[test]
fn what_is_missing_is_named_with_what_to_write() {
    for (options, cure) in [
        (accepting().require_auth(), "write .on_auth(…) or .on_scram(…)"),
        (accepting().mechanisms([Mechanism::ScramSha256]), "write .scram_verifiers(…) or .on_scram(…)"),
    ] {
        let error = options.build().unwrap_err().to_string();
        assert!(error.contains(cure), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_spooled_without_a_filter_that_reads() {
    let server = Server::builder()
        .store_by(|mut message, _session| async move {
            let mut bytes = 0;
            while let Some(chunk) = message.chunk().await? {
                bytes += chunk.len();
            }
            assert!(bytes > 4_000_000);
            // Kept content could be read again.
            assert!(matches!(message.header().await, Err(BodyError::Gone)));
            Ok(())
        })
        .hooks(OnlyRecipients)
        .build()
        .unwrap();
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    for command in ["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<a@example.com>"] {
        client.command(command).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    for _ in 0..60_000 {
        client.send_bytes(&[[b'x'; 70].as_slice(), b"\r\n"].concat()).await;
    }
    client.command(".").await.expect(250);
}

/// Reads the state that contains it while it is dropped.
struct Curious(Session);

impl Drop for Curious {
    fn drop(&mut self) {
        let state: &TypedState = self.0.transaction_state();
        assert_eq!(state.get::<u8>(), None);
    }
}

#[tokio::test]
async fn a_value_may_look_into_the_state_when_the_transaction_ends() {
    let server = accepting()
        .on_mail_from(|_, session| async move {
            session.transaction_state().insert(Curious(session.clone()));
        })
        .build()
        .unwrap();
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
}
