//! Sessions told line by line while they run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use mailchute_proto::explain::Follower;

use super::notes::notes;
use crate::events::{Event, Said};
use crate::session::SessionId;

/// Tells sessions line by line as their events come, with the meaning of each line below it.
///
/// Each line begins with the id of its session, so that several sessions at once stay readable. Credentials are left
/// out, since events do not have them. Content appears by size.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute::explain::Narrator;
///
/// async fn print(server: Server) {
///     let mut events = server.events();
///     let mut narrator = Narrator::default();
///     while let Some(event) = events.next().await {
///         print!("{}", narrator.tell(&event));
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Narrator {
    sessions: BTreeMap<SessionId, Told>,
}

/// The state of one session.
#[derive(Debug)]
struct Told {
    began: SystemTime,
    follower: Follower,
    /// Bytes of content that were not told yet.
    content: usize,
}

impl Narrator {
    /// Returns the lines of an event, each with a line feed at its end. Many events have none.
    pub fn tell(&mut self, event: &Event) -> String {
        let mut text = String::new();
        match event {
            Event::Missed { ended, more_ended, .. } => {
                // The ends of sessions may be among what was lost.
                if *more_ended > 0 {
                    self.sessions.clear();
                }
                for id in ended {
                    self.sessions.remove(id);
                }
                text = format!("* {event}\n");
            }
            Event::TurnedAway { .. } => text = format!("* {event}\n"),
            _ => self.tell_of_session(event, &mut text),
        }
        text
    }

    fn tell_of_session(&mut self, event: &Event, text: &mut String) {
        let Some(session) = event.session() else { return };
        let id = session.id();
        let begin = || Told { began: event.time(), follower: Follower::default(), content: 0 };
        let told = self.sessions.entry(id).or_insert_with(begin);
        let at = event.time().duration_since(told.began).unwrap_or_default().as_secs_f64();
        // Writing to a String cannot fail.
        if matches!(event, Event::Connect { .. }) {
            let _ = writeln!(text, "{id} {at:>8.3} * connect from {}", session.origin());
        }
        for said in Said::of(event) {
            if let Said::Content(more) = said {
                told.content += more;
                continue;
            }
            if told.content > 0 {
                let _ = writeln!(text, "{id} {at:>8.3} {}", Said::Content(std::mem::take(&mut told.content)));
            }
            let _ = writeln!(text, "{id} {at:>8.3} {said}");
            for note in notes(&mut told.follower, &said) {
                let _ = writeln!(text, "{id}          | {note}");
            }
        }
        if matches!(event, Event::Disconnect { .. }) {
            self.sessions.remove(&id);
        }
    }
}
