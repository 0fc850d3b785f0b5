//! Write messages of any size to the disk as they arrive, in the memory of one chunk; with a hook and a store as types.
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

/// Accepts mail for one domain.
struct OnlyFor(&'static str);

impl Hooks for OnlyFor {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        Verdict::accept_if(to.is_local_to([self.0]))
    }
}

/// Writes each message into its own file.
struct ToDisk {
    directory: PathBuf,
}

impl Store for ToDisk {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.prepend_trace_fields();
        let path = self.directory.join(format!("{}.eml", message.id()));
        // Reading asks the client for the message, which then sends as fast as the disk writes. If this ends early, for
        // example because the client hangs up, the file is removed.
        let saved = message.save_to(&path).await?;
        // A 250 is a promise: content and name must be on the disk first.
        saved.keep().await?;
        Ok(Receipt::new(format!("Kept as {}", path.display())))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from("mail/streamed");
    fs::create_dir_all(&directory).await?;

    let server = Server::builder()
        .max_message_size(1024 * 1024 * 1024)
        .hooks(OnlyFor("example.com"))
        .store(ToDisk { directory })
        .build()?;

    serve(server).await?;
    Ok(())
}
