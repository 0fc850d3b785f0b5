//! A builder of consoles.

use std::net::SocketAddr;
use std::sync::Arc;

use mailchute::Server;

use crate::chaos::Chaos;
use crate::console::Console;
use crate::guard::{Guard, Logins};
use crate::mailbox::Mailbox;
use crate::release::Release;
use crate::sessions::Sessions;
use crate::state::State;

/// A builder of a [`Console`].
///
/// # Examples
/// ```
/// use mailchute::{Server, testing};
/// use mailchute_console::Console;
///
/// let server = Server::builder().store(testing::Inbox::new()).build()?;
/// let console = Console::builder(&server).name("mail.example.com").build();
/// let only_metrics_and_health = Console::builder(&server).pages(false).build();
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[derive(Debug)]
pub struct ConsoleBuilder {
    server: Server,
    has_pages: bool,
    names: Vec<String>,
    logins: Option<Arc<dyn Logins>>,
    mailbox: Option<Mailbox>,
    chaos: Option<Chaos>,
    release: Option<Release>,
    smtp: Option<SocketAddr>,
}

impl ConsoleBuilder {
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            server: server.clone(),
            has_pages: true,
            names: Vec::new(),
            logins: None,
            mailbox: None,
            chaos: None,
            release: None,
            smtp: None,
        }
    }

    /// Sets whether there are pages and the API, besides metrics and health. There are, unless this says no.
    #[must_use]
    pub fn pages(mut self, has_pages: bool) -> Self {
        self.has_pages = has_pages;
        self
    }

    /// Adds a name by which browsers reach the console, besides its address and `localhost`. Requests with other names
    /// are refused, since the DNS of another site may lead here.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Asks each visitor for a login. Metrics and health are open.
    #[must_use]
    pub fn logins(mut self, logins: impl Logins) -> Self {
        self.logins = Some(Arc::new(logins));
        self
    }

    /// Shows the messages of a mailbox.
    #[must_use]
    pub fn mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = Some(mailbox);
        self
    }

    /// Offers rules of chaos, with which the server must have been built. By default there are none, and the page says so.
    #[must_use]
    pub fn chaos(mut self, chaos: Chaos) -> Self {
        self.chaos = Some(chaos);
        self
    }

    /// Lets people send messages of the mailbox on to real recipients. By default no mail leaves.
    #[must_use]
    pub fn release(mut self, release: Release) -> Self {
        self.release = Some(release);
        self
    }

    /// Sets the address where the server takes mail. The empty inbox shows how to send mail there.
    #[must_use]
    pub fn smtp_address(mut self, address: SocketAddr) -> Self {
        self.smtp = Some(address);
        self
    }

    /// Returns the console.
    #[must_use]
    pub fn build(self) -> Console {
        // Recording costs something with each message.
        let sessions = if self.has_pages { Sessions::of(&self.server) } else { Sessions::default() };
        Console {
            state: Arc::new(State {
                chaos: self.chaos,
                release: self.release,
                sessions,
                smtp: self.smtp,
                ..State::new(&self.server, self.mailbox)
            }),
            guard: Guard::new(self.names, self.logins),
            has_pages: self.has_pages,
        }
    }
}
