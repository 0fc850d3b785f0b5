//! Closures as hooks: one type a stage, each of which implements that stage of [`Hooks`] and no other.

use std::future::Future;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::reply::catalog;
use mailchute_proto::{Credentials, Recipient, Reply, ScramVerifier, Sender, Verdict};

use crate::hooks::{Answer, Hooks, IntoVerdict, Stage};
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
                Fut::Output: IntoVerdict,
            {
                async fn $method(&self, $($argument: &$type,)? session: &Session) -> Answer {
                    Ok((self.0)($($argument.clone(),)? session.clone()).await.into_verdict())
                }
            }
        )*

        /// # Hooks as closures
        ///
        /// Each takes owned, cheaply cloned arguments and returns a future. See [`IntoVerdict`] for what that may
        /// return, and the method of [`Hooks`] of the same name for when each is asked.
        ///
        /// What calls share is captured: clone it at each call, and move the clone into the future.
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
                    Fut::Output: IntoVerdict,
                {
                    self.hook(Some(Stage::$stage), $name(hook))
                }
            )*
        }
    };
}

closures! {
    /// Decides on a new connection; see [`Hooks::connect`].
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_connect(|session| async move { !session.client_ip().is_multicast() });
    /// ```
    on_connect, OnConnect, connect, Connect, ();
    /// Decides on EHLO and HELO; see [`Hooks::ehlo`].
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_ehlo(|ehlo, _session| async move { !ehlo.name.domain_is("localhost") });
    /// ```
    on_ehlo, OnEhlo, ehlo, Ehlo, (ehlo: Ehlo);
    /// Decides on a TLS session that has just begun; see [`Hooks::secure`].
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_secure(|tls, _session| async move { tls.version == "TLSv1.3" });
    /// ```
    on_secure, OnSecure, secure, Secure, (tls: TlsFacts);
    /// Decides on MAIL; see [`Hooks::mail_from`].
    ///
    /// ```
    /// # use mailchute::{Reply, Server};
    /// Server::builder().on_mail_from(|from, _session| async move {
    ///     if from.domain_is("blacklisted.example") {
    ///         return Err(Reply::new(550, (5, 7, 1), "Sender address rejected"));
    ///     }
    ///     Ok(())
    /// });
    /// ```
    on_mail_from, OnMailFrom, mail_from, MailFrom, (from: Sender);
    /// Decides on RCPT; see [`Hooks::rcpt_to`].
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_rcpt_to(|to, _session| async move { to.is_local_to(["example.com"]) });
    /// ```
    on_rcpt_to, OnRcptTo, rcpt_to, RcptTo, (to: Recipient);
}

struct OnAuth<F>(F);

