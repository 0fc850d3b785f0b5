//! The table, and a session that follows it.

/// The state of a session by the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) phase: &'static str,
    pub(crate) is_tls: bool,
    pub(crate) is_authenticated: bool,
    pub(crate) is_extended: bool,
    pub(crate) recipients: usize,
}

impl Place {
    /// The state after the greeting.
    pub(crate) const START: Self =
        Self { phase: "start", is_tls: false, is_authenticated: false, is_extended: false, recipients: 0 };

    /// The words of the table that are true of it.
    fn is(&self, word: &str, limit: usize) -> Option<bool> {
        Some(match word {
            "tls" => self.is_tls,
            "clear" => !self.is_tls,
            "authenticated" => self.is_authenticated,
            "anonymous" => !self.is_authenticated,
            "plain" => !self.is_extended,
            "full" => self.recipients == limit,
            _ => return None,
        })
    }

    fn become_true(&mut self, word: &str) {
        match word {
            "tls" => self.is_tls = true,
            "authenticated" => self.is_authenticated = true,
            "anonymous" => self.is_authenticated = false,
            "extended" => self.is_extended = true,
            "plain" => self.is_extended = false,
            _ => panic!("nothing becomes {word}"),
        }
    }
}

/// The reaction to a command, by the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The code of each reply.
    pub(crate) replies: Vec<u16>,
    pub(crate) to: Place,
}

/// The rows, for one listener.
pub(crate) struct Table {
    rows: Vec<[&'static str; 5]>,
    /// Words that are true of the listener.
    listener: &'static str,
    /// The number of recipients that a message may have.
    limit: usize,
}

impl Table {
    pub(crate) fn new(listener: &'static str, limit: usize) -> Self {
        let lines =
            include_str!("table.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let cells = |line: &'static str| -> [&'static str; 5] {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            cells.try_into().unwrap_or_else(|_| panic!("a row has five cells: {line}"))
        };
        Self { rows: lines.skip(1).map(cells).collect(), listener, limit }
    }

    /// Returns the row that applies to a command, and its expectation.
    pub(crate) fn look_up(&self, from: &Place, command: &str) -> (usize, Expected) {
        let is_apart = matches!(from.phase, "exchange" | "body" | "spoilt" | "closed");
        let fits = |&[phases, when, commands, ..]: &[&str; 5]| {
            let has = |cell: &str, word| cell.split(' ').any(|each| each == word);
            (has(phases, from.phase) || (phases == "*" && !is_apart))
                && (commands == "*" || has(commands, command))
                && when
                    .split_whitespace()
                    .all(|word| from.is(word, self.limit).unwrap_or_else(|| has(self.listener, word)))
        };
        let row =
            self.rows.iter().position(fits).unwrap_or_else(|| panic!("no row for {command} in {from:?}"));
        let [.., reply, to] = self.rows[row];
        (row, Expected { replies: self.replies(reply, from), to: follow(from, command, to) })
    }

    fn replies(&self, reply: &str, from: &Place) -> Vec<u16> {
        let code = |text: &str| text.parse().unwrap_or_else(|_| panic!("no code: {text}"));
        match reply.split_once(' ') {
            None if reply == "-" => Vec::new(),
            None => vec![code(reply)],
            Some((text, "each")) if self.listener.contains("lmtp") => vec![code(text); from.recipients],
            Some((text, "each")) => vec![code(text)],
            Some(_) => panic!("no reply: {reply}"),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// A row of the table.
    pub(crate) fn row(&self, index: usize) -> String {
        self.rows[index].join(" | ")
    }
}

fn follow(from: &Place, command: &str, to: &'static str) -> Place {
    let mut words = to.split(' ');
    let mut place = from.clone();
    match words.next() {
        Some("=") | None => {}
        Some(phase) => place.phase = phase,
    }
    words.for_each(|word| place.become_true(word));
    match place.phase {
        "rcpt" => place.recipients += usize::from(command == "RCPT" && to == "rcpt"),
        "body" | "spoilt" | "chunks" => {}
        _ => place.recipients = 0,
    }
    place
}
