//! Log and count events, without delaying any session.
//!
//! To try it, in another terminal, and then see what the example prints:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to bob@example.com  # 250 2.6.0 Message accepted
//! ```

use std::error::Error;

use mailchute::Server;
use mailchute::events::{Event, Events};
use mailchute_examples::{print_and_forget, serve};

#[derive(Debug, Default)]
struct Counts {
    sessions: u64,
    messages: u64,
    bytes: u64,
    missed: u64,
}

impl Counts {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Connect { .. } => self.sessions += 1,
            Event::Message { size, .. } => {
                self.messages += 1;
                self.bytes += size;
            }
            // The subscriber was too slow, so this number of events was dropped. Sessions do not wait for subscribers.
            Event::Missed { count, .. } => self.missed += count,
            _ => {}
        }
    }
}

async fn watch(mut events: Events) {
    let mut counts = Counts::default();
    while let Some(event) = events.next().await {
        counts.count(&event);
        println!("{event}");
        if let Event::Disconnect { .. } = event {
            println!("{counts:?}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().on_store(print_and_forget).build()?;
    tokio::spawn(watch(server.events()));

    serve(server).await?;
    Ok(())
}
