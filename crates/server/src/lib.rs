//! A customizable, lightweight, event-driven SMTP server to embed.
//!
//! A program gives a [`Server`] its own code for what happens at every stage of a session:
//!
//! - **[hooks](Hooks)** are awaited and decide: they accept, answer with a reply of their own, refuse, or hang
//!   up. They are closures ([`Builder::on_mail_from`] and its like) or a type that implements [`Hooks`].
//! - **[events](Event)** observe and never hold a session up.
//! - **[authenticators](Authenticator)** judge credentials, and **[filters](Filter)** read messages.
//! - a **[store](Store)** keeps what was accepted, and answers for it.
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
//! LMTP (RFC 2033) is spoken on listeners of its own ([`Listener::lmtp`]); there the end of a message has a reply for each
//! recipient, and [`Message::refuse`] refuses it for single ones.
//!
//! # Logs
//!
//! Mailchute logs by [`tracing`](https://docs.rs/tracing): without a subscriber, such as `tracing_subscriber::fmt::init()`
//! at the start of the program, nobody sees anything. The targets begin with `mailchute` (and `mailchute_stores`); filter
//! by these names, as the modules after them may change.
//!
//! | level | event | fields |
//! |---|---|---|
//! | error | `hook-failed`, `hook-panicked`, `hook-late`: a hook or store failed, panicked or was too slow | `stage`, `hook`, `error`; `panic` |
//! | | `accept-failed`: no connection can be accepted; `no-random-numbers` | `error` |
//! | warn | `turned-away`: a connection was closed at once | `client`, `error` |
//! | | `certificate-expired`, `certificate-early`: a certificate has expired or is not valid yet | `names`, `since`, `until` |
//! | | `grace-over`: sessions are cut off at the end of a stop | `sessions` |
//! | | `message-unread`: the store has not read an accepted message to its end; `socket-locked` | `path` |
//! | info | `accepted`: a message was | `id`, `helo`, `tls`, `user`, `from`, `to`, `recipients`, `size`, `store`, `took` |
//! | | `discarded`: a filter threw an accepted message away | `id` |
//! | | `refused`: a command was, or with `id` and `to` a message | `id`, `helo`, `tls`, `user`, `from`, `to`, `command`, `reply`, `stage`, `hook`, `took` |
//! | | `disconnected`: a session ended badly | `cause`, `helo`, `tls`, `user`, `from`, `messages`, `refusals`, `took` |
//! | | `tls-failed`: a TLS handshake failed; `stopping`: a server has begun to stop | `error`; `sessions` |
//! | debug | `connected`, `disconnected`: any session | `proxy`; `cause`, `messages` |
//! | | `command`, with its reply, or a `reply` by itself | `command`, `reply` |
//! | | `secured`: TLS is up | `version`, `cipher`, `sni`, `resumed`, `client_certificate`, `client_verified` |
//! | | `turned-away`: a connection that a proxy closed before any octet | `client`, `error` |
//! | | `kept`: the Maildir has a message | `path` |
//!
//! The event is the name in the metadata of the `tracing` event. The page `docs/log.md` of the repository says what each
//! field means; there `id` is called `message`, and the fields of the span stand in each line.
//!
//! At info a session has one line a message, at most 100 refusals, and one line if it ends badly: at a timeout or a limit,
//! hung up on, or cut off in a transaction. Texts of clients are cut after 200 octets, those of commands and replies at
//! debug after 1,000. Credentials are never logged.
//!
//! All that happens in a session, what your own hooks log included, is in its span `session`, whose fields are `id`,
//! `client`, and, once an XCLIENT has named a client, `speaks_for`. Its level is error, so that it is there whatever level is
//! logged.
//!
//! A subscriber that writes, such as that of `tracing_subscriber::fmt::init()`, writes on the thread of the session: where
//! nobody reads its output, sessions wait. The program `mailchute` writes from a thread of its own; the crate
//! `tracing-appender` does the same for yours.
//!
//! # Internationalized domains
//!
//! `domain_is`, `is_local_to` and [`same_domain`] compare domains by their A-labels, with the crate `idna`. Its back end
//! is chosen by the `Cargo.lock` of your application: `cargo update -p idna_adapter --precise 1.1.0` takes the one that
//! shares its tables with `saslprep`, and saves 18 crates against the default.
//!
//! # What happens to a command
//!
//! ```text
//!   socket ──► wire ──► machine ──► hooks, in order ──► machine ──► wire ──► socket
//!             (input)  (question)   first refusal wins   (reply)   (output)
//!                          │
//!                          └──► events, to whoever watches
//! ```
//!
//! The conversation itself is the crate `mailchute-proto`, which does no I/O; its types that hooks and events meet are
//! exported here as well, with all that can be taken out of them.

mod connection;
mod driver;
pub mod events;
mod hooks;
pub mod limits;
mod listen;
pub mod message;
mod net;
mod proxy;
mod runtime;
mod server;
mod session;
pub mod testing;
mod tls;

pub use mailchute_proto::question::{Command, Ehlo};
pub use mailchute_proto::{
    AddressError, AddressLiteral, Answer, Attribute, BareLineEnds, BodyKind, ByMode, Code, CramMd5Digest,
    Credentials, DateTime, DeliverBy, Domain, EhloEdits, EhloError, Enhanced, Envelope, EnvelopeSyntax,
    Extension, ForwardPath, GeneralLiteral, HeloKind, HeloName, Hold, MailParameters, Mailbox, Mechanism,
    MessageSource, Notify, OriginalRecipient, ParameterError, Parameters, Password, Priority,
    PriorityProfile, Protocol, ProxiedProtocol, RcptParameters, Recipient, Refusal, Reply, ReplyError, Ret,
    ReversePath, ScramVerifier, ScramVerifierError, Sender, Severity, Submitter, Token, TypedState, Verb,
    Verdict, XClient, XForward, escaped, is_control, same_domain, saslprep,
};

pub use events::{Event, Events};
pub use hooks::Hooks;
pub use hooks::authenticator::{Authenticator, Check};
pub use hooks::filter::Filter;
pub use hooks::into_answer::{IntoAnswer, IntoCheck, IntoMessage, IntoReceipt};
pub use hooks::scram_verifiers::ScramVerifiers;
pub use hooks::store::{Receipt, Store};
pub use listen::inherited::ListeningSocket;
pub use listen::listener::Listener;
pub use message::Message;
pub use message::body_error::BodyError;
pub use message::id::MessageId;
pub use net::arrival::Arrival;
pub use net::endpoint::{Endpoint, EndpointError};
pub use net::io::Io;
pub use net::network::{Network, NetworkError};
pub use server::Server;
pub use server::build_error::BuildError;
pub use server::builder::Builder;
pub use server::builder::install::Install;
pub use server::running::Running;
pub use server::serving::Serving;
pub use server::stats::Stats;
pub use session::disconnect::Disconnect;
pub use session::{Session, SessionId, SessionPhase, TransmissionType};
pub use tls::{ClientCertificate, ClientCertificates, TlsConfig, TlsError, TlsFacts, Trust};

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
}
