//! The responses of the pages of a message, by literal bytes.

use std::fs;

use mailchute::{Server, testing};
use mailchute_console::{Console, Mailbox};
use tempfile::TempDir;

use crate::support::{Served, field, serve_console, status};

const HOSTILE: &str = "From: a@example.net\r\nSubject: <script>alert(1)</script>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n\
    --x\r\nContent-Type: text/html\r\n\r\n<script>1</script><LINK rel=prefetch href=http://evil.example/>\r\n\
    --x\r\nContent-Type: image/svg+xml; name=\"a\\\"\r\n b.svg\"\r\nContent-Disposition: attachment\r\n\r\n<svg onload=alert(1)>\r\n\
    --x\r\nContent-Type: image/png; name=a.png\r\n\r\nPNG\r\n--x--\r\n";

async fn console() -> (Served, String, TempDir) {
    let folder = TempDir::new().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("new/1764000000.M1P1.host"), HOSTILE).unwrap();
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let mailbox = Mailbox::builder(folder.path()).open().unwrap();
    let console = serve_console(Console::builder(&server).mailbox(mailbox).build()).await;
    let page = console.get("/", "").await;
    let (_, rest) = page.split_once("data-id=\"").unwrap_or_else(|| panic!("no message: {page}"));
    let id = rest[..16].to_owned();
    (console, id, folder)
}

#[tokio::test]
async fn the_frame_of_a_message_has_a_policy_of_its_own() {
    let (console, id, _folder) = console().await;
    let policy = |images: &str| {
        format!(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src {images}; style-src \
             'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        )
    };
    for (path, images) in [("html", "data:"), ("html?images=1", "https: http: data:")] {
        let answer = console.get(&format!("/m/{id}/{path}"), "").await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert_eq!(field(&answer, "content-security-policy"), Some(&*policy(images)));
        assert_eq!(field(&answer, "referrer-policy"), Some("no-referrer"));
        assert_eq!(field(&answer, "x-content-type-options"), Some("nosniff"));
        assert_eq!(field(&answer, "cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(field(&answer, "cross-origin-opener-policy"), Some("same-origin"));
        assert!(!answer.to_ascii_lowercase().contains("<link"), "{answer}");
    }
    let page = console.get(&format!("/m/{id}"), "").await;
    assert!(
        page.contains(
            "sandbox=\"allow-popups allow-popups-to-escape-sandbox\" referrerpolicy=\"no-referrer\""
        )
    );
}

#[tokio::test]
async fn the_pages_of_a_message_hold_none_of_its_markup() {
    let (console, id, _folder) = console().await;
    assert!(!console.get("/", "").await.contains("<script>alert"));
    for tab in ["html", "text", "source", "headers", "parts", "session", "checks"] {
        let page = console.get(&format!("/m/{id}?tab={tab}"), "").await;
        assert_eq!(status(&page), 200, "{page}");
        assert!(!page.contains("<script>alert") && !page.contains("<svg onload"), "{tab}: {page}");
    }
}

#[tokio::test]
async fn parts_are_downloads_and_only_raster_images_are_shown() {
    let (console, id, _folder) = console().await;
    let mut shown = 0;
    for number in 1..=4 {
        for query in ["", "?show=1"] {
            let answer = console.get(&format!("/m/{id}/parts/{number}{query}"), "").await;
            assert_eq!(status(&answer), 200, "{answer}");
            assert_eq!(field(&answer, "content-security-policy"), Some("sandbox; default-src 'none'"));
            let (kind, disposition) = (field(&answer, "content-type"), field(&answer, "content-disposition"));
            if disposition == Some("inline") {
                assert_eq!(kind, Some("image/png"));
                shown += 1;
            } else {
                assert_eq!(kind, Some("application/octet-stream"));
                assert!(disposition.unwrap().starts_with("attachment; filename*=UTF-8''"), "{answer}");
            }
        }
    }
    assert_eq!(shown, 1);
    let raw = console.get(&format!("/m/{id}/raw"), "").await;
    assert_eq!(field(&raw, "content-type"), Some("message/rfc822"));
    assert!(raw.ends_with(HOSTILE), "{raw}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (console, id, _folder) = console().await;
    for path in ["/m/0000000000000000", "/m/x", "/m/..%2f..%2fetc", &format!("/m/{id}/parts/99")] {
        assert_eq!(status(&console.get(path, "").await), 404, "{path}");
    }
}
