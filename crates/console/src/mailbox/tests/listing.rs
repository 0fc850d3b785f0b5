//! Lists and single messages.

use super::*;

#[tokio::test]
async fn a_message_is_listed_with_all_that_its_file_says() {
    let mails = Mails::new();
    let text = "Return-Path: <alice@example.org>\n\
        Authentication-Results: mx.example.com;\n\tspf=pass smtp.mailfrom=example.org\n\
        Delivered-To: bob@example.com\nDelivered-To: Eve@Example.com\n\
        Received: from client.example ([192.0.2.1])\n\tby mx.example.com (Mailchute) with ESMTPSA id A-7; x\n\
        From: =?utf-8?q?Al=C3=ADce?= <alice@example.org>\nTo: Bob <bob@example.com>, eve@example.com\nCc: c@example.com\n\
        Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nDear  Bob,\n\nhello\n\
        --b\nContent-Type: application/pdf; name=bill.pdf\nContent-Disposition: attachment\n\nPDF\n--b--\n";
    mails.make(".Junk");
    mails.put(".Junk/new", text);
    let mailbox = mails.open();
    let listing = list(&mailbox, "").await;
    assert_eq!((listing.total, listing.unread, listing.has_more, listing.progress), (1, 1, false, None));
    let found = &listing.messages[0];
    assert_eq!(found.queue_id.as_deref(), Some("A-7"));
    assert_eq!(found.envelope_from.as_deref(), Some("alice@example.org"));
    assert_eq!(found.recipients, ["bob@example.com", "Eve@Example.com"]);
    assert_eq!(
        (found.from[0].name.as_deref(), found.from[0].address.as_str()),
        (Some("Alíce"), "alice@example.org")
    );
    assert_eq!((found.to.len(), found.cc[0].address.as_str()), (2, "c@example.com"));
    assert_eq!(found.subject.as_deref(), Some("Grüße"));
    assert_eq!(found.message_id.as_deref(), Some("1@example.org"));
    assert_eq!(found.snippet, "Dear Bob, hello");
    assert_eq!((found.size, found.attachments, found.is_unread), (text.len() as u64, 1, true));
    assert_eq!((found.mailbox.as_str(), found.folder.as_deref()), ("", Some("Junk")));
    assert_eq!(found.findings, ["spf=pass"]);
    assert_eq!(found.client.as_ref().unwrap().protocol, "ESMTPSA");
    assert_eq!(mailbox.get(Some(found.id)).await.unwrap().as_ref(), Some(found));
    assert_eq!(content(&mailbox, found.id).await.unwrap(), text);
    let unknown = "00000000000000ff".parse().unwrap();
    assert_eq!(mailbox.get(Some(unknown)).await.unwrap(), None);
    assert_eq!(content(&mailbox, unknown).await, None);
}

