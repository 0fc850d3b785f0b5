//! A message as plain text, and the links and codes that programs look for in it.

use super::codes::codes;
use super::links::links;
use super::{Link, Mail, Outline};

impl Mail {
    /// Returns what the HTML has in it, or `None` if there is none.
    pub(crate) fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| self.html().as_deref().map(Outline::of)).as_ref()
    }

    /// Returns the text parts, or if there are none the text of the HTML.
    pub(crate) fn text(&self) -> Option<String> {
        self.plain().or_else(|| self.outline().map(|outline| outline.text.clone()))
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
