use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use mailchute::syntax::BareLineEnds;
use mailchute::{Message, Receipt, Recipient, Session, testing};
use tokio::io::ReadBuf;

use super::*;

/// The messages of the store: their bytes and their origin.
type Kept = Arc<Mutex<Vec<(Vec<u8>, String)>>>;

/// A server that refuses no@ at RCPT and full@ after the content.
fn server(kept: &Kept) -> Server {
    let kept = Arc::clone(kept);
    Server::builder()
        .bare_line_ends(BareLineEnds::Tolerate)
        .max_errors(0)
        .on_rcpt_to(|to: Recipient, _session| async move {
            if to.as_str().starts_with("no@") {
                return Err(Refusal::new(550, (5, 1, 1), "No such user"));
            }
            Ok(())
        })
        .on_store(move |mut message: Message, session: Session| {
            let kept = Arc::clone(&kept);
            async move {
                message.prepend_received();
                let content = message.bytes().await?;
                for (place, recipient) in message.envelope().recipients.iter().enumerate() {
                    if recipient.as_str().starts_with("full@") {
                        message.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
                    }
                }
                let origin = session.forwarded().and_then(|origin| origin.helo.clone());
                kept.lock().unwrap().push((content.to_vec(), format!("{origin:?}")));
                Ok(Receipt::new("Kept").with_enhanced(1, 5))
            }
        })
        .build()
        .unwrap()
}

fn envelope(recipients: &[&str]) -> Envelope {
    let mut envelope = Envelope::new(testing::sender("alice@client.example"));
    envelope.recipients = recipients.iter().map(|recipient| testing::recipient(recipient)).collect();
    envelope
}

fn queued() -> Queued {
    Queued::new("MAIL/1/2", SystemTime::UNIX_EPOCH)
}

fn codes(answers: &[Answer]) -> Vec<u16> {
    answers
        .iter()
        .map(|answer| answer.as_ref().map_or_else(|refusal| refusal.code().get(), |_| 250))
        .collect()
}

#[tokio::test]
async fn each_recipient_has_its_own_answer() {
    let kept = Kept::default();
    let recipients = ["bob@example.com", "no@example.com", "full@example.com", "eve@example.com"];
    let mut origin = XForward::default();
    origin.helo = Some(mailchute::proxy::Attribute::Known("client.example".to_owned()));
    let content: &[u8] = b"Received: from x\r\nSubject: x\r\n\r\n.\r\nbare\nend\rno end";
    let answers = hand_over(&server(&kept), queued(), &origin, &envelope(&recipients), content).await;
    assert_eq!(codes(&answers), [250, 550, 452, 250]);
    assert_eq!(answers[0], Ok(Receipt::new("Kept").with_enhanced(1, 5)));
    assert_eq!(answers[1].as_ref().unwrap_err().to_string().trim_end(), "550 5.1.1 No such user");
    // Not a byte is changed.
    let helo = r#"Some(Known("client.example"))"#.to_owned();
    assert_eq!(*kept.lock().unwrap(), [(content.to_vec(), helo)]);
}

#[tokio::test]
async fn nobody_is_asked_for_content_if_all_are_refused() {
    let kept = Kept::default();
    let many = vec!["no@example.com"; 50];
    let answers = hand_over(&server(&kept), queued(), &XForward::default(), &envelope(&many), Broken).await;
    assert_eq!(codes(&answers), [550; 50]);
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn parameters_that_need_tls_are_passed_on() {
    let kept = Kept::default();
    let mut envelope = envelope(&["bob@example.com"]);
    let parameters = envelope.sender.parameters_mut();
    (parameters.requiretls, parameters.smtputf8) = (true, true);
    let answers =
        hand_over(&server(&kept), queued(), &XForward::default(), &envelope, &b"x: y\r\n"[..]).await;
    assert_eq!(codes(&answers), [250]);
}

#[tokio::test]
async fn content_that_breaks_off_is_not_stored() {
    let kept = Kept::default();
    let content = tokio::io::AsyncReadExt::chain(&b"Subject: half\r\n"[..], Broken);
    let to = envelope(&["bob@example.com", "eve@example.com"]);
    let answers = hand_over(&server(&kept), queued(), &XForward::default(), &to, content).await;
    assert_eq!(codes(&answers), [451, 451]);
    assert!(answers[0].as_ref().unwrap_err().to_string().contains("the bucket is gone"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn large_content_is_streamed() {
    let kept = Kept::default();
    let server = server(&kept);
    let line = [b'y'; 998];
    let content = [b"x: y\r\n\r\n", &[&line[..], b"\r\n"].concat().repeat(3_000)[..]].concat();
    let to = envelope(&["bob@example.com"]);
    let answers = hand_over(&server, queued(), &XForward::default(), &to, &content[..]).await;
    assert_eq!(codes(&answers), [250]);
    assert!(kept.lock().unwrap()[0].0 == content);
}

/// Content that cannot be read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        _buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the bucket is gone")))
    }
}
