//! Closures as hooks, authenticators, filters and stores. Each role or stage has its own type, which
//! implements only that.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::catalog;
use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Answer, Credentials, Envelope, Recipient, Refusal, ScramVerifier, Sender, Verdict};

use crate::events::stage::Stage;
use crate::hooks::authenticator::Check;
use crate::hooks::into_answer::{IntoAnswer, IntoCheck, IntoMessage, IntoReceipt};
use crate::hooks::store::Receipt;
use crate::hooks::{Authenticator, Filter, Hooks, Named, ScramVerifiers, Store};
use crate::message::Message;
use crate::server::builder::Builder;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

macro_rules! closures {
    ($($(#[$meta:meta])* $on:ident, $name:ident, $method:ident, $stage:ident, ($($argument:ident: $type:ty)?);)*) => {
        $(
            struct $name<F>(F);

            impl<F, Fut> Hooks for $name<F>
            where
                F: Fn($($type,)? Session) -> Fut + Send + Sync + 'static,
                Fut: Future + Send,
                Fut::Output: IntoAnswer,
            {
                async fn $method(&self, $($argument: &$type,)? session: &Session) -> Answer {
                    (self.0)($($argument.clone(),)? session.clone()).await.into_answer()
                }
            }
        )*

        /// # Hooks as closures
        ///
        /// Each closure takes owned arguments that are cheap to clone, and returns a future. [`IntoAnswer`]
        /// lists what it may return. The method of [`Hooks`] of the same name says when it is asked.
        ///
        /// Calls share what the closure captures: clone it at each call, and move the clone into the future.
        ///
        /// ```
        /// # use std::{collections::HashMap, net::IpAddr, sync::{Arc, Mutex}};
        /// # use mailchute::Server;
        /// let seen: Arc<Mutex<HashMap<IpAddr, u32>>> = Arc::default();
        /// Server::builder().on_connect(move |session| {
        ///     let seen = Arc::clone(&seen);
        ///     async move {
        ///         // The guard goes before any .await.
        ///         *seen.lock().expect("nobody panics with it").entry(session.client_ip()).or_default() += 1;
        ///     }
        /// });
        /// ```
        impl Builder {
            $(
                $(#[$meta])*
                pub fn $on<F, Fut>(self, hook: F) -> Self
                where
                    F: Fn($($type,)? Session) -> Fut + Send + Sync + 'static,
                    Fut: Future + Send,
                    Fut::Output: IntoAnswer,
                {
                    self.hook(Some(Stage::$stage), Named::by_method(stringify!($on), $name(hook)))
                }
            )*
        }
    };
}

closures! {
    /// Decides on a new connection; see [`Hooks::connect`].
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_connect(|session| async move { Verdict::accept_if(!session.client_ip().is_multicast()) });
    /// ```
    on_connect, OnConnect, connect, Connect, ();
    /// Decides on EHLO and HELO; see [`Hooks::ehlo`].
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_ehlo(|ehlo, _session| async move { Verdict::accept_if(!ehlo.name.domain_is("localhost")) });
    /// ```
    on_ehlo, OnEhlo, ehlo, Ehlo, (ehlo: Ehlo);
    /// Decides on STARTTLS, before the handshake; see [`Hooks::start_tls`].
    ///
    /// ```
    /// # use mailchute::{Refusal, Server};
    /// # fn is_renewed() -> bool { false }
    /// Server::builder().on_start_tls(|_session| async move {
    ///     if !is_renewed() {
    ///         return Err(Refusal::new(454, (4, 7, 0), "The certificate has expired"));
    ///     }
    ///     Ok(())
    /// });
    /// ```
    on_start_tls, OnStartTls, start_tls, StartTls, ();
    /// Decides on a TLS session that has just begun; see [`Hooks::secure`].
    ///
    /// ```
    /// # use mailchute::tls::TlsVersion;
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_secure(|tls, _session| async move { Verdict::accept_if(tls.version >= TlsVersion::Tls1_3) });
    /// ```
    on_secure, OnSecure, secure, Secure, (tls: TlsFacts);
    /// Decides on MAIL; see [`Hooks::mail_from`].
    ///
    /// ```
    /// # use mailchute::{Refusal, Server};
    /// Server::builder().on_mail_from(|from, _session| async move {
    ///     if from.domain_is("blacklisted.example") {
    ///         return Err(Refusal::new(550, (5, 7, 1), "Sender address rejected"));
    ///     }
    ///     Ok(())
    /// });
    /// ```
    on_mail_from, OnMailFrom, mail_from, MailFrom, (from: Sender);
    /// Decides on RCPT; see [`Hooks::rcpt_to`].
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) });
    /// ```
    ///
    /// The session has the [sender](Session::sender), and the [envelope](Session::envelope) of the recipients before.
    on_rcpt_to, OnRcptTo, rcpt_to, RcptTo, (to: Recipient);
}

