//! Large messages: their content goes into a bucket of S3, and the message in the stream names it.

use std::time::Duration;

use mailchute::{Server, testing};
use mailchute_stores::from_url;

use super::scripted::{ACCEPTED, Published, SILENCE, Scripted};
use crate::common::{begin, client, eventually};
use crate::s3::scripted::{Says, Scripted as Bucket, content};

const PART: usize = 5 * 1024 * 1024;
const FULL: &str = r#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}"#;

struct Both {
    nats: Scripted,
    s3: Bucket,
    server: Server,
}

impl Both {
    async fn start(answer: impl Fn(&Published) -> &'static str + Send + Sync + 'static) -> Self {
        Self::with(Scripted::listen(answer).await, Bucket::start().await)
    }

    fn with(nats: Scripted, s3: Bucket) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        std::fs::write(&secret, "hunter2\n").unwrap();
        let url = format!(
            "nats://{}/mail.{{domain}}?body=s3://bodies/in/{{id}}&s3-endpoint=http://{}&s3-region=x&s3-key=us&s3-secret=file:{}",
            nats.address,
            s3.address,
            secret.display()
        );
        let server = Server::builder()
            .hostname("mx.example.com")
            .store_timeout(Duration::from_secs(2))
            .with(from_url(&url).unwrap())
            .build()
            .unwrap();
        Self { nats, s3, server }
    }

    /// Sends content of so many bytes. Returns the reply.
    async fn send(&self, bytes: usize, recipients: &[&str]) -> String {
        let mut client = client(&self.server, 1).await;
        begin(&mut client, recipients).await;
        client.send_bytes(&content(bytes)).await;
        client.command(".").await.to_string()
    }
}

#[tokio::test]
async fn a_large_message_names_the_object_with_its_content() {
    let both = Both::start(|_| ACCEPTED).await;
    let reply = both.send(10_000, &["bob@one.example", "eve@two.example"]).await;
    assert!(reply.starts_with("250 2.6.0 Message accepted as "), "{reply}");
    let (objects, messages) = (both.s3.take(), both.nats.published());
    assert_eq!((objects.len(), messages.len()), (2, 2), "{messages:?}");
    for message in &messages {
        let [body] = *message.all("Mailchute-Body") else { panic!("{message:?}") };
        let line = format!("PUT /bodies/{}", body.strip_prefix("s3://bodies/").unwrap());
        let object = objects.iter().find(|object| object.line == line).unwrap();
        assert!(line.starts_with("PUT /bodies/in/"), "{line}");
        assert!(object.body.starts_with(b"Received: from client.example "), "{:?}", object.headers);
        assert!(object.body.ends_with(&content(10_000)));
        assert!(message.payload.is_empty());
    }
    assert_ne!(messages[0].all("Mailchute-Body"), messages[1].all("Mailchute-Body"));
}

#[tokio::test]
async fn a_small_message_makes_no_object() {
    let both = Both::start(|_| ACCEPTED).await;
    assert!(both.send(200, &["bob@example.com"]).await.starts_with("250"));
    assert_eq!(both.s3.kinds(), [""; 0]);
    assert!(both.nats.published()[0].payload.ends_with(&content(200)));
}

#[tokio::test]
async fn the_object_is_complete_before_the_stream_has_the_message() {
    let s3 = Bucket::start().await;
    let seen = s3.clone();
    let nats = Scripted::listen(move |_| {
        assert_eq!(seen.kinds(), ["begin", "part", "part", "complete"]);
        ACCEPTED
    });
    let both = Both::with(nats.await, s3);
    assert!(both.send(PART + 1000, &["bob@example.com"]).await.starts_with("250"));
    assert_eq!(both.s3.kinds(), ["begin", "part", "part", "complete"]);
}

#[tokio::test]
async fn a_refusal_of_the_stream_removes_the_object() {
    for (bytes, kinds) in
        [(10_000, vec!["put", "delete"]), (PART + 1000, vec!["begin", "part", "part", "complete", "delete"])]
    {
        let both = Both::start(|_| FULL).await;
        let reply = both.send(bytes, &["bob@example.com"]).await;
        assert!(reply.starts_with("452 4.3.1 "), "{reply}");
        eventually(|| both.s3.kinds() == kinds).await;
        let requests = both.s3.take();
        let path = |line: &str| line.split([' ', '?']).nth(1).map(str::to_owned);
        assert_eq!(path(&requests[0].line), path(&requests[requests.len() - 1].line));
    }
}

#[tokio::test]
async fn by_lmtp_only_the_object_of_the_refused_message_goes() {
    let both =
        Both::start(|message| if message.subject.ends_with("two.example") { FULL } else { ACCEPTED }).await;
    let mut client = testing::connect(&both.server).lmtp().open();
    client.ready().await.expect(250);
    begin(&mut client, &["bob@one.example", "eve@two.example"]).await;
    client.send_bytes(&content(10_000)).await;
    client.command(".").await.expect(250);
    client.read_reply().await.expect(452);
    eventually(|| both.s3.kinds().contains(&"delete")).await;
    let published = both.nats.published();
    let refused = published.iter().find(|message| message.subject.ends_with("two.example")).unwrap();
    let key = refused.all("Mailchute-Body")[0].strip_prefix("s3:/").unwrap();
    let requests = both.s3.take();
    let deleted: Vec<_> = requests.iter().filter(|request| request.line.starts_with("DELETE ")).collect();
    assert_eq!(deleted.iter().map(|request| &*request.line).collect::<Vec<_>>(), [format!("DELETE {key}")]);
}

#[tokio::test]
async fn the_object_stays_if_the_stream_may_have_the_message() {
    for answer in ["not what a stream says", SILENCE] {
        let both = Both::start(move |_| answer).await;
        let reply = both.send(10_000, &["bob@example.com"]).await;
        assert!(reply.starts_with("451 "), "{reply}");
        assert_eq!(both.nats.published().len(), 1);
        // A removal would begin at once.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(both.s3.kinds(), ["put"], "{answer}");
    }
}

#[tokio::test]
async fn nothing_is_published_if_the_bucket_refuses() {
    for (says, begins) in [
        (Says::Status(507, ""), "452 4.3.1 "),
        (Says::Status(404, ""), "451 4.3.5 "),
        (Says::End, "451 4.4.1 "),
    ] {
        let both = Both::start(|_| ACCEPTED).await;
        both.s3.says("put", says);
        let reply = both.send(10_000, &["bob@example.com"]).await;
        assert!(reply.starts_with(begins), "{reply}");
        assert_eq!(both.nats.published().len(), 0);
    }
}

#[tokio::test]
async fn a_client_that_goes_in_the_middle_leaves_no_upload() {
    let both = Both::start(|_| ACCEPTED).await;
    let mut client = client(&both.server, 1).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.send_bytes(&content(PART + 1_000_000)).await;
    eventually(|| both.s3.kinds() == ["begin", "part"]).await;
    drop(client);
    eventually(|| both.s3.kinds() == ["begin", "part", "abort"]).await;
    assert_eq!(both.nats.published().len(), 0);
}
