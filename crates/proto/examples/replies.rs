//! Prints docs/replies.md: `cargo run -p mailchute-proto --example replies > docs/replies.md`.

use std::fmt::Write as _;

use mailchute_proto::catalog;

fn main() {
    print!("{}", table());
}

/// The page, made from the catalogue.
#[allow(unreachable_pub, reason = "a test compares the page with the file")]
pub fn table() -> String {
    let mut page = String::from(
        "# Replies\n\nThese are the standard replies. Hooks, filters and stores give replies of their own. The Maildir, for\n\
         example, says which message it has: `250 2.6.0 Message accepted as ID`. `on_reply` changes the text of a standard\n\
         reply by its name.\n\n\
         The module `explain` of the library says what a reply means and what the client does next. `mailchute talk` and\n\
         `mailchute serve --explain` print that.\n\n\
         This page is made of `crates/proto/src/reply/catalog.rs`, and a test compares the two. To renew it:\n\
         `cargo run -p mailchute-proto --example replies > docs/replies.md`\n\n\
         | code | enhanced | text | name | when | clause |\n|---|---|---|---|---|---|\n",
    );
    let mut entries: Vec<_> = catalog::all().collect();
    entries.sort_by_key(|entry| (entry.reply.code(), entry.reply.enhanced().map(|code| code.to_string())));
    for entry in entries {
        let enhanced = entry.reply.enhanced().map_or_else(|| "–".to_owned(), |code| code.to_string());
        let text = entry.reply.text().replace('<', "&lt;");
        let when = entry.when.trim().trim_end_matches('.');
        let code = entry.reply.code();
        writeln!(page, "| {code} | {enhanced} | {text} | {} | {when} | {} |", entry.name, entry.clause)
            .expect("a String takes everything");
    }
    page
}
