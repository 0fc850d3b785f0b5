//! Extensions that are off by default, custom parameters and bare line ends, through the library.

use std::time::{Duration, SystemTime};

use crate::support::{Seen, StoreBy as _, accepting, build, builder, envelope, hello};
use mailchute::params::{DateTime, Hold, PriorityProfile};
use mailchute::syntax::BareLineEnds;
use mailchute::{BuildError, Message, Refusal};

#[tokio::test]
async fn deliver_by_and_priority_and_hold_reach_the_hook_as_types() {
    let seen = Seen::<String>::default();
    let server = {
        let seen = seen.clone();
        build(
            accepting()
                .deliver_by(Duration::from_secs(60))
                .mt_priority(PriorityProfile::Mixer)
                .future_release(Duration::from_secs(3_600))
                .on_mail_from(move |from, _session| {
                    let typed = from.parameters();
                    let by = typed.deliver_by.map(|by| by.to_string());
                    seen.note(format!(
                        "{by:?} {:?} {:?}",
                        typed.mt_priority.map(mailchute::params::Priority::get),
                        typed.hold
                    ))
                }),
        )
    };
    let mut client = hello(&server).await;
    let ehlo = client.command("EHLO client.example").await.expect(250).to_string();
    assert!(ehlo.contains("250-DELIVERBY 60\n250-MT-PRIORITY MIXER\n250-FUTURERELEASE 3600 "), "{ehlo}");
    let until = ehlo.lines().find_map(|line| line.strip_prefix("250-FUTURERELEASE 3600 ")).expect("its line");
    let until = DateTime::parse(until).expect("a moment");
    let in_an_hour = DateTime::from(SystemTime::now()).plus_seconds(3_600);
    assert!(until <= in_an_hour && until.plus_seconds(600) > in_an_hour);
    client.command("MAIL FROM:<a@b.example> BY=-5;N MT-PRIORITY=-3 HOLDFOR=60").await.expect(250);
    client.command("RSET").await.expect(250);
    client
        .command(&format!("MAIL FROM:<a@b.example> HOLDUNTIL={}", until.plus_seconds(3_600)))
        .await
        .expect(501);
    client.command("MAIL FROM:<a@b.example> HOLDUNTIL=2020-01-01T00:00:00Z").await.expect(501);
    client.command("MAIL FROM:<a@b.example> BY=30;R").await.expect(555);
    let hold = Some(Hold::For { seconds: 60 });
    assert_eq!(seen.all(), [format!("{:?} Some(-3) {hold:?}", Some("-5;N"))]);
}

#[tokio::test]
async fn the_extensions_are_off_unless_they_are_switched_on() {
    let server = build(accepting());
    let mut client = hello(&server).await;
    for parameter in ["BY=60;R", "MT-PRIORITY=1", "HOLDFOR=60", "HOLDUNTIL=2090-01-01T00:00:00Z", "XKEY=1"] {
        client.command(&format!("MAIL FROM:<a@b.example> {parameter}")).await.expect(555);
    }
    envelope(&mut client).await;
    client.command("RCPT TO:<c@example.com> XTAG=1").await.expect(555);
}

#[tokio::test]
async fn build_refuses_a_time_that_an_extension_cannot_express() {
    for (builder, option) in [
        (accepting().deliver_by(Duration::from_secs(1_000_000_000)), "deliver_by"),
        (accepting().future_release(Duration::from_secs(1_000_000_000)), "future_release"),
        (accepting().future_release(Duration::from_millis(900)), "future_release"),
    ] {
        let error = builder.build().expect_err("it cannot be built");
        assert!(matches!(error, BuildError::Invalid { option: named, .. } if named == option), "{error}");
    }
}

