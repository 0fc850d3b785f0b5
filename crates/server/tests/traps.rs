//! Mistakes that an API could invite. The replies show that each does no harm.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::support::{StoreBy as _, accepting, build, builder, deliver, hello, read_on};
use mailchute::{
    Answer, Authenticator, Builder, Check, Credentials, Hooks, Install, Message, Receipt, Recipient, Refusal,
    Reply, Server, Session, Store, Verdict, testing,
};

/// PLAIN's response for alice and her password, wonderland.
const ALICE: &str = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=";

/// The same with the password guess.
const MALLORY: &str = "AUTH PLAIN AGFsaWNlAGd1ZXNz";

/// For bob, whose password is builder.
const BOB: &str = "AUTH PLAIN AGJvYgBidWlsZGVy";

/// No user's.
const EVE: &str = "AUTH PLAIN AGV2ZQBhcHBsZQ==";

async fn says(server: &Server, line: &str) -> String {
    hello(server).await.command(line).await.to_string()
}

/// Refuses every recipient and every login.
struct RefusesAll;

impl Hooks for RefusesAll {
    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        Ok(Verdict::Refuse)
    }

    async fn authenticated(&self, _identity: &str, _session: &Session) -> Answer {
        Ok(Verdict::Refuse)
    }
}

impl Authenticator for RefusesAll {
    async fn check(&self, _credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        Ok(Check::Wrong)
    }
}

impl Install for RefusesAll {
    fn install(self, builder: Builder) -> Builder {
        let this = Arc::new(self);
        builder.hooks(Arc::clone(&this)).authenticator(this)
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_refuses_logins_needs_no_flag() {
    let builder = || accepting().allow_plaintext_auth().on_auth(|_, _| async { Check::Right });
    assert_eq!(says(&build(builder()), ALICE).await, "235 2.7.0 Authentication successful");
    let refused = "535 5.7.8 Authentication credentials invalid";
    assert_eq!(says(&build(builder().hooks(RefusesAll)), ALICE).await, refused);
}

#[tokio::test(start_paused = true)]
async fn a_value_with_several_roles_is_registered_by_one_call() {
    let server = build(accepting().allow_plaintext_auth().with(RefusesAll));
    assert_eq!(says(&server, ALICE).await, "535 5.7.8 Authentication credentials invalid");
    let mut client = hello(&server).await;
    assert_eq!(client.command("MAIL FROM:<>").await.to_string(), "250 2.1.0 Sender OK");
    assert_eq!(
        client.command("RCPT TO:<bob@example.com>").await.to_string(),
        "550 5.1.1 Recipient address rejected"
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_that_judge_nothing_offer_no_auth() {
    struct OnlyRecipients;
    impl Hooks for OnlyRecipients {}
    let server = build(accepting().allow_plaintext_auth().hooks(OnlyRecipients));
    assert!(says(&server, ALICE).await.starts_with("502 5.5.1 "));
}

/// Two tables of users: staff and customers.
fn two_tables() -> Server {
    fn table(user: &'static str, password: &'static str) -> impl Authenticator {
        struct Table(&'static str, &'static str);
        impl Authenticator for Table {
            async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
                let Self(user, password) = *self;
                Ok(Check::of((credentials.user() == user).then(|| credentials.is(user, password))))
            }
        }
        Table(user, password)
    }
    build(
        accepting()
            .allow_plaintext_auth()
            .authenticator(table("alice", "wonderland"))
            .authenticator(table("bob", "builder")),
    )
}

#[tokio::test(start_paused = true)]
async fn each_of_two_user_tables_lets_its_users_in() {
    let server = two_tables();
    assert_eq!(says(&server, ALICE).await, "235 2.7.0 Authentication successful");
    assert_eq!(says(&server, BOB).await, "235 2.7.0 Authentication successful");
    assert_eq!(says(&server, MALLORY).await, "535 5.7.8 Authentication credentials invalid");
    assert_eq!(says(&server, EVE).await, "535 5.7.8 Authentication credentials invalid");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_in_one_table_is_not_right_in_the_next() {
    let careless = accepting()
        .allow_plaintext_auth()
        .on_auth(|credentials, _| async move { Check::right_if(credentials.is("alice", "wonderland")) })
        .on_auth(|_, _| async { Check::Right });
    assert_eq!(says(&build(careless), MALLORY).await, "535 5.7.8 Authentication credentials invalid");
}

#[tokio::test(start_paused = true)]
async fn what_one_authenticator_says_of_who_it_is_does_not_outlast_it() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, session| async move {
                session.identify("root");
                Check::NotMine
            })
            .on_auth(|_, _| async { Check::Right })
            .on_mail_from(|_, session| async move {
                Verdict::AcceptWith(Reply::new(
                    250,
                    (2, 1, 0),
                    session.identity().unwrap_or_default().to_string(),
                ))
            }),
    );
    let mut client = hello(&server).await;
    client.command(ALICE).await.expect(235);
    assert_eq!(client.command("MAIL FROM:<>").await.to_string(), "250 2.1.0 alice");
}

#[tokio::test(start_paused = true)]
async fn a_second_reader_changes_nothing_for_the_first() {
    let store = |message: Message, _session| async move {
        read_on(message, _session).await?;
        Ok::<_, Refusal>(Receipt::new("Queued as 1"))
    };
    let server = build(builder().on_message(read_on).on_message(read_on).on_store(store));
    assert_eq!(deliver(&mut hello(&server).await).await.to_string(), "250 2.6.0 Queued as 1");
}

#[tokio::test(start_paused = true)]
async fn no_hook_replaces_the_stores_reply() {
    struct Queue;
    impl Store for Queue {
        async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
            message.bytes().await?;
            Ok(Receipt::new("Queued as 4fzQ"))
        }
    }
    let server = build(
        builder()
            .on_data(|_, _| async { Verdict::AcceptWith(Reply::new(250, (2, 6, 0), "Thank you")) })
            .on_message(read_on)
            .store(Queue),
    );
    assert_eq!(deliver(&mut hello(&server).await).await.to_string(), "250 2.6.0 Queued as 4fzQ");
}

