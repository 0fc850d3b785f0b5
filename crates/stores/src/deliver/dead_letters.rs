//! The subject of dead letters.

use std::fmt;

use super::url::{is_filter, overlap};

/// The place for the subject of the message.
const PLACE: &str = "{subject}";

/// A subject, or what stands before and after the subject that the message had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeadLetters(String);

impl DeadLetters {
    /// Checks a template.
    ///
    /// # Errors
    /// If it is not a subject, or one that the filter takes again. The text says what to write instead.
    pub(super) fn parse(template: &str, filter: &str) -> Result<Self, String> {
        let this = Self(template.to_owned());
        let example = this.subject("mail.example");
        if !is_filter(&example) || example.contains(['*', '>']) {
            return Err(format!(
                "{template:?} is not a subject for dead letters; write words with dots between them, such as \
                 dead.{PLACE} or mail-dead"
            ));
        }
        let dead = this.subject(filter);
        if overlap(filter, &dead) {
            return Err(format!(
                "dead letters for {dead} would be taken again by {filter}; write another subject, such as mail-dead"
            ));
        }
        Ok(this)
    }

    /// Returns the subject of the dead letter for a message of this subject.
    pub(super) fn subject(&self, of: &str) -> String {
        self.0.replace(PLACE, of)
    }
}

impl Default for DeadLetters {
    fn default() -> Self {
        Self(format!("dead.{PLACE}"))
    }
}

impl fmt::Display for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_keeps_the_subject_of_its_message() {
        assert_eq!(DeadLetters::default().subject("mail.example.com"), "dead.mail.example.com");
        assert_eq!(DeadLetters::parse("mail-dead", "mail.>").unwrap().subject("mail.x"), "mail-dead");
    }

    #[test]
    fn a_subject_that_the_queue_takes_again_is_an_error() {
        for (template, filter, hint) in [
            ("dead.{subject}", ">", "would be taken again"),
            ("dead.{subject}", "*.mail.>", "would be taken again"),
            ("mail.dead", "mail.>", "would be taken again"),
            ("mail.dead", "mail.*", "would be taken again"),
            ("{subject}", "mail", "would be taken again"),
            ("", "mail.>", "write words"),
            ("dead.", "mail.>", "write words"),
            ("dead.>", "mail.>", "write words"),
            ("dead.{user}", "mail.>", "write words"),
        ] {
            let error = DeadLetters::parse(template, filter).expect_err(template);
            assert!(error.contains(hint), "{template} {filter}: {error}");
        }
    }
}
