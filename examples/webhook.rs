//! Pass every message to a web application as JSON: the client gets 250 once the application has answered 2xx.
//!
//! The application is part of the example here; set `WEBHOOK` to the address of yours. To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to bob@example.com --header 'Subject: Lunch' --body 'At one?'  # 250 2.6.0 Taken: Lunch
//! swaks --server 127.0.0.1:2525 --to bob@example.com --header 'Subject: Spam'  # 554 5.6.0 The application does not want this message
//! swaks --server 127.0.0.1:2525 --to bob@example.com --header 'Subject: Busy'  # 451 4.3.0 Internal error; try again later
//! ```

use std::error::Error;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use mail_parser::MessageParser;
use mailchute::{Message, Receipt, Recipient, Refusal, Server, Session, Store};
use mailchute_examples::serve;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Webhook {
    client: Client,
    url: Url,
}

impl Store for Webhook {
    async fn store(&self, mut message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let content = message.bytes().await?;
        let parsed = MessageParser::new().parse(&content).unwrap_or_default();
        let recipients = &message.envelope().recipients;
        let mail = json!({

            "id": message.id().to_string(),
            "client": session.client_ip(),
            "sender": message.envelope().sender.as_str(),
            "recipients": recipients.iter().map(Recipient::as_str).collect::<Vec<_>>(),
            "subject": parsed.subject(),
            "text": parsed.body_text(0),
        });
        let answer = self.client.post(self.url.clone()).json(&mail).send().await?;
        if answer.status() == StatusCode::UNPROCESSABLE_ENTITY {
            return Err(Refusal::new(554, (5, 6, 0), "The application does not want this message"));
        }
        // Any other failure is not the client's fault, so the client is told to try again.
        let answer = answer.error_for_status()?;
        Ok(Receipt::new(answer.text().await?))
    }
}

/// Stands for the web application.
async fn application(Json(mail): Json<Value>) -> (StatusCode, String) {
    println!("{mail}");
    match mail["subject"].as_str() {
        Some("Spam") => (StatusCode::UNPROCESSABLE_ENTITY, String::new()),
        Some("Busy") => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        subject => (StatusCode::OK, format!("Taken: {}", subject.unwrap_or_default())),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let own = format!("http://{}/mail", listener.local_addr()?);
    let web = axum::serve(listener, Router::new().route("/mail", post(application)));
    tokio::spawn(web.into_future());

    let url = std::env::var("WEBHOOK").unwrap_or(own).parse()?;
    let server = Server::builder().store(Webhook { client: Client::new(), url }).build()?;

    serve(server).await?;
    Ok(())
}
