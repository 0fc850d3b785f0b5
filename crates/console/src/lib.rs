//! A web console for a [Mailchute](mailchute) server: its inbox with an HTTP API, live sessions, a playground for SMTP,
//! failures on purpose, metrics and health.
//!
//! # Examples
//! ```no_run
//! use mailchute::{Server, testing};
//! use mailchute_console::Console;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder().store(testing::Inbox::new()).build()?;
//! let console = Console::builder(&server).build();
//! let http = tokio::net::TcpListener::bind("127.0.0.1:8025").await?;
//! console.serve(http, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod chaos;
mod checks;
mod console;
mod found;
mod guard;
mod health;
mod mail;
mod mailbox;
mod mailpit;
mod metrics;
mod pages;
mod playground;
mod problem;
mod quantity;
mod release;
mod sessions;
mod state;
mod vitals;

pub use chaos::Chaos;
pub use console::{Console, ConsoleBuilder};
pub use guard::{Login, Logins};
pub use mailbox::{Mailbox, MailboxBuilder, Retention};
pub use release::{NotReleaseTo, Outlet, Release, ReleaseTo, Sending};
pub use vitals::Vitals;
