//! Nothing remains of a message that was not answered 250.

use mailchute::Server;

use super::scripted::{Says, Scripted, begun, content, mail_server, options};
use crate::common::eventually;

const PART: usize = 5 * 1024 * 1024;

async fn expect_kinds(s3: &Scripted, kinds: &[&str]) {
    eventually(|| s3.kinds().len() >= kinds.len()).await;
    assert_eq!(s3.kinds(), kinds);
}

#[tokio::test]
async fn a_part_that_fails_ends_the_upload() {
    let s3 = Scripted::start().await;
    s3.says("part", Says::Status(507, ""));
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.send_bytes(&content(PART + 1000)).await;
    client.command(".").await.expect(452);
    expect_kinds(&s3, &["begin", "part", "abort"]).await;
    let requests = s3.take();
    assert!(requests[2].line.ends_with("?uploadId=up1"), "{}", requests[2].line);
}

#[tokio::test]
async fn a_client_that_goes_in_the_middle_leaves_no_upload() {
    let s3 = Scripted::start().await;
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.send_bytes(&content(PART + 1_000_000)).await;
    expect_kinds(&s3, &["begin", "part"]).await;
    drop(client);
    expect_kinds(&s3, &["begin", "part", "abort"]).await;
}

#[tokio::test]
async fn a_client_that_goes_while_an_upload_begins_leaves_none() {
    let s3 = Scripted::start().await;
    s3.state().delays_begin = true;
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.send_bytes(&content(PART + 1000)).await;
    expect_kinds(&s3, &["begin"]).await;
    drop(client);
    expect_kinds(&s3, &["begin", "abort"]).await;
}

#[tokio::test]
async fn an_object_whose_put_was_not_answered_is_deleted() {
    for says in [Says::End, Says::Status(500, "")] {
        let s3 = Scripted::start().await;
        s3.says("put", says);
        let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
        client.command("Subject: x\r\n\r\n.").await.expect(451);
        expect_kinds(&s3, &["put", "delete"]).await;
        let requests = s3.take();
        assert_eq!(requests[0].line.strip_prefix("PUT"), requests[1].line.strip_prefix("DELETE"));
    }
}

#[tokio::test]
async fn an_object_that_another_has_put_is_not_deleted() {
    let s3 = Scripted::start().await;
    s3.says("put", Says::Status(412, "<Code>PreconditionFailed</Code>"));
    let server = mail_server(&s3, "{id}");
    begun(&server, &["bob@example.com"]).await.command("Subject: x\r\n\r\n.").await.expect(451);
    s3.says("put", Says::Status(500, ""));
    begun(&server, &["bob@example.com"]).await.command("Subject: x\r\n\r\n.").await.expect(451);
    // The second one is taken back, and the first one never was.
    expect_kinds(&s3, &["put", "put", "delete"]).await;
    let requests = s3.take();
    assert_eq!(requests[1].line.strip_prefix("PUT"), requests[2].line.strip_prefix("DELETE"));
}

#[tokio::test]
async fn a_completion_that_may_have_happened_is_undone() {
    for (abort, kinds) in [
        (Says::Status(204, ""), vec!["begin", "part", "part", "complete", "abort"]),
        (
            Says::Status(404, "<Code>NoSuchUpload</Code>"),
            vec!["begin", "part", "part", "complete", "abort", "delete"],
        ),
    ] {
        let s3 = Scripted::start().await;
        s3.says("complete", Says::End);
        s3.says("abort", abort);
        let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
        client.send_bytes(&content(PART + 1000)).await;
        client.command(".").await.expect(451);
        expect_kinds(&s3, &kinds).await;
    }
}

#[tokio::test]
async fn all_objects_go_if_one_cannot_be_kept() {
    let s3 = Scripted::start().await;
    s3.state().refuses_keys_with = Some("eve");
    let mut client = begun(&mail_server(&s3, "{user}/{id}"), &["bob@example.com", "eve@example.com"]).await;
    client.command("Subject: x\r\n\r\n.").await.expect(452);
    eventually(|| s3.kinds().contains(&"delete")).await;
    let requests = s3.take();
    let deleted: Vec<_> = requests.iter().filter(|request| request.line.starts_with("DELETE ")).collect();
    assert_eq!(deleted.len(), 1, "eve has no object to delete");
    assert!(deleted[0].line.starts_with("DELETE /mail/bob/"), "{deleted:?}");
}

#[tokio::test]
async fn what_is_taken_back_is_tried_until_the_server_answers() {
    let s3 = Scripted::start().await;
    s3.says("put", Says::End);
    s3.says("delete", Says::Status(503, ""));
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.command("Subject: x\r\n\r\n.").await.expect(451);
    expect_kinds(&s3, &["put", "delete"]).await;
    s3.says("delete", Says::Status(204, ""));
    expect_kinds(&s3, &["put", "delete", "delete"]).await;
}

#[tokio::test]
async fn a_store_that_is_too_slow_leaves_nothing() {
    let s3 = Scripted::start().await;
    s3.says("put", Says::Nothing);
    let (builder, _directory) = options(&s3, "{id}");
    let server = Server::builder()
        .store(builder.open().unwrap())
        .store_timeout(std::time::Duration::from_millis(200))
        .build()
        .unwrap();
    let mut client = begun(&server, &["bob@example.com"]).await;
    client.command("Subject: x\r\n\r\n.").await.expect(451);
    expect_kinds(&s3, &["put", "delete"]).await;
}

#[tokio::test]
async fn an_object_is_deleted_once_more_if_its_put_comes_late() {
    let s3 = Scripted::start().await;
    s3.says("put", Says::End);
    let mut client = begun(&mail_server(&s3, "{id}"), &["bob@example.com"]).await;
    client.command("Subject: x\r\n\r\n.").await.expect(451);
    expect_kinds(&s3, &["put", "delete", "delete"]).await;
}