#[tokio::test]
async fn attachments_after_a_long_text_are_counted() {
    let mails = Mails::new();
    let part =
        "--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=bill.pdf\n\nPDF\n";
    for (kind, count) in [("multipart/mixed; boundary=b", 2), ("text/plain", 0)] {
        let html = "<p>x</p>\n".repeat(20_000);
        let text = format!(
            "Subject: {count}\nMIME-Version: 1.0\nContent-Type: {kind}\n\n--b\nContent-Type: text/html\n\n"
        );
        mails.put("new", &[&text, &*html, part, part, "--b--\n"].concat());
    }
    let mailbox = mails.open();
    let found = list(&mailbox, "").await.messages;
    assert_eq!(found.iter().map(|one| one.attachments).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(subjects(&mailbox, "has:attachment").await, ["2"]);
    assert!(found[1].snippet.starts_with("x x x"), "{:?}", found[1].snippet);
}

#[tokio::test]
async fn a_picture_of_the_html_is_not_an_attachment() {
    let mails = Mails::new();
    let part = |fields: &str| format!("--b\nContent-Type: image/png; name=a.png\n{fields}\n\nPNG\n");
    for (fields, count) in [
        ("Content-ID: <logo@x>", 0),
        ("Content-ID: <logo@x>\nContent-Disposition: inline", 0),
        ("Content-ID: <logo@x>\nContent-Disposition: attachment", 1),
        ("Content-Disposition: inline", 1),
        ("X: y", 1),
    ] {
        let html = "--b\nContent-Type: text/html\n\n<img src=cid:logo@x>\n";
        let head = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n";
        mails.put("new", &[head, html, &part(fields), "--b--\n"].concat());
        let mailbox = mails.open();
        assert_eq!(list(&mailbox, "").await.messages[0].attachments, count, "{fields}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_although_a_message_is_gone() {
    let mails = Mails::new();
    for number in 0..25 {
        mails.put("new", &message("a@x.test", "b@x.test", &format!("s{number}"), "text"));
    }
    let mailbox = mails.open();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = mailbox.list(&search("text"), before, 10).await.unwrap();
        assert_eq!(page.total, 25 - u64::from(before.is_some()));
        seen.extend(page.messages.iter().map(|found| found.subject.clone().unwrap()));
        before = page.messages.last().map(|found| found.id);
        if seen.len() == 10 {
            let last = Search::ids(before);
            assert_eq!(mailbox.delete(&last).await.unwrap().messages, 1);
        }
        if !page.has_more {
            break;
        }
    }
    let all: Vec<_> = (0..25).rev().map(|number| format!("s{number}")).collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn groups_count_by_all_that_messages_have_in_common() {
    let mails = Mails::new();
    fs::remove_dir_all(mails.path().join("new")).unwrap();
    fs::remove_dir_all(mails.path().join("cur")).unwrap();
    for place in ["a.test/bob", "a.test/eve", "b.test/bob", "b.test/bob/.Junk"] {
        mails.make(place);
    }
    mails.put("a.test/bob/new", &message("x@x.test", "Bob@a.test", "1", ""));
    mails.put("a.test/bob/new", &message("x@x.test", "bob@a.test\nDelivered-To: zoe@a.test", "2", ""));
    mails.put("a.test/eve/new", &message("x@x.test", "eve@a.test", "3", ""));
    mails.put("b.test/bob/.Junk/new", &message("x@x.test", "bob@b.test", "4", ""));
    let login = "Authentication-Results: mx; auth=pass smtp.auth=\"The App\"\n";
    let tags = "X-Tags: Welcome, staging ,welcome,\nx-tags: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n";
    let text = message("x@x.test", "eve@a.test", "5", "").replace("From:", &format!("{tags}From:"));
    mails.put("a.test/eve/new", &format!("{login}{text}"));
    let mailbox = mails.open();
    mailbox.mark(&search("subject:2"), false).await.unwrap();
    let groups = counted(&mailbox).await;
    let of = |groups: &[super::super::Group]| -> Vec<_> {
        groups.iter().map(|group| (group.name.clone(), group.total, group.unread)).collect()
    };
    let group = |name: &str, total, unread| (name.to_owned(), total, unread);
    assert_eq!((groups.total, groups.unread), (5, 4));
    assert_eq!(
        of(&groups.recipients),
        [
            group("bob@a.test", 2, 1),
            group("eve@a.test", 2, 2),
            group("bob@b.test", 1, 1),
            group("zoe@a.test", 1, 0)
        ]
    );
    assert_eq!(of(&groups.domains), [group("a.test", 4, 3), group("b.test", 1, 1)]);
    assert_eq!(
        of(&groups.mailboxes),
        [group("a.test/bob", 2, 1), group("a.test/eve", 2, 2), group("b.test/bob", 1, 1)]
    );
    assert_eq!(of(&groups.folders), [group("Junk", 1, 1)]);
    assert_eq!(of(&groups.logins), [group("the app", 1, 1)]);
    assert_eq!(of(&groups.tags), [group("grüße", 1, 1), group("staging", 1, 1), group("welcome", 1, 1)]);
    let newest = list(&mailbox, "login:\"THE app\" tag:GRÜSSE -tag:other").await;
    assert_eq!(newest.total, 0, "ß is not SS in lower case");
    let newest = list(&mailbox, "login:\"THE app\" tag:GRÜßE -tag:other").await;
    assert_eq!(newest.messages[0].login.as_deref(), Some("The App"));
    assert_eq!(newest.messages[0].tags, ["Welcome", "staging", "Grüße"]);
    let all = [
        &groups.recipients,
        &groups.domains,
        &groups.logins,
        &groups.tags,
        &groups.mailboxes,
        &groups.folders,
    ];
    for group in all.into_iter().flatten() {
        assert_eq!(list(&mailbox, &group.search).await.total, group.total, "{}", group.search);
    }
    let deletion = mailbox.delete(&search("mailbox:@a.test")).await.unwrap();
    assert_eq!(of(&counted(&mailbox).await.domains), [group("b.test", 1, 1)]);
    mailbox.undo(deletion.number).await.unwrap();
    assert_eq!(counted(&mailbox).await, groups);
}

#[tokio::test]
async fn tags_of_another_field_make_the_index_again() {
    let mails = Mails::new();
    let text = message("a@x.test", "b@x.test", "1", "");
    mails.put("new", &text.replace("Subject:", "X-Tags: one\nX-Environment: two\nSubject:"));
    let tags = |mailbox: Mailbox| async move {
        let groups = counted(&mailbox).await;
        let rebuilds = mailbox.rebuilds().await;
        mailbox.close();
        (groups.tags.into_iter().map(|tag| tag.name).collect::<Vec<_>>(), rebuilds)
    };
    assert_eq!(tags(mails.open()).await, (vec!["one".to_owned()], 0));
    let other = || mails.builder().tags_field("x-environment").open().unwrap();
    assert_eq!(tags(other()).await, (vec!["two".to_owned()], 1));
    assert_eq!(tags(other()).await, (vec!["two".to_owned()], 0));
}

#[tokio::test]
async fn names_of_messages_are_the_same_in_a_new_index() {
    let mails = Mails::new();
    for number in 0..20 {
        mails.put("new", &message("a@x.test", "b@x.test", &format!("s{number}"), ""));
        // Names without microseconds, all of one second, and one without a time.
        fs::write(mails.path().join(format!("new/1700000000.{number}_0.mx")), "Subject: x\n\n").unwrap();
    }
    fs::write(mails.path().join("new/letter.eml"), "Subject: x\n\n").unwrap();
    let mailbox = mails.open();
    let before = ids(&mailbox).await;
    assert_eq!(before.len(), 41);
    mailbox.close();
    fs::remove_file(mails.path().join(super::super::index::FILE)).unwrap();
    assert_eq!(ids(&mails.open()).await, before);
}
