//! A customizable, lightweight, event-driven SMTP server to embed.
//!
//! A program gives a [`Server`] its own code for each stage of a session:
//!
//! - **[Hooks]** are awaited and decide. They accept, answer with their own reply, refuse, or hang up. A hook
//!   is a closure ([`Builder::on_mail_from`] and its like) or a type that implements [`Hooks`].
//! - **[Events](events::Event)** observe. They never hold a session up.
//! - **[Authenticators](Authenticator)** judge credentials, and **[filters](Filter)** read messages.
//! - A **[store](Store)** keeps accepted messages, and answers for them.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use mailchute::{Refusal, Server, Verdict};
//! use mailchute_stores::Maildir;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     tracing_subscriber::fmt::init();
//!     let server = Server::builder()
//!         .hostname("mx.example.com")
//!         .on_mail_from(|from, _session| async move {
//!             if from.domain_is("blacklisted.example") {
//!                 return Err(Refusal::new(550, (5, 7, 1), "Sender address rejected"));
//!             }
//!             Ok(())
//!         })
//!         .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
//!         .store(Maildir::open("mail")?)
//!         .build()?;
//!     server
//!         .listen("0.0.0.0:25")
//!         .await?
//!         .with_graceful_shutdown(tokio::signal::ctrl_c(), Duration::from_secs(30))
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! A listener can speak LMTP (RFC 2033) instead of SMTP: see [`Listener::lmtp`]. In LMTP the end of a message
//! has a reply for each recipient. [`Message::refuse`] refuses the message for single recipients.
//!
//! # Logs
//!
//! Mailchute logs by [`tracing`](https://docs.rs/tracing). The log needs a subscriber, such as
//! `tracing_subscriber::fmt::init()` at the start of the program. The targets begin with `mailchute` or
//! `mailchute_stores`. Filter by these names only, since the modules after them may change.
//!
//! | level | event | fields |
//! |---|---|---|
//! | error | `hook-failed`, `hook-panicked`, `hook-late`: a hook or store failed, panicked or was too slow | `stage`, `hook`, `error`; `panic`; `took` |
//! | | `accept-failed`: no connection can be accepted; `no-random-numbers` | `error` |
//! | warn | `turned-away`: a connection was closed at once | `client`, `error` |
//! | | `certificate-expired`, `certificate-early`: a certificate has expired or is not valid yet | `names`, `since`, `until` |
//! | | `grace-over`: sessions are cut off at the end of a stop | `sessions` |
//! | | `message-unread`: the store has not read an accepted message to its end; `socket-locked` | `path` |
//! | info | `accepted`: a message was accepted | `id`, `helo`, `tls`, `user`, `from`, `to`, `recipients`, `size`, `store`, `took` |
//! | | `discarded`: a filter threw an accepted message away | `id` |
//! | | `refused`: a command was refused, or with `id` and `to` a message | `id`, `helo`, `tls`, `user`, `from`, `to`, `command`, `reply`, `stage`, `hook`, `took` |
//! | | `disconnected`: a session ended badly | `cause`, `helo`, `tls`, `user`, `from`, `messages`, `refusals`, `took` |
//! | | `tls-failed`: a TLS handshake failed; `stopping`: a server has begun to stop | `error`; `sessions` |
//! | debug | `connected`, `disconnected`: a session begins, a session ends | `proxy`; `cause`, `messages` |
//! | | `command`, with its reply, or a `reply` by itself | `command`, `reply` |
//! | | `secured`: TLS is up | `version`, `cipher`, `sni`, `resumed`, `client_certificate`, `client_verified` |
//! | | `turned-away`: a proxy closed a connection before it sent a byte | `client`, `error` |
//! | | `kept`: the Maildir has a message | `path` |
//!
//! The event is the name in the metadata of the `tracing` event. The page `docs/log.md` of the repository says what each
//! field means; there `id` is called `message`, and the fields of the span stand in each line.
//!
//! At the level info a session has one line for each message, at most 100 refusals, and one line if it ends
//! badly. A bad end is a timeout, a limit, a refusal that hangs up, or a lost connection within a
//! transaction. Texts of clients are cut after 200 bytes. At debug, commands and replies are cut after 1,000.
//! Credentials are never logged.
//!
//! Each session has a span, named `session`. It holds everything that is logged during the session, including
//! what your own hooks log. Its fields are `id`, `client`, and `speaks_for` once XCLIENT has named a client.
//! Its level is error, so that it is there at every level.
//!
//! A subscriber such as that of `tracing_subscriber::fmt::init()` writes on the thread of the session. If
//! nothing reads its output, sessions wait. The program `mailchute` writes from its own thread, and the crate
//! `tracing-appender` does so for your program.
//!
//! # Internationalized domains
//!
//! `domain_is`, `is_local_to` and [`same_domain`](address::same_domain) compare domains by their A-labels, with the crate `idna`.
//! The `Cargo.lock` of your application chooses its back end. `cargo update -p idna_adapter --precise 1.1.0`
//! takes the one that shares its tables with `saslprep`, and saves 18 crates against the default.
//!
//! # What happens to a command
//!
//! ```text
//!   socket ──► wire ──► machine ──► hooks, in order ──► machine ──► wire ──► socket
//!             (input)  (question)   first refusal wins   (reply)   (output)
//!                          │
//!                          └──► events, to subscribers
//! ```
//!
//! The conversation itself is the crate `mailchute-proto`, which does no I/O. This crate exports every type
//! of it that hooks and events use.

