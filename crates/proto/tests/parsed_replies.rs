//! Replies of other servers, read from their text.

use mailchute_proto::{Refusal, Reply, ReplyError};

/// Returns the bytes of the reply that a text stands for.
fn read(text: &str) -> Result<String, ReplyError> {
    let mut wire = Vec::new();
    text.parse::<Reply>()?.encode(&mut wire);
    Ok(String::from_utf8(wire).expect("a reply is ASCII"))
}

#[test]
fn a_reply_is_read_as_it_was_sent() {
    for text in [
        "250 2.1.5 Fine\r\n",
        "220 mx.example.org ESMTP\r\n",
        "354 Go ahead\r\n",
        "550-5.1.1 No such user\r\n550 5.1.1 here\r\n",
        "250-mx.example.org\r\n250-SIZE 1\r\n250 HELP\r\n",
        "550 4.1.1 The class is wrong\r\n",
        "550 5.1 Not three numbers\r\n",
        "550 5.1.1.1 Four numbers\r\n",
        "550 5.1.1000 Too long\r\n",
        "550 5.1.1x\r\n",
    ] {
        assert_eq!(read(text).as_deref(), Ok(text));
        assert_eq!(read(&text.replace("\r\n", "\n")).as_deref(), Ok(text));
        assert_eq!(read(text.trim_end()).as_deref(), Ok(text));
    }
    assert_eq!(
        read("550-5.1.1 One code\n550 for two lines").as_deref(),
        Ok("550-5.1.1 One code\r\n550 5.1.1 for two lines\r\n")
    );
    assert_eq!(read("250 2.0.0").as_deref(), Ok("250 2.0.0 \r\n"));
    assert_eq!(read("250").as_deref(), Ok("250 \r\n"));
    assert!("421 4.3.2 Bye".parse::<Reply>().is_ok_and(|reply| reply.hangs_up()));
}

#[test]
fn what_no_server_sends_is_not_a_reply() {
    for text in ["", "\r\n", "55", "hello", "550_No", "550 a\n551 b", "550 a\nb", "+50 a", "٥٥٠ a", "5é0 a"]
    {
        assert_eq!(text.parse::<Reply>(), Err(ReplyError::NotAReply(text.into())), "{text:?}");
    }
    for (text, code) in [("199 a", 199), ("600 a", 600), ("560 a", 560), ("000 a", 0)] {
        assert_eq!(text.parse::<Reply>(), Err(ReplyError::BadCode(code)));
    }
    let long = "x".repeat(1_000).parse::<Reply>().expect_err("no code").to_string();
    assert!(long.len() < 200 && long.ends_with("such as \"550 5.1.1 No such user\""), "{long}");
}

#[test]
fn a_refusal_that_is_read_has_an_enhanced_code() {
    for (text, expected) in [
        ("550 5.1.1 No such user", "550 5.1.1 No such user"),
        ("550 No such user", "550 5.0.0 No such user"),
        ("450 5.1.1 Later", "450 4.0.0 5.1.1 Later"),
    ] {
        assert_eq!(text.parse::<Refusal>().expect("it refuses").to_string(), expected);
    }
    assert_eq!("250 2.6.0 Queued".parse::<Refusal>(), Err(ReplyError::NotARefusal(250)));
    assert_eq!("354 Go on".parse::<Refusal>(), Err(ReplyError::NotARefusal(354)));
}
