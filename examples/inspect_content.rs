//! Read a whole message before it is accepted, and refuse it for its text or its attachments.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com --body 'Lunch at one?'  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --body 'You have won the LOTTERY'  # 550 5.7.1 We do not gamble
//! swaks --server 127.0.0.1:2525 --to bob@example.com --attach-name bill.exe --attach x  # 550 5.7.1 Programs are not welcome
//! ```

use std::error::Error;

use mailchute::{Refusal, Server};
use mailchute_examples::{print_and_forget, serve};

/// The reason to refuse a message, if there is one.
///
/// It searches the message as it was sent. Text in base64 and names in RFC 2231's encoding need a MIME parser.
fn objection(content: &[u8]) -> Option<&'static str> {
    let content = String::from_utf8_lossy(content).to_lowercase();
    let is_program =
        |line: &str| line.contains("name=") && line.trim_end_matches(['"', ';']).ends_with(".exe");
    if content.lines().any(is_program) {
        return Some("Programs are not welcome");
    }
    content.contains("lottery").then_some("We do not gamble")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .max_message_size(1024 * 1024)
        .on_message(|mut message, _session| async move {
            let content = message.bytes().await?;
            match objection(&content) {
                Some(objection) => Err(Refusal::new(550, (5, 7, 1), objection)),
                None => Ok(message),
            }
        })
        // If the filter does not refuse, this hook reads the message again from its first byte.
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
