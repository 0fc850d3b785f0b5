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
        "# Replies\n\nEvery reply that Mailchute gives of its own accord. A hook may give another one in its place,\n\
         and `on_reply` may change its text by its name.\n\
         Two come from elsewhere: the program refuses recipients outside `--domain` by `550 5.7.1 Relaying denied`, and the\n\
         Maildir says which message it has: `250 2.6.0 Message accepted as ID`.\n\
         This page is made of `crates/proto/src/reply/catalog.rs`, and a test compares the two; to renew it:\n\
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
