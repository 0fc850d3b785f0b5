//! The addresses of pages.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::mailbox::{Deletion, Id};
use crate::pages::tab::Tab;

/// Adds a search to an address, unless it finds everything.
fn with_search(mut address: String, search: &str) -> String {
    if !search.is_empty() {
        address += if address.contains('?') { "&q=" } else { "?q=" };
        address.extend(utf8_percent_encode(search, NON_ALPHANUMERIC));
    }
    address
}

/// Returns the address of the inbox with a search.
pub(crate) fn address(search: &str) -> String {
    with_search("/".to_owned(), search)
}

/// Returns the address of the messages of a search before one of them.
pub(crate) fn older_address(search: &str, before: Id) -> String {
    with_search(format!("/?before={before}"), search)
}

/// Returns the address of the inbox with a search, after a deletion that can be undone there.
pub(crate) fn deleted_address(search: &str, deletion: &Deletion) -> String {
    with_search(format!("/?deletion={}&deleted={}", deletion.number, deletion.messages), search)
}

/// Returns the address of a message's page, after the deletion of another message that can be undone there.
pub(crate) fn next_address(id: Id, search: &str, deletion: &Deletion, deleted: Id) -> String {
    with_search(format!("/m/{id}?deletion={}&deleted={deleted}", deletion.number), search)
}

/// Returns the address of what is around a message among those of a search.
pub(crate) fn around_address(id: Id, search: &str) -> String {
    with_search(format!("/m/{id}/around"), search)
}

/// Returns the address of a message's page, which remembers the search for its neighbours.
pub(crate) fn message_address(id: Id, search: &str) -> String {
    with_search(format!("/m/{id}"), search)
}

/// Returns the address of the page of a message that somebody has named, who may have written anything.
pub(crate) fn message_path(name: &str, search: &str) -> String {
    with_search(format!("/m/{}", utf8_percent_encode(name, NON_ALPHANUMERIC)), search)
}

/// Returns the address of a message's page after a release to so many recipients.
pub(crate) fn released_address(name: &str, recipients: usize, search: &str) -> String {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    with_search(format!("/m/{name}?released={recipients}"), search)
}

/// Returns the address of a tab.
pub(crate) fn tab_address(id: Id, tab: Tab, search: &str) -> String {
    with_search(format!("/m/{id}?tab={}", tab.key()), search)
}
