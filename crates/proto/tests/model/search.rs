//! Runs every sequence of commands, and compares the replies with the table.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use crate::commands::commands;
use crate::session::{Run, Session, dialogue, shown};
use crate::table::{Place, Table};

/// The findings of a search.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Sessions that differ in their possible replies.
    pub(crate) states: usize,
    /// Commands that were tried, each in one of these sessions.
    pub(crate) commands: usize,
    /// The length of the longest shortest path to a state.
    pub(crate) depth: usize,
    /// Messages that were complete.
    pub(crate) messages: usize,
    /// The rows that applied.
    pub(crate) rows: HashSet<usize>,
}

impl Found {
    pub(crate) fn add(&mut self, other: Self) {
        self.states += other.states;
        self.commands += other.commands;
        self.depth = self.depth.max(other.depth);
        self.messages += other.messages;
        self.rows.extend(other.rows);
    }
}

/// A session next to the table.
struct Walk<'s> {
    run: Run<'s>,
    place: Place,
    /// The state of the session according to the replies alone, without the table.
    witness: Witness,
}

/// Conditions for a message, according to the replies.
#[derive(Debug, Default)]
struct Witness {
    has_sender: bool,
    recipients: usize,
    is_authenticated: bool,
}

/// A listener, and the commands to try with it.
pub(crate) struct Search {
    session: Session,
    table: Table,
    commands: Vec<(&'static str, Vec<u8>)>,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(f)
    }
}

impl Search {
    pub(crate) fn new(session: Session, table: Table) -> Self {
        Self { session, table, commands: commands() }
    }

    fn start(&self) -> Walk<'_> {
        let place = Place { is_tls: self.session.is_inside_tls, ..Place::START };
        Walk { run: Run::new(&self.session), place, witness: Witness::default() }
    }

    /// Tries every sequence of any length: sessions in the same state behave alike, so each state is explored once.
    pub(crate) fn all(&self) -> Found {
        let (mut found, mut seen) = (Found::default(), HashSet::new());
        let mut queue = VecDeque::from([Vec::new()]);
        while let Some(path) = queue.pop_front() {
            for command in 0..self.commands.len() {
                let path = [&path[..], &[command]].concat();
                let walk = self.walk(&path, &mut found);
                found.commands += 1;
                if walk.place.phase != "closed" && seen.insert((walk.place.clone(), standing(&walk.run))) {
                    found.depth = path.len();
                    queue.push_back(path);
                }
            }
        }
        found.states = seen.len();
        found
    }

    /// Tries every sequence of up to `depth` commands, each from its beginning.
    pub(crate) fn sequences(&self, depth: usize) -> Found {
        let mut found = Found { depth, ..Found::default() };
        let mut path = Vec::new();
        self.longer(&mut path, &mut found);
        found
    }

    fn longer(&self, path: &mut Vec<usize>, found: &mut Found) {
        for command in 0..self.commands.len() {
            path.push(command);
            let walk = self.walk(path, found);
            found.commands += 1;
            if walk.place.phase != "closed" && path.len() < found.depth {
                self.longer(path, found);
            }
            path.pop();
        }
    }

    /// Follows the whole path, and checks all of its last command.
    fn walk(&self, path: &[usize], found: &mut Found) -> Walk<'_> {
        let mut walk = self.start();
        let before = path.len() - 1;
        for &command in &path[..before] {
            self.go(&mut walk, command);
        }
        let messages = walk.run.record.messages.len();
        let row = self.go(&mut walk, path[before]);
        found.rows.insert(row);
        found.messages += walk.run.record.messages.len() - messages;
        walk
    }

    /// Sends one command, and checks that the session replies and acts as the table says.
    fn go(&self, walk: &mut Walk<'_>, command: usize) -> usize {
        let (name, bytes) = &self.commands[command];
        let said = walk.run.record.output.len();
        let messages = walk.run.record.messages.len();
        let (row, expected) = self.table.look_up(&walk.place, name);
        walk.run.feed_at_once(bytes);
        let record = &walk.run.record;
        let replies = codes(&record.output[said..]);
        let describe = || format!("{name} in {:?}, where the table says {}", walk.place, self.table.row(row));
        assert_eq!(replies, expected.replies, "replies to {}", describe());
        assert_eq!(record.closing.is_some(), expected.to.phase == "closed", "closing after {}", describe());
        let has_eve = record.questions.iter().any(|question| question.contains("eve@"));
        assert!(!has_eve, "content was run: {}", shown(&record.output));
        for message in &record.messages[messages..] {
            assert!(walk.witness.has_sender && walk.witness.recipients > 0, "{message:?}: {}", describe());
            assert_eq!(message.sender, "ann@client.example");
            assert_eq!(message.recipients, vec!["bob@example.com"; walk.witness.recipients]);
        }
        self.testify(walk, name, replies.first().copied());
        walk.place = expected.to;
        if *name == "STARTTLS" && replies == [220] {
            walk.run.shake_hands();
        }
        row
    }

    /// Checks the replies against the rules that must always hold.
    fn testify(&self, walk: &mut Walk<'_>, name: &str, reply: Option<u16>) {
        let is_content = matches!(walk.place.phase, "body" | "spoilt");
        let witness = &mut walk.witness;
        match (name, reply) {
            ("END" | "BDAT-LAST", Some(250)) | ("EHLO" | "HELO" | "LHLO" | "RSET", Some(250)) => {
                (witness.has_sender, witness.recipients) = (false, 0);
            }
            ("STARTTLS" | "XCLIENT", Some(220)) => *witness = Witness::default(),
            (_, Some(235)) => witness.is_authenticated = true,
            ("MAIL", Some(250)) => {
                let needs_auth = self.session.settings.auth == mailchute_proto::AuthPolicy::Required;
                assert!(!needs_auth || witness.is_authenticated, "MAIL of nobody");
                witness.has_sender = true;
            }
            ("VRFY", Some(252)) => {
                let needs_auth = self.session.settings.auth == mailchute_proto::AuthPolicy::Required;
                assert!(!needs_auth || witness.is_authenticated, "VRFY of nobody");
            }
            ("RCPT", Some(250)) => witness.recipients += 1,
            ("NOOP", None) => assert!(is_content, "a command has a reply"),
            _ => {}
        }
    }
}

fn codes(output: &[u8]) -> Vec<u16> {
    // The text of a challenge may be empty.
    if let Some(challenge) = output.strip_prefix(b"334 ") {
        assert!(challenge.iter().filter(|&&byte| byte == b'\n').count() == 1);
        return vec![334];
    }
    dialogue::replies(output).iter().map(|reply| reply.code).collect()
}

/// Returns everything that can tell sessions apart: the machine with all its fields, by its derived `Debug`.
///
/// It leaves out the counters whose limits are off in these searches, since they decide nothing. Secrets are not
/// printed, and are in none of the exchanges.
fn standing(run: &Run<'_>) -> String {
    const COUNTERS: [&str; 9] = [
        "excused_chunks: ",
        "errors: ",
        "junk: ",
        "auth_failures: ",
        "transactions: ",
        "size: ",
        "bytes: ",
        "fields: ",
        "received: ",
    ];
    let text = format!("{:?}", run.machine);
    let (settings, rest) = text.split_once("state: ").expect("the machine has a state behind its settings");
    assert!(settings.contains("Settings"), "{settings}");
    let is_counter =
        |part: &str| COUNTERS.iter().any(|name| part.trim_start_matches(['{', ' ']).starts_with(name));
    rest.split(',').filter(|part| !is_counter(part.trim())).collect()
}
