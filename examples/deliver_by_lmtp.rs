//! Deliver into a directory for each recipient, by LMTP: each recipient has a reply, and a full mailbox affects no
//! other.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --protocol LMTP --from alice@example.com --to bob@example.com  # 250 2.1.5 Delivered
//! cat mail/bob/*  # Delivered-To: bob@example.com
//! swaks --server 127.0.0.1:2525 --protocol LMTP --to nobody@example.com  # 550 5.1.1 Recipient address rejected
//! swaks --server 127.0.0.1:2525 --protocol LMTP --to carol@example.com  # 452 4.2.2 Mailbox full
//! swaks --server 127.0.0.1:2525 --protocol LMTP --to carol@example.com,bob@example.com  # 250 2.1.5 Delivered
//! ls mail/bob | wc --lines  # 2
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};

use mailchute::address::fold_local_part;
use mailchute::{Listener, Message, Receipt, Recipient, Refusal, Server, Session, Store, Verdict};
use mailchute_examples::{listen_address, serve_on};
use tempfile::NamedTempFile;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

/// The recipient's directory, if it exists. It is named by the local part; a name such as `..` is refused.
fn directory(to: &Recipient) -> Option<PathBuf> {
    let name = fold_local_part(&to.mailbox()?.unquoted_local_part());
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some(Path::new("mail").join(name)).filter(|directory| is_name && directory.is_dir())
}

struct Mailboxes;

impl Store for Mailboxes {
    async fn store(&self, message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let recipients = message.envelope().recipients.iter().enumerate();
        let with_room = recipients.filter_map(|(place, recipient)| {
            let directory = directory(recipient).filter(|directory| !directory.join("full").exists());
            if directory.is_none() {
                message.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
            }
            Some(([place], directory?))
        });
        let (places, directories): (Vec<_>, Vec<_>) = with_room.unzip();
        let name = format!("{}.eml", message.id());
        // The message is read once. No copy names another recipient.
        let mut copies = message.for_places(&places).await?;
        let mut files = Vec::new();
        for (top, directory) in copies.tops().iter().zip(&directories) {
            let (file, unfinished) = NamedTempFile::new_in(directory)?.into_parts();
            let mut file = File::from_std(file);
            file.write_all(top).await?;
            files.push((file, unfinished));
        }
        while let Some(chunk) = copies.chunk().await? {
            for (file, _) in &mut files {
                file.write_all(&chunk).await?;
            }
        }
        for ((file, unfinished), directory) in files.into_iter().zip(directories) {
            file.sync_all().await?;
            unfinished.persist(directory.join(&name))?;
            File::open(directory).await?.sync_all().await?;
        }
        Ok(Receipt::new("Delivered").with_enhanced(1, 5))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for mailbox in ["alice", "bob", "carol/full"] {
        fs::create_dir_all(Path::new("mail").join(mailbox)).await?;
    }
    let server = Server::builder()
        .on_rcpt_to(|to, _session| async move { Verdict::accept_if(directory(&to).is_some()) })
        .store(Mailboxes)
        .build()?;
    serve_on(server, Listener::new(listen_address()).lmtp()).await?;
    Ok(())
}
