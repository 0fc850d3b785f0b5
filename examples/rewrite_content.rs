//! A gateway that changes messages: it adds, removes and replaces fields, and disarms links in a text.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com --h-X-Internal-Route west --header 'Subject: Prize' --body 'See http://evil.example/win'  # 250 2.
//! cat mail/new/*  # Subject: [external] Prize
//! cat mail/new/*  # See hxxp://evil.example/win
//! cat mail/new/*  # X-Client-Address: 127.0.0.1
//! grep --count X-Internal-Route mail/new/* || echo it is gone  # it is gone
//! ```

use std::error::Error;
use std::time::SystemTime;

use mail_parser::MessageParser;
use mailchute::message::date;
use mailchute::{Filter, Message, Refusal, Server, Session};
use mailchute_examples::serve;
use mailchute_stores::Maildir;

struct Gateway;

impl Filter for Gateway {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let header = message.header().await?;
        message.remove_fields(|name, _value| name == "Bcc" || name.has_prefix("X-Internal-"));
        let subject = header.get("Subject").unwrap_or_default();
        if !subject.starts_with("[external]") {
            message.replace_field("Subject", 0, &format!("[external] {subject}"))?;
        }
        // Fields that the client should have sent, and facts that only this server knows.
        if !header.has("Date") {
            message.add_below_trace("Date", &date(SystemTime::now()))?;
        }
        if !header.has("Message-ID") {
            message.add_below_trace("Message-ID", &message.new_message_id())?;
        }
        message.add_above_trace("X-Client-Address", &session.client_ip().to_string())?;
        disarm_links(message).await
    }
}

/// Replaces the text of a plain text message, if it contains links.
async fn disarm_links(message: &mut Message) -> Result<(), Refusal> {
    let content = message.bytes().await?;
    let Some(parsed) = MessageParser::new().parse(&content) else { return Ok(()) };
    let Some(text) = parsed.body_text(0) else { return Ok(()) };
    if parsed.parts.len() > 1 || !text.contains("http") {
        return Ok(());
    }
    let mut body = message.new_body();
    body.write(text.replace("http://", "hxxp://").replace("https://", "hxxps://")).await?;
    message.replace_body(body).await?;
    message.replace_field("Content-Type", 0, "text/plain; charset=utf-8")?;
    message.replace_field("Content-Transfer-Encoding", 0, "8bit")?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .max_message_size(10 * 1024 * 1024)
        .filter(Gateway)
        .store(Maildir::open("mail")?)
        .build()?;

    serve(server).await?;
    Ok(())
}
