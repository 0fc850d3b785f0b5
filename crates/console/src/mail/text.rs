//! What a message says in plain text, and what programs look for in it.

use super::codes::codes;
use super::links::links;
use super::{Link, Mail, Outline};

/// The length of a snippet in characters.
const SNIPPET: usize = 200;

impl Mail {
    /// Returns what the HTML has in it, or `None` if there is none.
    pub(crate) fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| self.html().as_deref().map(Outline::of)).as_ref()
    }

    /// Returns the text parts, or if there are none the text of the HTML.
    pub(crate) fn text(&self) -> Option<String> {
        self.plain().or_else(|| self.outline().map(|outline| outline.text.clone()))
    }

    /// Returns the beginning of the text in one line.
    pub(crate) fn snippet(&self) -> String {
        let text = self.text().unwrap_or_default();
        // Enough for long runs of white space; the rest is not looked at.
        let text = &text[..text.floor_char_boundary(SNIPPET * 20)];
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|c| !c.is_control()).take(SNIPPET).collect()
    }

    /// Returns the links, each once: those of the HTML, then those of the text.
    pub(crate) fn links(&self) -> Vec<Link> {
        links(self.outline(), self.plain().as_deref())
    }

    /// Returns what looks like one-time codes, the likeliest first.
    pub(crate) fn codes(&self) -> Vec<String> {
        codes(self.subject(), &self.text().unwrap_or_default())
    }
}