impl<F, Fut> Hooks for OnAuth<F>
where
    F: Fn(Credentials, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoVerdict,
{
    fn judges_credentials(&self) -> bool {
        true
    }

    async fn auth(&self, credentials: &Credentials, session: &Session) -> Answer {
        Ok((self.0)(credentials.clone(), session.clone()).await.into_verdict())
    }
}

struct OnScram<F>(F);

impl<F, Fut> Hooks for OnScram<F>
where
    F: Fn(String, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<ScramVerifier>, Reply>> + Send,
{
    fn gives_scram_verifiers(&self) -> bool {
        true
    }

    async fn scram_verifier(&self, user: &str, session: &Session) -> Result<Option<ScramVerifier>, Reply> {
        (self.0)(user.to_owned(), session.clone()).await
    }
}

struct OnData<F>(F);

impl<F, Fut> Hooks for OnData<F>
where
    F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
    Fut: Future + Send,
    Fut::Output: IntoVerdict,
{
    fn reads_messages(&self) -> bool {
        true
    }

    async fn data(&self, message: &mut Message, session: &Session) -> Answer {
        Ok((self.0)(message.hand_over(), session.clone()).await.into_verdict())
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
    Fut::Output: IntoVerdict,
{
    async fn command(&self, command: &Command, session: &Session) -> Answer {
        if command.word != self.verb {
            return Ok(Verdict::Accept);
        }
        Ok(match (self.handler)(command.argument.clone(), session.clone()).await.into_verdict() {
            // To go on is to say yes to a verb that the standard has no reply for.
            Verdict::Accept => Verdict::Reply(catalog::OK),
            verdict => verdict,
        })
    }
}

impl Builder {
    /// Judges credentials, and so offers AUTH; see [`Hooks::auth`].
    ///
    /// PLAIN and LOGIN are offered, inside TLS only unless
    /// [`allow_plaintext_auth`](Builder::allow_plaintext_auth) says otherwise; other
    /// [mechanisms](Builder::mechanisms) by name. With [`on_scram`](Builder::on_scram) it is also asked about users
    /// who have proved themselves by SCRAM, and should say yes if
    /// [`are_proven`](Credentials::are_proven) is enough.
    ///
    /// ```
    /// # use mailchute::Server;
    /// Server::builder().on_auth(|credentials, _session| async move { credentials.is("alice", "wonderland") });
    /// ```
    pub fn on_auth<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Credentials, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoVerdict,
    {
        self.hook(Some(Stage::Auth), OnAuth(hook))
    }

    /// Gives what is known of a user's password, and so offers SCRAM-SHA-256, and inside TLS SCRAM-SHA-256-PLUS; see
    /// [`Hooks::scram_verifier`].
    ///
    /// ```
    /// # use mailchute::{ScramVerifier, Server};
    /// # async fn read_from_a_database(user: &str) -> std::io::Result<Option<String>> { Ok(None) }
    /// Server::builder().on_scram(|user, _session| async move {
    ///     Ok(match read_from_a_database(&user).await? {
    ///         Some(line) => Some(line.parse::<ScramVerifier>()?),
    ///         None => None,
    ///     })
    /// });
    /// ```
    pub fn on_scram<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(String, Session) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<ScramVerifier>, Reply>> + Send,
    {
        self.hook(Some(Stage::ScramVerifier), OnScram(hook))
    }

    /// Takes the message, whole or chunk by chunk, and decides on it; see [`Hooks::data`].
    ///
    /// Without a [store](Builder::store) a positive answer is the promise that this hook has the message safe. Name what
    /// it keeps by [`Message::id`]: a session may send many messages. What it accepts without having read it to its end is
    /// gone, and the log warns of it. With a store, the client hears the store's positive reply and not the hook's.
    ///
    /// ```
    /// # use mailchute::{Reply, Server};
    /// Server::builder().on_data(|mut message, _session| async move {
    ///     let content = message.bytes().await?;
    ///     println!("{} octets for {} recipients", content.len(), message.envelope().recipients.len());
    ///     Ok(Reply::new(250, (2, 6, 0), "Message accepted"))
    /// });
    /// ```
    pub fn on_data<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(Message, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoVerdict,
    {
        self.hook(Some(Stage::Data), OnData(hook))
    }

    /// Is told when a session is over, and why; see [`Hooks::disconnect`].
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
        self.hook(Some(Stage::Disconnect), OnDisconnect(hook))
    }

    /// Adds a verb of your own, or answers RSET, NOOP, VRFY, EXPN or HELP in your own way.
    ///
    /// The handler gets what the client wrote after the verb. A verb of your own is named in the reply to
    /// HELP. [`build`](Builder::build) refuses a verb that is no word or that the conversation itself needs.
    ///
    /// ```
    /// # use mailchute::{Reply, Server};
    /// Server::builder().command("XPING", |_argument, _session| async { Reply::new(250, (2, 0, 0), "pong") });
    /// ```
    pub fn command<F, Fut>(self, verb: &str, handler: F) -> Self
    where
        F: Fn(String, Session) -> Fut + Send + Sync + 'static,
        Fut: Future + Send,
        Fut::Output: IntoVerdict,
    {
        let verb = verb.to_ascii_uppercase();
        self.verb(&verb).hook(Some(Stage::Command), OnCommand { verb, handler })
    }
}
