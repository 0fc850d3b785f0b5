//! The pages of the inbox over a Maildir.

use std::fs;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper_util::service::TowerToHyperService;
use mailchute::{Server, testing};

use super::*;
use crate::mailbox::{Mailbox, MailboxBuilder};

/// A Maildir, and the pages over it.
struct Pages {
    root: tempfile::TempDir,
    router: Router,
}

impl Pages {
    fn new(options: impl FnOnce(MailboxBuilder) -> MailboxBuilder) -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["new", "cur", "tmp"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
        let mailbox = options(Mailbox::builder(root.path())).open().unwrap();
        let router = routes().with_state(Arc::new(State::new(&server, Some(mailbox))));
        Self { root, router }
    }

    /// Puts messages into the Maildir, each a second after the one before.
    fn put(&self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let path = self.root.path().join(format!("new/{}.M1P1.x", 1_764_000_000 + number));
            fs::write(path, format!("From: a@x.test\nSubject: number{number} of{}\n\n", number % 2)).unwrap();
        }
    }

    async fn ask(&self, request: Request<Body>) -> Response {
        let routes = TowerToHyperService::new(self.router.clone());
        hyper::service::Service::call(&routes, request).await.unwrap()
    }

    /// Sends a form, which leads to another page.
    async fn post(&self, path: &str, form: &str) {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let answer = self.ask(request.body(Body::from(form.to_owned())).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.ask(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let page = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(page.into()).unwrap()
    }
}

/// Returns the address of a link by its relation.
fn link<'p>(page: &'p str, rel: &str) -> Option<&'p str> {
    page.split_once(&format!("rel=\"{rel}\" href=\""))?.1.split('"').next()
}

#[tokio::test]
async fn the_inbox_says_how_far_a_new_index_is() {
    let pages = Pages::new(|mailbox| mailbox.patience(Duration::ZERO));
    assert!(!pages.get("/").await.contains("data-progress"));
    pages.put(0..3);
    let page = pages.get("/").await;
    let said = "The index is being made: 0 of 3 messages.<progress max=\"3\" value=\"0\">";
    assert!(page.contains(said) && page.contains("0 messages"), "{page}");
    let page = pages.get("/").await;
    assert!(!page.contains("data-progress") && page.contains("3 messages"), "{page}");
}

#[tokio::test]
async fn neighbours_are_found_far_from_the_newest() {
    let pages = Pages::new(|mailbox| mailbox);
    pages.put(0..1_010);
    let page = pages.get("/?q=subject:%22number3%22").await;
    let message = page.split_once("href=\"/m/").unwrap().1.split('?').next().unwrap();
    let neighbour = async |query: &str, rel: &str| {
        let page = pages.get(&format!("/m/{message}?q={query}")).await;
        let address = link(&page, rel).unwrap_or_else(|| panic!("no {rel} link for {query}: {page}"));
        let page = pages.get(address).await;
        page.split_once("<h1>").unwrap().1.split(' ').next().unwrap().to_owned()
    };
    for (query, newer, older) in
        [("", "number4", "number2"), ("of1", "number5", "number1"), ("is:unread", "number6", "number0")]
    {
        assert_eq!(neighbour(query, "prev").await, newer, "newer of {query:?}");
        assert_eq!(neighbour(query, "next").await, older, "older of {query:?}");
    }
}

#[tokio::test]
async fn lists_and_messages_show_the_verdicts_of_checks_as_badges() {
    let pages = Pages::new(|mailbox| mailbox);
    let trace = "Authentication-Results: mx.x.test; spf=pass; dkim=fail; arc=none; dmarc=temperror\n\
                 Received: from c ([192.0.2.1]) by mx.x.test (Mailchute) with ESMTP id 1K1BAS6430W-1; x\n";
    let path = pages.root.path().join("new/1764000000.M1P1.x");
    fs::write(path, format!("{trace}From: a@x.test\nSubject: checked\n\n")).unwrap();
    let badges = "<span class=\"badge good\">spf=pass</span><span class=\"badge bad\">dkim=fail</span>\
                  <span class=\"badge\">arc=none</span><span class=\"badge warn\">dmarc=temperror</span>";
    for path in ["/", "/m/latest"] {
        let page = pages.get(path).await;
        assert!(page.contains(badges), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_surroundings_of_a_message_follow_the_mailbox() {
    let pages = Pages::new(|mailbox| mailbox);
    pages.put(0..2);
    let page = pages.get("/m/latest").await;
    assert!(page.contains("<title>(1) number1 of1 – Mailchute</title>"), "{page}");
    assert_eq!(link(&page, "prev"), None);
    let around = page.split_once("data-around=\"").unwrap().1.split('"').next().unwrap();
    pages.put(2..3);
    let page = pages.get(around).await;
    assert!(page.contains("<title>(2) number1 of1 – Mailchute</title>"), "{page}");
    assert!(link(&page, "prev").is_some() && link(&page, "next").is_some(), "{page}");
}

#[tokio::test]
async fn all_messages_are_those_that_the_page_knows() {
    let pages = Pages::new(|mailbox| mailbox);
    pages.put(0..3);
    let page = pages.get("/").await;
    let (_, rest) = page.split_once("name=\"until\" value=\"").unwrap();
    let until = &rest[..16];
    pages.put(3..4);
    pages.post("/messages", &format!("action=delete-all&q=&until={until}")).await;
    let page = pages.get("/").await;
    assert!(page.contains("number3") && !page.contains("number2"), "{page}");
    // A page of before says nothing of it.
    pages.post("/messages", "action=read-all&q=").await;
    assert!(!pages.get("/").await.contains("Unread. "));
}
