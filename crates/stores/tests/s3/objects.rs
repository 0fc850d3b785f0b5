//! Objects, their keys and their metadata.

use mailchute::testing;

use super::scripted::{Scripted, begun, content, mail_server};
use crate::common::split_trace;

const PART: usize = 5 * 1024 * 1024;

/// The key in the path of a request to the bucket `mail`.
fn key(line: &str) -> &str {
    let path = line.split(' ').nth(1).unwrap();
    path.strip_prefix("/mail/").unwrap().split('?').next().unwrap()
}

#[tokio::test]
async fn a_small_message_is_one_put_that_overwrites_nothing() {
    let s3 = Scripted::start().await;
    let mut client = begun(&mail_server(&s3, "{domain}/{user}/{id}"), &["Bob@Example.com"]).await;
    client.command("Subject: hello\r\n\r\n..Hello Bob\r\n.").await.expect(250);
    let [put] = &s3.take()[..] else { panic!("one request") };
    let (folder, id) = key(&put.line).rsplit_once('/').unwrap();
    assert_eq!(folder, "example.com/bob");
    assert_eq!(put.headers["if-none-match"], "*");
    assert_eq!(put.headers["content-type"], "message/rfc822");
    assert!(put.headers["authorization"].contains("Credential=us/"), "{put:?}");
    assert!(put.headers["authorization"].contains("/eu-north-1/s3/"), "{put:?}");
    assert!(put.headers["user-agent"].starts_with("mailchute/"), "{put:?}");
    let facts = ["sender", "recipients", "client", "helo", "protocol", "hostname"];
    let facts = facts.map(|fact| put.headers[&format!("x-amz-meta-{fact}")].as_str());
    assert_eq!(
        facts,
        ["alice@client.example", "Bob@Example.com", "127.0.0.1", "client.example", "ESMTP", "mx.example.com"]
    );
    assert!(id.starts_with(&*put.headers["x-amz-meta-id"]), "{id}");
    let (trace, content) = split_trace(&put.body);
    assert!(trace.starts_with("Return-Path: <alice@client.example>\r\nDelivered-To: Bob@Example.com\r\n"));
    assert_eq!(content, b"Subject: hello\r\n\r\n.Hello Bob\r\n");
}

#[tokio::test]
async fn each_message_has_a_key_of_its_own() {
    let s3 = Scripted::start().await;
    let servers = [mail_server(&s3, "{id}"), mail_server(&s3, "{id}")];
    for _ in 0..2 {
        for server in &servers {
            let mut client = begun(server, &["bob@example.com"]).await;
            client.command("Subject: x\r\n\r\n.").await.expect(250);
        }
    }
    let requests = s3.take();
    let mut keys: Vec<_> = requests.iter().map(|put| key(&put.line)).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[tokio::test]
async fn recipients_share_an_object_where_their_key_is_one() {
    let s3 = Scripted::start().await;
    let to = ["bob@example.com", "eve@example.com", "BOB@example.com", "bob@example.org"];
    for (template, objects) in [
        ("{id}", vec![("", "bob@example.com, eve@example.com, bob@example.org")]),
        (
            "{domain}/{id}",
            vec![("example.com", "bob@example.com, eve@example.com"), ("example.org", "bob@example.org")],
        ),
        (
            "{domain}/{user}/{id}",
            vec![
                ("example.com/bob", "bob@example.com"),
                ("example.com/eve", "eve@example.com"),
                ("example.org/bob", "bob@example.org"),
            ],
        ),
    ] {
        let mut client = begun(&mail_server(&s3, template), &to).await;
        client.command("Subject: hello\r\n\r\n.").await.expect(250);
        let mut requests = s3.take();
        requests.sort_by(|one, other| one.line.cmp(&other.line));
        assert_eq!(requests.len(), objects.len(), "{template}");
        for (put, (folder, recipients)) in requests.iter().zip(objects) {
            assert_eq!(key(&put.line).rsplit_once('/').map_or("", |(folder, _)| folder), folder);
            assert_eq!(put.headers["x-amz-meta-recipients"], recipients);
            let (trace, _) = split_trace(&put.body);
            let named: Vec<_> =
                trace.lines().filter_map(|line| line.strip_prefix("Delivered-To: ")).collect();
            assert_eq!(named.join(", "), recipients, "{template}");
        }
    }
}

#[tokio::test]
async fn a_large_message_goes_out_in_parts_of_one_size() {
    let s3 = Scripted::start().await;
    let sent = content(2 * PART + 1000);
    let mut client = begun(&mail_server(&s3, "{user}/{id}"), &["bob@example.com", "eve@example.com"]).await;
    client.send_bytes(&sent).await;
    client.command(".").await.expect(250);
    let requests = s3.take();
    for user in ["bob", "eve"] {
        let of_user: Vec<_> =
            requests.iter().filter(|request| key(&request.line).starts_with(user)).collect();
        let lines: Vec<_> = of_user.iter().map(|request| request.line.as_str()).collect();
        let [begin, first, second, third, complete] = &of_user[..] else { panic!("{lines:?}") };
        assert!(begin.line.ends_with("?uploads="), "{lines:?}");
        assert_eq!(begin.headers["x-amz-meta-recipients"], format!("{user}@example.com"));
        for (number, part) in [first, second, third].iter().enumerate() {
            assert!(part.line.contains(&format!("partNumber={}", number + 1)), "{lines:?}");
        }
        assert_eq!((first.body.len(), second.body.len()), (PART, PART));
        assert!(complete.line.starts_with("POST ") && complete.line.contains("uploadId=up"), "{lines:?}");
        assert_eq!(String::from_utf8_lossy(&complete.body).matches("<PartNumber>").count(), 3);
        let object = [&first.body[..], &second.body, &third.body].concat();
        let (trace, content) = split_trace(&object);
        assert!(trace.contains(&format!("Delivered-To: {user}@example.com\r\n")));
        assert!(content == sent, "the parts are not what was sent");
    }
}

#[tokio::test]
async fn a_server_that_knows_no_conditions_is_asked_without_them() {
    let s3 = Scripted::start().await;
    let server = mail_server(&s3, "{id}");
    s3.says("put", super::scripted::Says::Status(501, "<Code>NotImplemented</Code>"));
    begun(&server, &["bob@example.com"]).await.command("Subject: x\r\n\r\n.").await.expect(451);
    s3.state().says.clear();
    begun(&server, &["bob@example.com"]).await.command("Subject: x\r\n\r\n.").await.expect(250);
    let requests = s3.take();
    let conditions: Vec<_> = requests
        .iter()
        .filter(|request| request.line.starts_with("PUT "))
        .map(|put| put.headers.contains_key("if-none-match"))
        .collect();
    assert_eq!(conditions, [true, false, false]);
}

#[tokio::test]
async fn in_lmtp_each_recipient_has_the_answer_of_its_object() {
    let s3 = Scripted::start().await;
    let server = mail_server(&s3, "{user}/{id}");
    s3.state().refuses_keys_with = Some("eve");
    let mut client = testing::connect(&server).lmtp().open();
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    crate::common::begin(&mut client, &["bob@example.com", "eve@example.com"]).await;
    client.command("Subject: x\r\n\r\n.").await.expect(250);
    client.greeting().await.expect(452);
    assert_eq!(s3.kinds(), ["put", "put"], "the object of bob stays");
}
