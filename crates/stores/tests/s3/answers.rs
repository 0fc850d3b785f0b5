//! Which answer of the server becomes which reply.

use std::time::Duration;

use mailchute::Server;

use super::scripted::{Says, Scripted, begun, content, mail_server, options};

const PART: usize = 5 * 1024 * 1024;

#[tokio::test]
async fn a_refused_put_is_answered_with_the_code_for_its_reason() {
    for (says, reply) in [
        (Says::Status(507, ""), "452 4.3.1 The object storage is full"),
        (Says::Status(403, "<Code>QuotaExceeded</Code>"), "452 4.3.1 The object storage is full"),
        (
            Says::Status(400, "<Code>EntityTooLarge</Code>"),
            "552 5.3.4 The message is too large for the object storage",
        ),
        (Says::Status(413, ""), "552 5.3.4 The message is too large for the object storage"),
        (
            Says::Status(403, "<Code>InvalidAccessKeyId</Code>"),
            "451 4.3.5 The object storage does not take the message",
        ),
        (
            Says::Status(404, "<Code>NoSuchBucket</Code>"),
            "451 4.3.5 The object storage does not take the message",
        ),
        (
            Says::Status(301, "<Code>PermanentRedirect</Code>"),
            "451 4.3.5 The object storage does not take the message",
        ),
        (Says::Status(503, "<Code>SlowDown</Code>"), "451 4.3.2 The object storage is busy"),
        (Says::Status(429, ""), "451 4.3.2 The object storage is busy"),
        (Says::Status(500, ""), "451 4.3.0 The object storage cannot keep the message"),
        (Says::Status(412, ""), "451 4.3.0 The object storage cannot keep the message"),
        (Says::End, "451 4.4.1 The object storage cannot be reached"),
    ] {
        let s3 = Scripted::start().await;
        s3.says("put", says);
        let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
        let answer = client.command("Subject: x\r\n\r\n.").await;
        assert_eq!(answer.to_string().trim_end(), reply, "{says:?}");
        assert_eq!(s3.kinds().iter().filter(|kind| **kind == "put").count(), 1, "{says:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_answered_451() {
    let s3 = Scripted::start().await;
    let (builder, _directory) = options(&s3, "{id}");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = builder.endpoint(format!("http://{gone}")).open().unwrap();
    let server = Server::builder().store(store).build().unwrap();
    let answer = begun(&server, &["bob@example.com"]).await.command("Subject: x\r\n\r\n.").await;
    assert_eq!(answer.to_string().trim_end(), "451 4.4.1 The object storage cannot be reached");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_answered_451_in_time() {
    for kind in ["put", "begin", "part", "complete"] {
        let s3 = Scripted::start().await;
        s3.says(kind, Says::Nothing);
        let (builder, _directory) = options(&s3, "{id}");
        let store = builder.request_timeout(Duration::from_millis(500)).open().unwrap();
        let server = Server::builder().store(store).build().unwrap();
        let mut client = begun(&server, &["bob@example.com"]).await;
        client.send_bytes(&content(if kind == "put" { 1000 } else { PART + 1000 })).await;
        let answer = client.command(".").await;
        assert_eq!(answer.to_string().trim_end(), "451 4.4.1 The object storage cannot be reached", "{kind}");
    }
}

#[tokio::test]
async fn a_completion_that_fails_within_a_200_is_answered_451() {
    let s3 = Scripted::start().await;
    s3.says("complete", Says::Status(200, "<Error><Code>InternalError</Code></Error>"));
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.send_bytes(&content(PART + 1000)).await;
    client.command(".").await.expect(451);
}
