//! The API and Mailpit's, over a Maildir.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use futures_util::StreamExt as _;
use hyper_util::service::TowerToHyperService;
use mailchute::{Server, testing};
use serde_json::{Value, json};

use super::*;
use crate::mailbox::Mailbox;
use crate::mailpit;

/// A Maildir with a message, and the routes over it.
struct Api {
    root: tempfile::TempDir,
    router: Router,
}

const MESSAGE: &str = "From: App <app@example.com>\nTo: ann@example.com\nSubject: Welcome\nMessage-ID: <1@example.com>\n\
    Date: Sun, 29 Nov 2026 12:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/html\n\n<p>Your code is 481516. <a href=\"https://example.com/confirm?t=1\">Confirm</a></p>\n\
    --b\nContent-Type: text/html; name=\"evil.html\"\nContent-Disposition: attachment\n\n<script>alert(1)</script>\n--b--\n";

impl Api {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["new", "cur", "tmp"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        let server = Server::builder().hostname("mx.example.com").store(testing::Inbox::new());
        let server = server.build().unwrap();
        let mailbox = Mailbox::builder(root.path()).open().unwrap();
        let state = State::new(&server, Some(mailbox));
        let router = routes().merge(mailpit::routes()).with_state(Arc::new(state));
        Self { root, router }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.root.path().join("new").join(name), text).unwrap();
    }

    async fn send(&self, request: Request<Body>) -> Response {
        let routes = TowerToHyperService::new(self.router.clone());
        hyper::service::Service::call(&routes, request).await.unwrap()
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.send(request.body(body).unwrap()).await;
        let (status, text) = (response.status(), text(response).await);
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask("GET", path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {value}");
        value
    }
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_message_has_its_link_and_code() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    let message = api.get("/api/v1/messages/wait?q=to:ann@example.com&timeout=20").await;
    assert_eq!(message["subject"], "Welcome");
    assert_eq!(message["links"][0], json!({"url": "https://example.com/confirm?t=1", "text": "Confirm"}));
    assert_eq!(message["codes"], json!(["481516"]));
    let id = message["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/api/v1/messages/{id}")).await, message);
    assert_eq!(api.get(&format!("/api/v1/messages/{id}/raw")).await, json!(MESSAGE));
    let html = api.get(&format!("/api/v1/messages/{id}/html")).await;
    assert!(html.as_str().unwrap().starts_with("<base target=\"_blank\"><p>"));
}

#[tokio::test]
async fn checks_know_the_results_of_this_server() {
    let api = Api::new();
    for (order, hostname, number) in [(1, "mx.example.com", 1), (2, "other.example", 0)] {
        let results = format!("Authentication-Results: {hostname}; spf=fail smtp.mailfrom=a\n{MESSAGE}");
        api.put(&format!("{order}.a.x"), &results);
        let message = api.get("/api/v1/messages/latest").await;
        let checks = message["checks"].as_array().unwrap().iter();
        assert_eq!(checks.filter(|check| check["name"] == "spf").count(), number, "{hostname}");
    }
}

#[tokio::test]
async fn a_part_is_a_harmless_download() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    let request = Request::get("/api/v1/messages/latest/parts/3").body(Body::empty()).unwrap();
    let response = api.send(request).await;
    let field = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(field("content-type"), "application/octet-stream");
    assert_eq!(field("content-disposition"), "attachment; filename*=UTF-8''evil%2Ehtml");
    assert_eq!(field("x-content-type-options"), "nosniff");
    assert_eq!(text(response).await, "<script>alert(1)</script>");
}