mod connection;
mod driver;
pub mod events;
pub mod explain;
mod hooks;
pub mod limits;
pub mod listen;
pub mod message;
mod net;
pub mod proxy;
mod runtime;
mod server;
pub mod session;
pub mod testing;
pub mod tls;

pub use mailchute_proto::{Answer, Credentials, Envelope, Recipient, Refusal, Reply, Sender, Verdict};

pub use hooks::Hooks;
pub use hooks::authenticator::{Authenticator, Check};
pub use hooks::filter::Filter;
pub use hooks::scram_verifiers::ScramVerifiers;
pub use hooks::store::{Receipt, Store};
pub use listen::listener::Listener;
pub use message::incoming::Message;
pub use server::Server;
pub use server::breakdown::{
    Answers, Breakdown, FindingStats, ListenerStats, LoginStats, MeasuredStats, ReplyStats,
};
pub use server::build_error::BuildError;
pub use server::builder::Builder;
pub use server::builder::install::Install;
pub use server::running::Running;
pub use server::serving::Serving;
pub use server::stats::{EndedSessions, Stats};
pub use session::disconnect::Disconnect;
pub use session::handle::Session;

pub mod address {
    //! Addresses: mailboxes, domains, and the paths of MAIL and RCPT.

    pub use mailchute_proto::{
        AddressError, AddressLiteral, Domain, ForwardPath, GeneralLiteral, Mailbox, ReversePath,
        fold_local_part, same_domain,
    };
}

pub mod auth {
    //! AUTH: the mechanisms, and what they send instead of a plain password.

    pub use mailchute_proto::{
        CramMd5Digest, Mechanism, Password, ScramVerifier, ScramVerifierError, Token, saslprep,
    };
}

pub mod closures {
    //! The return values of closures: the conversions into an answer, a check, a message and a receipt.

    pub use crate::hooks::into_answer::{IntoAnswer, IntoCheck, IntoMessage, IntoReceipt};
}

pub mod command {
    //! Commands: their verbs, EHLO, and what it announces.

    pub use mailchute_proto::question::{Command, Ehlo};
    pub use mailchute_proto::{EhloError, Extension, HeloKind, HeloName, Verb};
}

pub mod params {
    //! The parameters of MAIL and RCPT.

    pub use mailchute_proto::{
        BodyKind, ByMode, DateTime, DeliverBy, Hold, MailParameters, Notify, OriginalRecipient,
        ParameterError, Parameters, Priority, PriorityProfile, RcptParameters, Ret, Submitter,
    };
}

pub mod reply {
    //! The parts of a [reply](crate::Reply): its codes, and why a text cannot be one. Standard replies by name, for
    //! [`Builder::on_reply`](crate::Builder::on_reply).

    pub use mailchute_proto::catalog::Name;
    pub use mailchute_proto::{Code, Enhanced, ReplyError, Severity, StandardReply};
}

pub mod syntax {
    //! How strictly the bytes of clients are read, and how they are shown safely.

    pub use mailchute_proto::{BareLineEnds, EnvelopeSyntax, escaped, is_control};
}

/// The code in README.md compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The code in the guide compiles.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/guide/first-server.md")]
    struct FirstServer;

    #[doc = include_str!("../../../docs/guide/hooks.md")]
    struct Hooks;

    #[doc = include_str!("../../../docs/guide/state.md")]
    struct State;

    #[doc = include_str!("../../../docs/guide/messages.md")]
    struct Messages;

    #[doc = include_str!("../../../docs/guide/authentication.md")]
    struct Authentication;

    #[doc = include_str!("../../../docs/guide/stores.md")]
    struct Stores;

    #[doc = include_str!("../../../docs/guide/events.md")]
    struct Events;

    #[doc = include_str!("../../../docs/guide/testing.md")]
    struct Testing;

    #[doc = include_str!("../../../docs/guide/tls.md")]
    struct Tls;
}
