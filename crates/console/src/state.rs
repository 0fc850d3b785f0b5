//! The services that all routes share.

use std::net::SocketAddr;

use mailchute::Server;

use crate::chaos::Chaos;
use crate::mailbox::Mailbox;
use crate::playground::Playground;
use crate::release::Release;
use crate::sessions::Sessions;
use crate::vitals::Vitals;

/// The services that routes use.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) server: Server,
    /// `None` if the server keeps no mail in a Maildir.
    pub(crate) mailbox: Option<Mailbox>,
    /// Where the server takes mail, for the page that says how to send some.
    pub(crate) smtp: Option<SocketAddr>,
    pub(crate) sessions: Sessions,
    /// `None` if the server was not built with it.
    pub(crate) chaos: Option<Chaos>,
    /// `None` if no mail is released.
    pub(crate) release: Option<Release>,
    pub(crate) playground: Playground,
    pub(crate) vitals: Vitals,
}

impl State {
    /// Returns the host and port to which people send mail.
    pub(crate) fn place_for_mail(&self) -> (String, u16) {
        match self.smtp {
            // A listener at all addresses is reached by this machine's own.
            Some(address) if address.ip().is_unspecified() => ("localhost".to_owned(), address.port()),
            Some(address) => (address.ip().to_string(), address.port()),
            None => (self.server.hostname().to_string(), 25),
        }
    }

    /// Returns the same as one text, such as `[::1]:1025`.
    pub(crate) fn endpoint_for_mail(&self) -> String {
        let (host, port) = self.place_for_mail();
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    pub(crate) fn new(server: &Server, mailbox: Option<Mailbox>) -> Self {
        Self {
            server: server.clone(),
            mailbox,
            smtp: None,
            sessions: Sessions::default(),
            chaos: None,
            release: None,
            playground: Playground::default(),
            vitals: Vitals::new(),
        }
    }
}
