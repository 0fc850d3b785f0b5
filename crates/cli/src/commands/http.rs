//! HTTP: metrics and health, and the console if there is one.

use std::net::SocketAddr;
#[cfg(feature = "console")]
use std::path::{Path, PathBuf};
use std::time::Duration;

use mailchute::Server;
use mailchute::tls::Certificate;
#[cfg(feature = "console")]
use mailchute_console::{Console, Mailbox, Retention};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::commands::chaos::Chaos;
use crate::commands::release::NextHop;
#[cfg(feature = "console")]
use crate::commands::{inbox_mark, store};
use crate::failure::Failure;
use crate::options::args::Options;
#[cfg(feature = "console")]
use crate::options::console_rules;
#[cfg(feature = "console")]
use crate::options::keep::Keep;
use crate::process::sockets::HttpSocket;
use crate::users::Users;
use crate::users::auth_file::AuthFile;

/// How long requests may take to their end when the program stops. Streams of events have no end.
const GRACE: Duration = Duration::from_secs(1);

/// How long the end waits for the disk to remove deleted messages.
#[cfg(feature = "console")]
const CLOSING: Duration = Duration::from_secs(5);

/// The users of the console, and the file that is to be active.
#[derive(Debug)]
#[must_use = "the file is not active yet"]
pub(crate) struct Logins(Option<(Users, AuthFile)>);

impl Logins {
    /// Applies the file.
    pub(crate) fn replace(self) {
        if let Some((users, file)) = self.0 {
            users.replace(file);
        }
    }
}

/// The sockets on which HTTP is served.
#[derive(Debug)]
pub(crate) struct Http {
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    /// Facts of the program that health and metrics tell.
    #[cfg(feature = "console")]
    vitals: mailchute_console::Vitals,
    /// The users of the console, and their file.
    #[cfg(feature = "console")]
    logins: Option<(PathBuf, Users)>,
    /// The messages that the console shows.
    #[cfg(feature = "console")]
    mailbox: Option<Mailbox>,
    /// Where the console releases messages to.
    #[cfg(feature = "console")]
    next_hop: Option<NextHop>,
}

impl Http {
    /// Serves HTTP on sockets.
    #[cfg(feature = "console")]
    pub(crate) fn begin(
        options: &Options,
        server: &Server,
        chaos: &Chaos,
        next_hop: Option<NextHop>,
        smtp: Option<SocketAddr>,
        sockets: Vec<HttpSocket>,
    ) -> Result<Self, Failure> {
        let mut console = Console::builder(server).pages(options.web.console).chaos(chaos.clone());
        for name in &options.web.console_name {
            console = console.name(name.to_string());
        }
        if let Some(address) = smtp {
            console = console.smtp_address(address);
        }
        let mut logins = None;
        if let Some(file) = &options.web.console_auth {
            let users = Users::read(file)?;
            console = console.logins(users.clone());
            logins = Some((file.clone(), users));
        }
        let maildir = console_rules::maildir(options);
        if let Some(path) = maildir.as_ref().filter(|_| !options.is_inbox) {
            let wrong =
                |error| format!("{}: the mark of an inbox cannot be removed: {error}", path.display());
            inbox_mark::remove(path).map_err(|error| Failure::unusable(wrong(error)))?;
        }
        let maildir = maildir.filter(|_| options.web.console);
        let mailbox = maildir.map(|path| mailbox(options, &path)).transpose()?;
        if let Some(mailbox) = &mailbox {
            console = console.mailbox(mailbox.clone());
        }
        if let Some(next_hop) = &next_hop {
            console = console.release(next_hop.release(options));
        }
        let console = console.build();
        let vitals = console.vitals().clone();
        vitals.writes_to(store::maildirs(options));
        let (stop, serving) = (watch::Sender::new(false), JoinSet::new());
        let mut http = Self { stop, serving, vitals, logins, mailbox, next_hop };
        for socket in sockets {
            let socket = tokio::net::TcpListener::from_std(socket.socket).map_err(Failure::running)?;
            let (console, mut stop) = (console.clone(), http.stop.subscribe());
            http.serving.spawn(async move {
                let stop = async move {
                    // Without a sender the program stops too.
                    let _ = stop.wait_for(|is_stopping| *is_stopping).await;
                };
                if let Err(error) = console.serve(socket, stop).await {
                    tracing::error!(name: "http-failed", %error, "HTTP is not served any more");
                }
            });
        }
        Ok(http)
    }

