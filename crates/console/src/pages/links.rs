//! The addresses of pages.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::mailbox::{Id, Summary};
use crate::pages::tab::Tab;

/// Returns the address of the inbox with a search.
pub(crate) fn address(search: &str) -> String {
    if search.is_empty() {
        "/".to_owned()
    } else {
        format!("/?q={}", utf8_percent_encode(search, NON_ALPHANUMERIC))
    }
}

/// Returns the address of a message's page, which remembers the search for its neighbours.
pub(crate) fn message_address(message: &Summary, search: &str) -> String {
    let query = if search.is_empty() {
        String::new()
    } else {
        format!("?q={}", utf8_percent_encode(search, NON_ALPHANUMERIC))
    };
    format!("/m/{}{query}", message.id)
}

/// Returns the address of a tab.
pub(crate) fn tab_address(id: Id, tab: Tab, query: &str) -> String {
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("&q={}", utf8_percent_encode(query, NON_ALPHANUMERIC))
    };
    format!("/m/{id}?tab={}{query}", tab.key())
}