#[tokio::test]
async fn mailpit_lists_reads_marks_and_deletes() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    api.put("2.b.x", &MESSAGE.replace("ann@", "bob@"));
    let page = api.get("/api/v1/messages").await;
    assert_eq!((&page["total"], &page["unread"], &page["count"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!(page["messages"][0]["To"][0], json!({"Name": "", "Address": "bob@example.com"}));
    assert_eq!(page["messages"][0]["From"]["Name"], "App");
    let page = api.get("/api/v1/messages?start=1&limit=1").await;
    assert_eq!((&page["count"], &page["messages"][0]["Read"]), (&json!(1), &json!(false)));
    let message = api.get("/api/v1/message/latest").await;
    assert_eq!(message["Attachments"][0]["FileName"], "evil.html");
    assert_eq!(api.get("/api/v1/messages").await["unread"], 1);
    let headers = api.get("/api/v1/message/latest/headers").await;
    assert_eq!(headers["Message-Id"], json!(["<1@example.com>"]));
    let found = api.get("/api/v1/search?query=to:ann%40example.com").await;
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    assert_eq!((&found["total"], &found["messages_count"]), (&json!(2), &json!(1)));
    let id = message["ID"].clone();
    let (status, _) = api.ask("PUT", "/api/v1/messages", Some(json!({"IDs": [id], "Read": false}))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["unread"], 2);
    let (status, _) = api.ask("DELETE", "/api/v1/messages", Some(json!({"IDs": [id]}))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["total"], 1);
    assert!(api.get("/view/latest.html").await.as_str().unwrap().contains("Confirm"));
    assert!(api.get("/view/latest.txt").await.as_str().unwrap().contains("481516"));
}

#[tokio::test]
async fn a_body_without_a_type_names_what_is_deleted() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    api.put("2.b.x", MESSAGE);
    let id = api.get("/api/v1/messages").await["messages"][0]["ID"].clone();
    // As Go's http.NewRequest and Python's requests send it.
    let change = async |method: &str, body: Value| {
        let body = Body::from(body.to_string());
        let request = Request::builder().method(method).uri("/api/v1/messages").body(body).unwrap();
        api.send(request).await.status()
    };
    assert_eq!(change("PUT", json!({"IDs": [id], "Read": true})).await, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["unread"], 1);
    assert_eq!(change("DELETE", json!({"IDs": [id]})).await, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["total"], 1);
    assert_eq!(change("DELETE", json!("x")).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.get("/api/v1/messages").await["total"], 1);
    let gone = format!("/api/v1/message/{}", id.as_str().unwrap());
    for path in [gone.clone(), format!("{gone}/raw"), format!("{gone}/headers")] {
        assert_eq!(api.ask("GET", &path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn forms_and_documents_that_name_nothing_known_delete_nothing() {
    let api = Api::new();
    api.put("1769860800.M1P1Q1.x", MESSAGE);
    let id = api.get("/api/v1/messages").await["messages"][0]["ID"].as_str().unwrap().to_owned();
    let change = async |method: &str, kind: &str, body: String| {
        let request = Request::builder().method(method).uri("/api/v1/messages").header(CONTENT_TYPE, kind);
        api.send(request.body(Body::from(body)).unwrap()).await.status()
    };
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (kind, body) in [
        (json, format!(r#"{{"id": "{id}"}}"#)),
        (json, format!(r#"{{"messages": ["{id}"]}}"#)),
        (json, r#"{"Search": ""}"#.to_owned()),
        (form, format!("id={id}")),
        (form, "Search=".to_owned()),
    ] {
        for method in ["DELETE", "PUT"] {
            assert_eq!(change(method, kind, body.clone()).await, StatusCode::BAD_REQUEST, "{method} {body}");
        }
    }
    assert_eq!(api.get("/api/v1/messages").await["unread"], 1);
    assert_eq!(change("PUT", form, format!("ids={id}&Read=true")).await, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["unread"], 0);
    assert_eq!(change("DELETE", form, format!("ids={id}")).await, StatusCode::OK);
    assert_eq!(api.get("/api/v1/messages").await["total"], 0);
}

#[tokio::test]
async fn a_search_without_words_deletes_and_finds_nothing() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    for (method, path) in [
        ("DELETE", "/api/v1/messages?q="),
        ("DELETE", "/api/v1/messages?q=%20"),
        ("DELETE", "/api/v1/messages?q=subject:%22%F0%9F%8E%89%22"),
        ("DELETE", "/api/v1/messages?search=welcome"),
        ("DELETE", "/api/v1/messages?Q=welcome"),
        ("DELETE", "/api/v1/search?query="),
        ("DELETE", "/api/v1/search?query=from:---"),
        ("GET", "/api/v1/search?query="),
        ("GET", "/api/v1/messages/wait?q="),
        ("GET", "/api/v1/messages/wait?q=subject:%22%F0%9F%8E%89%22"),
    ] {
        assert_eq!(api.ask(method, path, None).await.0, StatusCode::BAD_REQUEST, "{method} {path}");
    }
    assert_eq!(api.get("/api/v1/messages").await["total"], 1);
    // A search deletes the same as it lists.
    let (_, deletion) = api.ask("DELETE", "/api/v1/messages?q=!welcome", None).await;
    assert_eq!(deletion["messages"], 0);
}

#[tokio::test]
async fn a_maildir_without_cur_is_shown() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    fs::remove_dir(api.root.path().join("cur")).unwrap();
    assert_eq!(api.get("/api/v1/message/latest").await["Subject"], "Welcome");
    assert_eq!(api.get("/api/v1/messages").await["unread"], 1);
}

#[tokio::test]
async fn a_download_is_the_file_in_pieces() {
    let api = Api::new();
    let text = format!("{MESSAGE}{}", "line\n".repeat(100_000));
    api.put("1.a.x", &text);
    let request = Request::get("/api/v1/messages/latest/raw").body(Body::empty()).unwrap();
    let response = api.send(request).await;
    assert_eq!(response.headers()["content-length"], text.len().to_string());
    let pieces: Vec<_> = response.into_body().into_data_stream().collect().await;
    assert!(pieces.iter().all(|piece| piece.as_ref().unwrap().len() <= 64 * 1024));
    assert_eq!(pieces.into_iter().flat_map(|piece| piece.unwrap()).collect::<Vec<_>>(), text.as_bytes());
}

#[tokio::test]
async fn a_deletion_by_search_can_be_undone() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    let (_, deletion) = api.ask("DELETE", "/api/v1/messages?q=subject:welcome", None).await;
    assert_eq!(deletion["messages"], 1);
    assert_eq!(api.get("/api/v1/messages").await["total"], 0);
    let body = json!({"deletion": deletion["deletion"]});
    let (_, undone) = api.ask("POST", "/api/v1/messages/undo", Some(body)).await;
    assert_eq!(undone["messages"], 1);
    assert_eq!(api.get("/api/v1/messages").await["total"], 1);
}

#[tokio::test]
async fn mistakes_are_problems_with_a_sentence() {
    let api = Api::new();
    for (method, path, body, status) in [
        ("GET", "/api/v1/messages/0000000000000000", None, 404),
        ("GET", "/api/v1/messages/latest", None, 404),
        ("GET", "/api/v1/messages/x/raw", None, 404),
        ("GET", "/api/v1/messages?start=x", None, 400),
        ("GET", "/api/v1/messages?start=99999999999", None, 400),
        ("GET", "/api/v1/messages?before=x", None, 400),
        ("GET", "/api/v1/messages?q=before:never", None, 400),
        ("GET", "/api/v1/search", None, 400),
        ("GET", "/api/v1/messages/wait?timeout=0", None, 404),
        ("POST", "/api/v1/messages/undo", None, 400),
        ("POST", "/api/v1/messages/undo", Some(json!({"deletion": 7})), 404),
        ("POST", "/api/v1/messages/undo", Some(json!({"deletion": "x"})), 422),
        ("DELETE", "/api/v1/messages", Some(json!({"IDs": ["x"]})), 400),
    ] {
        let (found, problem) = api.ask(method, path, body).await;
        assert_eq!(found.as_u16(), status, "{method} {path}: {problem}");
        assert_eq!(problem["status"], status, "{method} {path}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    }
}

#[tokio::test]
async fn events_go_on_after_the_last_that_was_seen() {
    let api = Api::new();
    api.put("1.a.x", MESSAGE);
    let first = api.get("/api/v1/messages/latest").await["id"].as_str().unwrap().to_owned();
    api.put("2.b.x", &MESSAGE.replace("Welcome", "Second"));
    let request = Request::get("/api/v1/events").header("last-event-id", first).body(Body::empty()).unwrap();
    let mut stream = api.send(request).await.into_body().into_data_stream();
    let mut told = String::new();
    while !told.contains("event: missed") {
        told += std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap();
    }
    assert!(told.contains("Second") && !told.contains("Welcome"), "{told}");
    api.put("3.c.x", &MESSAGE.replace("Welcome", "Third"));
    api.get("/api/v1/messages").await;
    while !told.contains("Third") {
        told += std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_stream_begins_with_an_identifier() {
    let api = Api::new();
    let ready = async || {
        let request = Request::get("/api/v1/events").body(Body::empty()).unwrap();
        let first = api.send(request).await.into_body().into_data_stream().next().await;
        String::from_utf8(first.unwrap().unwrap().to_vec()).unwrap()
    };
    assert_eq!(ready().await, "event: ready\ndata: {}\nid: 0000000000000000\n\n");
    api.put("1.a.x", MESSAGE);
    let newest = api.get("/api/v1/messages/latest").await["id"].as_str().unwrap().to_owned();
    assert_eq!(ready().await, format!("event: ready\ndata: {{}}\nid: {newest}\n\n"));
}

/// The methods of each path in the sources of the routes.
fn routed() -> BTreeMap<String, BTreeSet<String>> {
    let sources =
        [include_str!("mod.rs"), include_str!("chaos.rs"), include_str!("../mailpit/mod.rs")].concat();
    let routes = sources.split(".route(\"").skip(1).filter_map(|route| route.split_once('"'));
    let routes = routes.filter(|(path, _)| path.starts_with("/api/"));
    let methods = |handlers: &str| {
        let line = handlers.lines().next().unwrap_or_default();
        let known = ["get", "put", "post", "delete"].into_iter();
        known.filter(|method| line.contains(&format!("{method}("))).map(str::to_owned).collect()
    };
    routes.map(|(path, handlers)| (path.to_owned(), methods(handlers))).collect()
}

#[test]
fn the_document_describes_exactly_the_routes() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let described: BTreeMap<String, BTreeSet<String>> = paths
        .map(|(path, operations)| (path.clone(), operations.as_object().unwrap().keys().cloned().collect()))
        .collect();
    assert_eq!(routed(), described);
}
