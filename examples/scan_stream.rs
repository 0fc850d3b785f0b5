//! A scanner that reads a message of any size as it arrives, in constant memory, and refuses it for what it finds.
//!
//! To try it, in another terminal (the test virus EICAR is harmless; it is written here in two halves):
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com --body 'Lunch at one?'  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --body '$EICAR-STANDARD-''ANTIVIRUS-TEST-FILE!$'  # 554 5.7.1 This message carries EICAR
//! (seq 3000000; echo '$EICAR-STANDARD-''ANTIVIRUS-TEST-FILE!$') | curl smtp://127.0.0.1:2525 --crlf --mail-from a@example.com --mail-rcpt bob@example.com -T - -sv  # 554 5.7.1 This message carries EICAR
//! ```

use std::error::Error;

use mailchute::{Filter, Message, Refusal, Server, Session};
use mailchute_examples::{print_and_forget, serve};

/// A name, and the bytes that identify it.
type Signature = (&'static str, &'static [u8]);

/// In two halves, so that scanners do not find it in this file.
const SIGNATURES: [Signature; 1] = [("EICAR", b"$EICAR-STANDARD-\x41NTIVIRUS-TEST-FILE!$")];

struct Scanner;

impl Filter for Scanner {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        let longest = SIGNATURES.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or_default();
        // The end of the previous chunk stays, because a signature may begin in one chunk and end in the next.
        let mut window = Vec::new();
        while let Some(chunk) = message.chunk().await? {
            window.extend_from_slice(&chunk);
            let is_there = |bytes: &[u8]| window.windows(bytes.len()).any(|part| part == bytes);
            if let Some((name, _)) = SIGNATURES.iter().find(|(_, bytes)| is_there(bytes)) {
                return Err(Refusal::new(554, (5, 7, 1), format!("This message carries {name}")));
            }
            window.drain(..window.len().saturating_sub(longest - 1));
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .max_message_size(1024 * 1024 * 1024)
        .filter(Scanner)
        // The scanned content is kept for the store: up to 1 MiB in memory, the rest in a file without a name.
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