struct OnAuthenticated<F>(F);

impl<F, Fut> Hooks for OnAuthenticated<F>
where
    F: Fn(Arc<str>, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoAnswer,
{
    async fn authenticated(&self, identity: &str, session: &Session) -> Answer {
        (self.0)(identity.into(), session.clone()).await.into_answer()
    }
}

struct OnData<F>(F);

impl<F, Fut> Hooks for OnData<F>
where
    F: Fn(Arc<Envelope>, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoAnswer,
{
    async fn data(&self, envelope: &Envelope, session: &Session) -> Answer {
        // The session has the same envelope, which need not be copied.
        let envelope = session.envelope().unwrap_or_else(|| Arc::new(envelope.clone()));
        (self.0)(envelope, session.clone()).await.into_answer()
    }
}

struct OnDisconnect<F>(F);

impl<F, Fut> Hooks for OnDisconnect<F>
where
    F: Fn(Disconnect, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    async fn disconnect(&self, cause: Disconnect, session: &Session) {
        (self.0)(cause, session.clone()).await;
    }
}

struct OnCommand<F> {
    verb: String,
    handler: F,
}

impl<F, Fut> Hooks for OnCommand<F>
where
    F: Fn(String, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoAnswer,
{
    async fn command(&self, command: &Command, session: &Session) -> Answer {
        if command.word != self.verb {
            return Ok(Verdict::Accept);
        }
        Ok(match (self.handler)(command.argument.clone(), session.clone()).await.into_answer()? {
            // The standard has no reply for such a verb, so going on means OK.
            Verdict::Accept => Verdict::AcceptWith(catalog::OK),
            verdict => verdict,
        })
    }
}

struct OnAuth<F>(F);

impl<F, Fut> Authenticator for OnAuth<F>
where
    F: Fn(Credentials, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoCheck,
{
    async fn check(&self, credentials: &Credentials, session: &Session) -> Result<Check, Refusal> {
        (self.0)(credentials.clone(), session.clone()).await.into_check()
    }
}

struct OnScram<F>(F);

impl<F, Fut> ScramVerifiers for OnScram<F>
where
    F: Fn(String, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send,
{
    async fn scram_verifier(&self, user: &str, session: &Session) -> Result<Option<ScramVerifier>, Refusal> {
        (self.0)(user.to_owned(), session.clone()).await
    }
}

struct OnMessage<F>(F);

impl<F, Fut> Filter for OnMessage<F>
where
    F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoMessage,
{
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let returned = (self.0)(message.hand_over(), session.clone()).await.into_message()?;
        if returned.id() != message.id() {
            return Err(Refusal::internal(
                "an on_message closure returned a different message from the one that it got",
            ));
        }
        *message = returned;
        Ok(())
    }
}

struct OnStore<F>(F);

impl<F, Fut> Store for OnStore<F>
where
    F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoReceipt,
{
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        (self.0)(message, session.clone()).await.into_receipt()
    }
}

impl Builder {
    /// Adds a closure that judges credentials, and so offers AUTH; see
    /// [`Authenticator`](crate::Authenticator). The closure returns a [`Check`](crate::Check), or a
    /// `Result<Check, Refusal>`.
    ///
    /// PLAIN and LOGIN are offered inside TLS only, unless
    /// [`allow_plaintext_auth`](Builder::allow_plaintext_auth) allows them elsewhere. Other
    /// [mechanisms](Builder::mechanisms) are offered by name. With [`on_scram`](Builder::on_scram) the
    /// closure is also asked about users who have proved themselves by SCRAM. It should say yes to them if
    /// [`are_proven`](Credentials::are_proven) is enough.
    ///
    /// ```
    /// # use mailchute::{Check, Server};
    /// Server::builder().on_auth(|credentials, _session| async move {
    ///     Check::right_if(credentials.is("alice", "wonderland"))
    /// });
    /// ```
    pub fn on_auth<F, Fut>(self, authenticator: F) -> Self
    where
        F: Fn(Credentials, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoCheck,
    {
        self.add_authenticator(Named::by_method("on_auth", OnAuth(authenticator)))
    }

    /// Adds a closure that returns the verifier of a user. So the server offers SCRAM-SHA-256, and inside TLS
    /// SCRAM-SHA-256-PLUS; see [`ScramVerifiers`](crate::ScramVerifiers).
    ///
    /// ```
    /// # use mailchute::Server;
    /// # use mailchute::auth::ScramVerifier;
    /// # async fn read_from_a_database(user: &str) -> std::io::Result<Option<String>> { Ok(None) }
    /// Server::builder().on_scram(|user, _session| async move {
    ///     Ok(match read_from_a_database(&user).await? {
    ///         Some(line) => Some(line.parse::<ScramVerifier>()?),
    ///         None => None,
    ///     })
    /// });
    /// ```
    pub fn on_scram<F, Fut>(self, verifiers: F) -> Self
    where
        F: Fn(String, Session) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send,
    {
        self.add_scram_verifiers(Named::by_method("on_scram", OnScram(verifiers)))
    }

    /// Decides on a client whose credentials are right; see [`Hooks::authenticated`].
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_authenticated(|identity, _session| async move { Verdict::accept_if(&*identity != "mallory") });
    /// ```
    pub fn on_authenticated<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Arc<str>, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoAnswer,
    {
        self.hook(Some(Stage::Auth), Named::by_method("on_authenticated", OnAuthenticated(hook)))
    }

    /// Decides on a message by its envelope, before the client sends its content; see [`Hooks::data`].
    ///
    /// ```
    /// # use mailchute::{Refusal, Server};
    /// Server::builder().on_data(|envelope, _session| async move {
    ///     if envelope.sender.is_null() && envelope.recipients.len() > 1 {
    ///         return Err(Refusal::new(550, (5, 5, 3), "A bounce has one recipient"));
    ///     }
    ///     Ok(())
    /// });
    /// ```
    pub fn on_data<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Arc<Envelope>, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoAnswer,
    {
        self.hook(Some(Stage::Data), Named::by_method("on_data", OnData(hook)))
    }

    /// Reads a message before the store gets it, and returns it or refuses it; see [`Filter`](crate::Filter).
    ///
    /// The closure gets the message by value and returns it.
    ///
    /// ```
    /// # use mailchute::{Refusal, Server};
    /// Server::builder().on_message(|mut message, _session| async move {
    ///     let content = message.bytes().await?;
    ///     if content.windows(4).any(|window| window == b"spam") {
    ///         return Err(Refusal::new(554, (5, 7, 1), "No spam, please"));
    ///     }
    ///     Ok(message)
    /// });
    /// ```
    pub fn on_message<F, Fut>(self, filter: F) -> Self
    where
        F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoMessage,
    {
        self.add_filter(Named::by_method("on_message", OnMessage(filter)))
    }

    /// Keeps messages, as a [`Store`](crate::Store) does. `Ok` promises that the message is safe. A second
    /// store replaces the first.
    ///
    /// Name the stored message by [`Message::id`], since a session may send many messages.
    ///
    /// ```
    /// # use mailchute::{Receipt, Server};
    /// Server::builder().on_store(|mut message, _session| async move {
    ///     let content = message.bytes().await?;
    ///     println!("{} bytes for {} recipients", content.len(), message.envelope().recipients.len());
    ///     Ok(Receipt::new("Message accepted"))
    /// });
    /// ```
    pub fn on_store<F, Fut>(self, store: F) -> Self
    where
        F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoReceipt,
    {
        self.keep_in(Named::by_method("on_store", OnStore(store)))
    }

    /// Learns that a session is over, and why; see [`Hooks::disconnect`].
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_disconnect(|cause, session| async move { println!("{} left: {cause}", session.id()) });
    /// ```
    pub fn on_disconnect<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Disconnect, Session) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        self.hook(Some(Stage::Disconnect), Named::by_method("on_disconnect", OnDisconnect(hook)))
    }

    /// Adds a verb of the application, or answers RSET, NOOP, VRFY, EXPN or HELP differently; see
    /// [`Hooks::command`].
    ///
    /// The closure gets what the client wrote after the verb. The reply to HELP names the verb.
    /// [`build`](Builder::build) refuses a verb that is not a word or that the conversation itself needs.
    ///
    /// ```
    /// # use mailchute::{Reply, Server, Verdict};
    /// Server::builder().on_command("XPING", |_argument, _session| async {
    ///     Verdict::AcceptWith(Reply::new(250, (2, 0, 0), "pong"))
    /// });
    /// ```
    pub fn on_command<F, Fut>(self, verb: &str, hook: F) -> Self
    where
        F: Fn(String, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoAnswer,
    {
        let verb = verb.to_ascii_uppercase();
        let hook = OnCommand { verb: verb.clone(), handler: hook };
        self.verb(&verb).hook(Some(Stage::Command), Named::by_method("on_command", hook))
    }
}
