//! Write messages of any size to the disk as they come, in the memory of one chunk; with a hook and a store as types.
//!
//! To try it, in another terminal:
//! ```sh
//! seq 10000000 | curl smtp://127.0.0.1:2525 --crlf --mail-from alice@example.com --mail-rcpt bob@example.com --upload-file - --silent --verbose  # 250 2.6.0 Kept as mail/streamed/
//! swaks --server 127.0.0.1:2525 --to bob@elsewhere.example  # 550 5.1.1 Recipient address rejected
//! ```

use std::error::Error;
use std::path::PathBuf;

use mailchute::{Answer, Hooks, Message, Receipt, Recipient, Refusal, Server, Session, Store, Verdict};
use mailchute_examples::serve;
use tokio::fs;

/// Takes mail for one domain.
struct OnlyFor(&'static str);

impl Hooks for OnlyFor {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        Verdict::accept_if(to.is_local_to([self.0]))
    }
}

/// Writes every message into a file of its own.
struct ToDisk {
    folder: PathBuf,
}

impl Store for ToDisk {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.prepend_trace_fields();
        let path = self.folder.join(format!("{}.eml", message.id()));
        // The client is asked for the message now, and sends as fast as the disk takes it. Whatever ends this early, such as
        // a client that hangs up, the file goes with it.
        let saved = message.save_to(&path).await?;
        // A receipt is a promise: content and name have to be on the disk before it.
        saved.keep().await?;
        Ok(Receipt::new(format!("Kept as {}", path.display())))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from("mail/streamed");
    fs::create_dir_all(&folder).await?;

    let server = Server::builder()
        .max_message_size(1024 * 1024 * 1024)
        .hooks(OnlyFor("example.com"))
        .store(ToDisk { folder })
        .build()?;

    serve(server).await?;
    Ok(())
}
