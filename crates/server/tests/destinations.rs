//! A server is built only if messages end somewhere, and what is read is kept only for those who read on.

use mailchute::{
    Answer, BuildError, Credentials, Hooks, Mechanism, Message, Recipient, ScramVerifier, Server, Session,
    TypedState, Verdict, testing,
};

/// Cares for recipients and reads no message.
struct OnlyRecipients;

impl Hooks for OnlyRecipients {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        Ok(to.domain_is("example.com").into())
    }
}

/// Reads every message.
struct Reader;

impl Hooks for Reader {
    fn reads_messages(&self) -> bool {
        true
    }

    async fn data(&self, message: &mut Message, _session: &Session) -> Answer {
        while message.chunk().await?.is_some() {}
        Ok(Verdict::Accept)
    }
}

#[test]
fn hooks_that_read_no_message_are_no_place_for_it() {
    assert_eq!(Server::builder().hooks(OnlyRecipients).build().unwrap_err(), BuildError::NoDestination);
    assert!(Server::builder().hooks(OnlyRecipients).hooks(Reader).build().is_ok());
}

/// Forgets to say what it implements.
struct Forgetful;

impl Hooks for Forgetful {
    async fn scram_verifier(
        &self,
        _user: &str,
        _session: &Session,
    ) -> Result<Option<ScramVerifier>, mailchute::Reply> {
        Ok(None)
    }

    async fn auth(&self, credentials: &Credentials, _session: &Session) -> Answer {
        Ok(credentials.is("alice", "wonderland").into())
    }

    async fn data(&self, message: &mut Message, session: &Session) -> Answer {
        Reader.data(message, session).await
    }
}

#[test]
fn a_type_that_forgets_to_say_what_it_implements_is_told_what_to_write() {
    let reads = "`fn data` also needs `fn reads_messages(&self) -> bool { true }`";
    let judges = "`fn auth` also needs `fn judges_credentials(&self) -> bool { true }`";
    let verifies = "`fn gives_scram_verifiers(&self) -> bool { true }`";
    let both = || Server::builder().hooks(Forgetful).hooks(Reader);
    for (options, cures) in [
        (Server::builder().hooks(Forgetful), [reads, ""]),
        (both().require_auth(), [judges, verifies]),
        (both().mechanisms([Mechanism::ScramSha256]), [verifies, ""]),
    ] {
        let error = options.build().unwrap_err().to_string();
        assert!(cures.iter().all(|cure| error.contains(cure)), "{error}");
    }
}

/// Files without a name that this process holds in the folder for temporary ones.
fn spools() -> usize {
    let files = std::fs::read_dir("/proc/self/fd").expect("the system lists open files");
    let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let folder = std::env::temp_dir();
    targets
        .filter(|target| target.starts_with(&folder) && target.to_string_lossy().contains("deleted"))
        .count()
}

#[tokio::test]
async fn nothing_is_spooled_for_a_hook_that_reads_no_message() {
    let server = Server::builder()
        .on_data(|mut message, _session| async move {
            let mut octets = 0;
            while let Some(chunk) = message.chunk().await? {
                octets += chunk.len();
            }
            assert!(octets > 4_000_000);
            assert_eq!(spools(), 0);
            Ok(())
        })
        .hooks(OnlyRecipients)
        .build()
        .unwrap();
    let mut client = testing::client(&server);
    client.greeting().await.expect(220);
    for command in ["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<a@example.com>"] {
        client.send(command).await.expect(250);
    }
    client.send("DATA").await.expect(354);
    for _ in 0..60_000 {
        client.send_octets(&[[b'x'; 70].as_slice(), b"\r\n"].concat()).await;
    }
    client.send(".").await.expect(250);
}

#[tokio::test]
async fn an_err_with_a_reply_that_is_no_refusal_does_not_accept() {
    let server = Server::builder()
        .hooks(Reader)
        .on_mail_from(|_, _| async { Err::<(), _>(mailchute::Reply::new(250, (2, 1, 0), "fine")) })
        .build()
        .unwrap();
    let mut client = testing::client(&server);
    client.greeting().await.expect(220);
    client.send("EHLO client.example").await.expect(250);
    client.send("MAIL FROM:<>").await.expect(451);
}

/// Looks into the state that it lies in when it is dropped.
struct Curious(Session);

impl Drop for Curious {
    fn drop(&mut self) {
        let state: &TypedState = self.0.transaction_state();
        assert_eq!(state.get::<u8>(), None);
    }
}

#[tokio::test]
async fn a_value_may_look_into_the_state_when_the_transaction_ends() {
    let server = Server::builder()
        .hooks(Reader)
        .on_mail_from(|_, session| async move {
            session.transaction_state().insert(Curious(session.clone()));
        })
        .build()
        .unwrap();
    let mut client = testing::client(&server);
    client.greeting().await.expect(220);
    client.send("EHLO client.example").await.expect(250);
    client.send("MAIL FROM:<>").await.expect(250);
    client.send("RSET").await.expect(250);
    client.send("MAIL FROM:<>").await.expect(250);
}
