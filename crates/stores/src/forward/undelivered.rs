//! Messages that some recipients have, and others never will.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mailchute::{Message, Refusal, Session, Store as _};
use tokio::sync::OnceCell;

use crate::Maildir;

/// The Maildir `undelivered` in the state directory. It is made when the first message comes.
#[derive(Debug)]
pub(super) struct Undelivered {
    path: PathBuf,
    maildir: OnceCell<Maildir>,
}

impl Undelivered {
    pub(super) fn new(state: &Path) -> Self {
        Self { path: state.join("undelivered"), maildir: OnceCell::new() }
    }

    /// Keeps the message for these recipients, with what the next hop said of each.
    pub(super) async fn keep(
        &self,
        message: Message,
        refused: &[(usize, Refusal)],
        session: &Session,
    ) -> Result<(), Refusal> {
        let path = self.path.clone();
        let open = || async {
            let open = move || Maildir::open(&path);
            tokio::task::spawn_blocking(open).await.map_err(std::io::Error::other)?
        };
        let maildir = self.maildir.get_or_try_init(open).await?;
        let places: Vec<_> = refused.iter().map(|(place, _)| *place).collect();
        let id = message.id();
        let Some(mut message) = message.split(&[places]).pop() else {
            return Err(Refusal::internal("a message cannot be split"));
        };
        let mut names = String::new();
        for (recipient, (_, refusal)) in message.envelope().recipients.clone().iter().zip(refused) {
            let _ = write!(names, "{}{recipient}", if names.is_empty() { "" } else { ", " });
            message.add_above_trace("X-Undelivered", &format!("<{recipient}> {refusal}"))?;
        }
        let _kept = maildir.store(message, session).await?;
        let path = self.path.display();
        tracing::warn!(
            name: "undelivered",
            %id,
            to = names,
            %path,
            "others have this message, and these recipients never will: it is kept for somebody to look at"
        );
        Ok(())
    }
}