    /// Without the console no option asks for HTTP.
    #[cfg(not(feature = "console"))]
    pub(crate) fn begin(
        _options: &Options,
        _server: &Server,
        _chaos: &Chaos,
        _next_hop: Option<NextHop>,
        _smtp: Option<SocketAddr>,
        _sockets: Vec<HttpSocket>,
    ) -> Result<Self, Failure> {
        Ok(Self { stop: watch::Sender::new(false), serving: JoinSet::new() })
    }

    /// Reads the users of the console again. [`Logins::replace`] applies them.
    pub(crate) fn read_logins(&self) -> Result<Logins, Failure> {
        #[cfg(feature = "console")]
        if let Some((path, users)) = &self.logins {
            return Ok(Logins(Some((users.clone(), users.read_again(path)?.1))));
        }
        Ok(Logins(None))
    }

    /// Says that no more mail is taken, while HTTP is served to the end.
    pub(crate) fn is_stopping(&self) {
        #[cfg(feature = "console")]
        self.vitals.stops();
    }

    /// Counts a reload, whose certificates are active if it is good.
    pub(crate) fn reloaded(&self, certificates: Option<&[Certificate]>) {
        #[cfg(feature = "console")]
        self.vitals.reloaded(certificates.is_some());
        if let Some(certificates) = certificates {
            self.certified(certificates);
        }
    }

    /// Takes the certificates that are active.
    pub(crate) fn certified(&self, certificates: &[Certificate]) {
        #[cfg(feature = "console")]
        self.vitals.certificates_expire(certificates.iter().filter_map(Certificate::expires));
        #[cfg(not(feature = "console"))]
        let _ = certificates;
    }

    /// Accepts no more connections, as another process does. Deleted messages are removed after the requests that have
    /// begun, as that process would show them again.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        #[cfg(feature = "console")]
        if let Some(mailbox) = self.mailbox.clone() {
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                tokio::task::spawn_blocking(move || mailbox.close());
            });
        }
    }

    /// Stops, waits for requests that have begun, and removes the messages that were deleted.
    pub(crate) async fn end(mut self) {
        self.stop.send_replace(true);
        let _ =
            tokio::time::timeout(GRACE, async { while self.serving.join_next().await.is_some() {} }).await;
        #[cfg(feature = "console")]
        if let Some(next_hop) = &self.next_hop {
            next_hop.disconnect().await;
        }
        #[cfg(feature = "console")]
        if let Some(mailbox) = self.mailbox.take() {
            let closing = tokio::task::spawn_blocking(move || mailbox.close());
            // A disk that does not answer must not keep the program from ending.
            let _ = tokio::time::timeout(CLOSING, closing).await;
        }
    }
}

/// Opens the mailbox of the Maildir that the console shows.
#[cfg(feature = "console")]
fn mailbox(options: &Options, path: &Path) -> Result<Mailbox, Failure> {
    let is_said = !options.is_inbox || options.provenance.is_given("keep");
    // A directory that cannot be marked, such as a read-only one, is not begun by this inbox.
    let may_remove = is_said || inbox_mark::is_of_inbox(path).unwrap_or(false);
    if !may_remove {
        tracing::warn!(
            name: "inbox-keeps-all",
            path = %path.display(),
            "the Maildir has mail that no inbox has received: all of it is kept; to remove old messages, write --keep 500"
        );
    }
    let keep = options.web.keep.iter().filter(|_| may_remove);
    let retention = keep.fold(Retention::all(), |retention, keep| match keep {
        Keep::Messages(number) => retention.messages(*number),
        Keep::Age(time) => retention.age(*time),
        Keep::Bytes(bytes) => retention.bytes(*bytes),
    });
    let wrong = |error| Failure::unusable(format!("{}: the console cannot read it: {error}", path.display()));
    let mailbox = Mailbox::builder(path).retention(retention);
    let tags = options.web.console_tags.iter();
    tags.fold(mailbox, |mailbox, name| mailbox.tags_field(name.to_string())).open().map_err(wrong)
}
