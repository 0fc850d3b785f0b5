//! docs/replies.md matches the code.

#[path = "../examples/replies.rs"]
#[allow(dead_code, reason = "its `main` prints the page")]
mod replies;

#[test]
fn the_page_of_replies_is_made_of_the_catalogue() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/replies.md");
    let page = std::fs::read_to_string(path).expect("docs/replies.md");
    let renew = "docs/replies.md is old: cargo run -p mailchute-proto --example replies > docs/replies.md";
    assert!(page == replies::table(), "{renew}");
}