#[tokio::test]
async fn rounds_a_minimum_up_and_a_maximum_down_to_whole_seconds() {
    for (least, keyword) in [
        (Duration::from_millis(1_500), "DELIVERBY 2"),
        (Duration::from_nanos(1), "DELIVERBY 1"),
        (Duration::ZERO, "DELIVERBY"),
    ] {
        let server = build(accepting().deliver_by(least).future_release(Duration::from_millis(1_900)));
        let mut client = hello(&server).await;
        let heard = client.command("EHLO client.example").await.to_string();
        assert!(heard.contains(&format!("250-{keyword}\n")), "{least:?}: {heard}");
        assert!(heard.contains("250-FUTURERELEASE 1 "), "{heard}");
    }
    let longest = Duration::from_secs(999_999_999);
    assert!(accepting().deliver_by(longest).build().is_ok());
    let error = accepting().deliver_by(longest + Duration::from_millis(1)).build().unwrap_err();
    assert_eq!(error.to_string(), "deliver_by is 1000000000; write 0 to 999,999,999 seconds");
}

#[tokio::test]
async fn refuses_a_built_in_parameter_and_says_what_to_write() {
    for (name, cure) in [
        ("size", "mail_parameter is \"SIZE\"; write another name, as the server handles this one itself"),
        ("BY", "write another name, or use the option that enables DELIVERBY"),
        ("HOLDFOR", "write another name, or use the option that enables FUTURERELEASE"),
    ] {
        let error = accepting().mail_parameter(name).build().unwrap_err().to_string();
        assert!(error.starts_with("mail_parameter is ") && error.ends_with(cure), "{error}");
    }
}

#[tokio::test]
async fn declared_parameters_reach_the_hooks_of_their_command_only() {
    let seen = Seen::<String>::default();
    let server = {
        let (mail, rcpt) = (seen.clone(), seen.clone());
        build(
            accepting()
                .mail_parameter("xkey")
                .rcpt_parameter("XTAG")
                .on_mail_from(move |from, _session| mail.note(format!("{:?}", from.parameters().other)))
                .on_rcpt_to(move |to, _session| rcpt.note(format!("{:?}", to.parameters().other))),
        )
    };
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<a@b.example> XTAG=1").await.expect(555);
    client.command("MAIL FROM:<a@b.example> XKEY=Rsa").await.expect(250);
    client.command("RCPT TO:<b@example.com> XKEY=1").await.expect(555);
    client.command("RCPT TO:<b@example.com> xtag").await.expect(250);
    assert_eq!(seen.all(), [r#"[("XKEY", Some("Rsa"))]"#, r#"[("XTAG", None)]"#]);
}

#[test]
fn a_parameter_that_is_none_or_known_is_refused_with_a_hint() {
    for (builder, hint) in [
        (builder().mail_parameter("X KEY"), "mail_parameter is \"X KEY\"; write letters"),
        (builder().mail_parameter(""), "mail_parameter is \"\"; write letters"),
        (builder().rcpt_parameter("-X"), "rcpt_parameter is \"-X\"; write letters"),
        (builder().mail_parameter("size"), "mail_parameter is \"SIZE\"; write another name"),
        (builder().mail_parameter("BY"), "mail_parameter is \"BY\"; write another name"),
        (builder().rcpt_parameter("NOTIFY"), "rcpt_parameter is \"NOTIFY\"; write another name"),
    ] {
        let error = builder.store_by(|_message, _session| async {}).build().expect_err("it cannot be built");
        assert!(error.to_string().starts_with(hint), "{error}");
    }
}

#[tokio::test]
async fn bare_line_ends_are_refused_kept_or_set_right() {
    for (setting, code, kept) in [
        (BareLineEnds::Refuse, 550, None),
        (BareLineEnds::Tolerate, 250, Some(&b"one\ntwo\r\n"[..])),
        (BareLineEnds::Normalize, 250, Some(&b"one\r\ntwo\r\n"[..])),
    ] {
        let seen = Seen::<Vec<u8>>::default();
        let server = {
            let seen = seen.clone();
            build(builder().bare_line_ends(setting).store_by(move |mut message: Message, _session| {
                let seen = seen.clone();
                async move {
                    seen.push(message.bytes().await?.to_vec());
                    Ok::<(), Refusal>(())
                }
            }))
        };
        let mut client = hello(&server).await;
        envelope(&mut client).await;
        client.command("DATA").await.expect(354);
        client.command("one\ntwo\r\n.").await.expect(code);
        assert_eq!(seen.all(), kept.map(<[u8]>::to_vec).into_iter().collect::<Vec<_>>(), "{setting:?}");
    }
}