#[tokio::test(start_paused = true)]
async fn remembering_a_client_refuses_no_second_connection() {
    let seen: Arc<Mutex<HashSet<IpAddr>>> = Arc::default();
    let server = build(accepting().on_connect(move |session| {
        let seen = Arc::clone(&seen);
        async move {
            // Without the semicolon this does not compile: `insert` returns a bool.
            seen.lock().unwrap().insert(session.client_ip());
        }
    }));
    for _ in 0..2 {
        let mut client = testing::connect(&server).open();
        assert!(client.greeting().await.to_string().starts_with("220 mx.example.com"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_a_positive_code_refuses() {
    let server = build(accepting().on_mail_from(|_, _| async { Refusal::new(250, (2, 1, 0), "Fine") }));
    assert_eq!(says(&server, "MAIL FROM:<>").await, "451 4.3.0 Internal error; try again later");
}

#[tokio::test(start_paused = true)]
async fn accepting_with_a_negative_reply_refuses() {
    let reply = || Verdict::AcceptWith(Reply::new(550, (5, 7, 1), "No"));
    let server = build(accepting().on_mail_from(move |_, _| async move { reply() }));
    assert_eq!(says(&server, "MAIL FROM:<>").await, "451 4.3.0 Internal error; try again later");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_the_354_spares_the_transfer() {
    let server = build(
        builder()
            .on_data(|envelope, _| async move {
                if envelope.recipients.len() > 1 {
                    return Err(Refusal::new(550, (5, 5, 3), "One at a time"));
                }
                Ok(())
            })
            .store_by(|mut message, _| async move { message.bytes().await.map(drop).map_err(Refusal::from) }),
    );
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    assert_eq!(client.command("DATA").await.to_string(), "550 5.5.3 One at a time");
    assert_eq!(deliver(&mut client).await.to_string(), "250 2.6.0 Message accepted");
}
