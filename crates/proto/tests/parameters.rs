//! The parameters of MAIL and RCPT: words, types, xtext.

use std::time::{Duration, UNIX_EPOCH};

use crate::parameter_reference::agrees_with_the_reference;
use mailchute_proto::{
    BodyKind, DateTime, MailParameters, ParameterError, Parameters, RcptParameters, Ret, Submitter,
    XtextError, decode_xtext, encode_xtext,
};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Parameters, ParameterError> {
    Parameters::parse(text.as_bytes())
}

fn mail(text: &str) -> Result<MailParameters, ParameterError> {
    MailParameters::from_parameters(&parse(text)?)
}

fn rcpt(text: &str) -> Result<RcptParameters, ParameterError> {
    RcptParameters::from_parameters(&parse(text)?)
}

fn bad_value(keyword: &str) -> ParameterError {
    ParameterError::BadValue { keyword: keyword.to_owned() }
}

#[test]
fn no_parameters_are_parameters_too() {
    for text in ["", " ", "     "] {
        let parameters = parse(text).unwrap();
        assert!(parameters.is_empty());
        assert_eq!((parameters.len(), parameters.iter().count()), (0, 0));
        assert_eq!(parameters, Parameters::default());
    }
}

#[test]
fn parameters_keep_their_order_and_their_values() {
    let parameters = parse("  b-1=X").unwrap();
    assert_eq!(parameters.iter().collect::<Vec<_>>(), [("B-1", Some("X"))]);
    let parameters = parse("   size=10    Smtputf8  9a=<é;+>  ").unwrap();
    let words: Vec<_> = parameters.iter().collect();
    assert_eq!(words, [("SIZE", Some("10")), ("SMTPUTF8", None), ("9A", Some("<é;+>"))]);
    assert_eq!(parameters.len(), 3);
    assert_eq!(parameters.to_string(), "SIZE=10 SMTPUTF8 9A=<é;+>");
}

#[test]
fn a_keyword_is_found_in_whatever_case() {
    let parameters = parse("Body=8bitmime SMTPUTF8").unwrap();
    assert_eq!(parameters.get("bOdY"), Some(Some("8bitmime")));
    assert_eq!(parameters.get("smtputf8"), Some(None));
    assert_eq!(parameters.get("SMTPUTF"), None);
}

#[test]
fn a_keyword_may_stand_there_only_once() {
    for text in ["SIZE=1 SIZE=1", "size SIZE=1", "A SIZE=1 B sIzE=2"] {
        assert_eq!(parse(text), Err(ParameterError::Duplicate { keyword: "SIZE".to_owned() }), "{text:?}");
    }
}

#[test]
fn a_word_that_is_not_a_parameter_is_refused() {
    for text in ["=", "=1", "-A=1", "A_B=1", "A=1=2", "A==1", "é=1", "A,B", "<a@b>", "A\u{a0}B", "A=1 ="] {
        assert_eq!(parse(text), Err(ParameterError::Malformed), "{text:?}");
    }
    assert_eq!(parse("a="), Err(bad_value("A")));
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for control in (0..=0x1f).chain(0x7f..=0x9f).chain(0x2028..=0x2029).filter_map(char::from_u32) {
        for place in 0..=" A=1 ".len() {
            let mut text = String::from(" A=1 ");
            text.insert(place, control);
            assert_eq!(parse(&text), Err(ParameterError::ControlCharacter), "{text:?}");
        }
    }
    assert_eq!(Parameters::parse(b" A=\xff\r\n"), Err(ParameterError::ControlCharacter));
    assert_eq!(Parameters::parse(b" A=\xff"), Err(ParameterError::InvalidUtf8));
}

#[test]
fn there_may_be_64_parameters_and_no_more() {
    let words = |count: usize| (0..count).map(|number| format!(" P{number}")).collect::<String>();
    assert_eq!(parse(&words(64)).unwrap().len(), 64);
    assert_eq!(parse(&words(65)), Err(ParameterError::TooMany));
    assert_eq!(parse(&words(50_000)), Err(ParameterError::TooMany));
}

#[test]
fn a_size_is_one_to_twenty_digits() {
    assert_eq!(mail("SIZE=0").unwrap().size, Some(0));
    assert_eq!(mail("SIZE=26214400").unwrap().size, Some(26_214_400));
    assert_eq!(mail("SIZE=00000000000000000001").unwrap().size, Some(1));
    assert_eq!(mail("SIZE=18446744073709551615").unwrap().size, Some(u64::MAX));
    assert_eq!(mail("SIZE=18446744073709551616").unwrap().size, Some(u64::MAX));
    assert_eq!(mail("SIZE=99999999999999999999").unwrap().size, Some(u64::MAX));
    for text in
        ["SIZE", "SIZE=", "SIZE=1x", "SIZE=+1", "SIZE=-1", "SIZE=1.5", "SIZE=٣", "SIZE=000000000000000000001"]
    {
        assert_eq!(mail(text), Err(bad_value("SIZE")), "{text:?}");
    }
}

#[test]
fn a_body_is_of_one_of_three_kinds() {
    for kind in [BodyKind::SevenBit, BodyKind::EightBitMime, BodyKind::BinaryMime] {
        assert_eq!(mail(&format!("BODY={kind}")).unwrap().body, Some(kind));
        assert_eq!(mail(&format!("body={}", kind.as_str().to_lowercase())).unwrap().body, Some(kind));
    }
    for text in ["BODY", "BODY=", "BODY=8BIT", "BODY=7BIT,8BITMIME"] {
        assert_eq!(mail(text), Err(bad_value("BODY")), "{text:?}");
    }
}

#[test]
fn smtputf8_takes_no_value() {
    assert!(mail("SMTPUTF8").unwrap().smtputf8);
    assert!(!mail("").unwrap().smtputf8);
    assert_eq!(mail("SMTPUTF8=1"), Err(bad_value("SMTPUTF8")));
}

#[test]
fn a_submitter_is_an_address_in_xtext_or_unknown() {
    assert_eq!(mail("AUTH=<>").unwrap().auth, Some(Submitter::Unknown));
    let submitter = mail("AUTH=e+3Dmc2@example.com").unwrap().auth.unwrap();
    assert_eq!(submitter.mailbox().unwrap().as_str(), "e=mc2@example.com");
    assert_eq!(submitter.to_string(), "e=mc2@example.com");
    for text in [
        "AUTH",
        "AUTH=",
        "AUTH=user",
        "AUTH=<a@b>",
        "AUTH=a+@b",
        "AUTH=a@b+20c",
        "AUTH=e=mc2@example.com",
        "AUTH==",
        "AUTH=dXNlcg==",
        "AUTH=änne@example.com",
        "AUTH=+FF",
    ] {
        assert_eq!(mail(text).unwrap().auth, Some(Submitter::Unknown), "{text:?}");
    }
    assert_eq!(mail("AUTH=a@b+0D+0ADATA"), Err(ParameterError::ControlCharacter));
}

#[test]
fn ret_and_envid_ask_for_a_kind_of_notification() {
    let parameters = mail("RET=hdrs ENVID=QQ314159+20x").unwrap();
    assert_eq!(parameters.ret, Some(Ret::Headers));
    assert_eq!(parameters.envid.as_deref(), Some("QQ314159 x"));
    assert_eq!(mail("RET=FULL").unwrap().ret, Some(Ret::Full));
    for text in ["RET", "RET=", "RET=HEADERS", "RET=FULL=HDRS"] {
        assert_eq!(mail(text).unwrap(), MailParameters::default(), "{text:?}");
    }
}

#[test]
fn takes_envid_of_up_to_100_printable_ascii_characters() {
    assert!(mail(&format!("ENVID={}", "+41".repeat(100))).is_ok());
    let too_long = format!("ENVID={}", "a".repeat(101));
    for text in
        ["ENVID", "ENVID=", "ENVID=+4", "ENVID=+4a", "ENVID=a=b", "ENVID=é", "ENVID=+C3+A9", &too_long]
    {
        assert_eq!(mail(text).unwrap(), MailParameters::default(), "{text:?}");
    }
    for text in ["ENVID=a+00b", "ENVID=+0A", "ENVID=+0D", "ENVID=+7F", "ENVID=+09"] {
        assert_eq!(mail(text), Err(ParameterError::ControlCharacter), "{text:?}");
    }
}

#[test]
fn a_notification_is_wanted_never_or_for_some_events() {
    for (text, printed) in [
        ("NOTIFY=never", "NEVER"),
        ("NOTIFY=SUCCESS", "SUCCESS"),
        ("NOTIFY=Delay,Failure", "FAILURE,DELAY"),
        ("NOTIFY=DELAY,SUCCESS,FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"),
    ] {
        let notify = rcpt(text).unwrap().notify.unwrap();
        assert_eq!(notify.to_string(), printed);
        assert_eq!(notify.is_never(), printed == "NEVER");
    }
    for text in
        ["NOTIFY", "NOTIFY=", "NOTIFY=,", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY,", "NOTIFY=ALWAYS", "NOTIFY=="]
    {
        assert_eq!(rcpt(text).unwrap(), RcptParameters::default(), "{text:?}");
    }
}

#[test]
fn an_original_recipient_has_a_kind_and_an_address() {
    let typed = |text: &str| rcpt(&format!("ORCPT={text}")).map(|parameters| parameters.orcpt);
    let orcpt = |text: &str| typed(text).map(|orcpt| orcpt.unwrap().to_string());
    assert_eq!(orcpt("rfc822;Bob+2Btag@example.org").unwrap(), "rfc822;Bob+tag@example.org");
    // Postfix writes internationalized addresses like this.
    assert_eq!(orcpt("rfc822;+C3+A9@example.org").unwrap(), "rfc822;é@example.org");
    assert_eq!(orcpt("x-odd;two+20words").unwrap(), "x-odd;two words");
    assert_eq!(orcpt("utf-8;用户@example.org").unwrap(), "utf-8;用户@example.org");
    assert_eq!(orcpt(r"UTF-8;a\x{2B}b\x{1F600}@example.org").unwrap(), "UTF-8;a+b😀@example.org");
    let too_long = format!("rfc822;{}", "a".repeat(500));
    for text in [
        "",
        "=",
        "rfc822",
        "a@b",
        ";a",
        "rfc822;",
        "a/b(c);d",
        "rfc822;é",
        "é;a",
        "rfc822;a=b@c",
        "rfc822;+3d",
        &too_long,
    ] {
        assert_eq!(typed(text), Ok(None), "{text:?}");
    }
    assert_eq!(rcpt("ORCPT").unwrap(), RcptParameters::default());
    for text in
        [r"utf-8;\", r"utf-8;\x{}", r"utf-8;\x{D800}", r"utf-8;\x{110000}", r"utf-8;\x{2b}", r"utf-8;\a"]
    {
        assert_eq!(typed(text), Ok(None), "{text:?}");
    }
    for text in [
        "rfc822;a+0D+0Ab",
        "rfc822;+00",
        "a+0Db",
        ";a+0Ab",
        r"utf-8;\x{0A}",
        r"utf-8;\x{85}",
        r"utf-8;\x{2028}",
    ] {
        assert_eq!(typed(text), Err(ParameterError::ControlCharacter), "{text:?}");
    }
}

#[test]
fn parameters_of_other_extensions_are_kept() {
    let others = [("XFOO".to_owned(), None), ("SOLICIT".to_owned(), Some("60".to_owned()))];
    assert_eq!(mail("xfoo SIZE=1 Solicit=60").unwrap().other, others);
    assert_eq!(rcpt("NOTIFY=NEVER xfoo Solicit=60").unwrap().other, others);
    assert_eq!(rcpt("SIZE=1").unwrap().other, [("SIZE".to_owned(), Some("1".to_owned()))]);
    assert_eq!(mail("NOTIFY=NEVER").unwrap().other.len(), 1);
}

proptest! {
    #[test]
    fn a_moment_is_read_as_it_is_written(seconds in 0_u64..=253_402_300_799) {
        let moment = DateTime::from(UNIX_EPOCH + Duration::from_secs(seconds));
        prop_assert_eq!(moment.unix_seconds(), seconds);
        prop_assert_eq!(DateTime::parse(&moment.to_string()), Some(moment));
    }
}

#[test]
fn typed_parameters_are_iterated_as_they_are_sent() {
    let every = "SIZE=1 BODY=8BITMIME SMTPUTF8 AUTH=a+2Bb@c.example RET=HDRS ENVID=a+3Db REQUIRETLS BY=-5;NT \
                 MT-PRIORITY=-2 HOLDFOR=60 X-1=a,b X-2";
    let words = |typed: &MailParameters| {
        let word = |(keyword, value): (&str, Option<_>)| match value {
            Some(value) => format!("{keyword}={value}"),
            None => keyword.to_owned(),
        };
        typed.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    let until = "HOLDUNTIL=2024-12-31T23:59:59Z";
    for text in [every, until, "AUTH=<>", ""] {
        assert_eq!(words(&mail(text).unwrap()), text);
    }
    assert_eq!(words(&mail("RET=? x-2 size=7").unwrap()), "SIZE=7 X-2");
    let typed = mail(every).unwrap();
    assert_eq!(typed.get("mt-priority").flatten().as_deref(), Some("-2"));
    assert_eq!((typed.get("REQUIRETLS"), typed.get("X-2"), typed.get("X-3")), (Some(None), Some(None), None));
}

#[test]
fn an_original_recipient_is_iterated_in_ascii() {
    for (given, sent) in [
        ("NOTIFY=delay,success ORCPT=rfc822;a+2Bb X", "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb X"),
        (r"ORCPT=utf-8;é\x{2B}@b", r"ORCPT=utf-8;\x{E9}\x{2B}@b"),
        ("ORCPT=rfc822;+C3+A9@b", "ORCPT=rfc822;+C3+A9@b"),
    ] {
        let typed = rcpt(given).unwrap();
        let words: Vec<_> = typed
            .iter()
            .map(|(name, value)| value.map_or(name.to_owned(), |value| format!("{name}={value}")))
            .collect();
        assert_eq!(words.join(" "), sent);
        assert_eq!(rcpt(sent).unwrap(), typed);
    }
}

#[test]
fn moments_follow_the_calendar() {
    for (text, seconds) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29T23:59:59Z", 951_868_799),
        ("2024-12-31T23:59:59Z", 1_735_689_599),
        ("2100-03-01T00:00:00Z", 4_107_542_400),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ] {
        let moment = DateTime::parse(text).unwrap();
        assert_eq!((moment.unix_seconds(), moment.to_string()), (seconds, text.to_owned()));
    }
    assert_eq!(DateTime::parse("2016-12-31T23:59:60Z"), DateTime::parse("2017-01-01T00:00:00Z"));
    for text in
        ["1969-12-31T23:59:59Z", "2100-02-29T00:00:00Z", "9999-12-31T23:59:60Z", "2017-01-01T00:00:60Z"]
    {
        assert_eq!(DateTime::parse(text), None, "{text}");
    }
    assert_eq!(DateTime::MAX.plus_seconds(1), DateTime::MAX);
}

#[test]
fn xtext_says_what_is_wrong_with_it() {
    for text in ["+", "+4", "a+4", "+4a", "+g0", "++41"] {
        assert_eq!(decode_xtext(text), Err(XtextError::BadEscape), "{text:?}");
    }
    for text in ["a=b", "a b", "é"] {
        assert_eq!(decode_xtext(text), Err(XtextError::BadCharacter), "{text:?}");
    }
    for text in ["\0", "+0A", "+0D", "+00", "+7F", "+C2+85", "+E2+80+A8"] {
        assert_eq!(decode_xtext(text), Err(XtextError::ControlCharacter), "{text:?}");
    }
    assert_eq!(decode_xtext("+FF"), Err(XtextError::InvalidUtf8));
    assert_eq!(decode_xtext("+2B+3D+20+C3+A9").unwrap(), "+= é");
    assert_eq!(decode_xtext("").unwrap(), "");
}

#[test]
fn text_that_needs_no_encoding_is_only_borrowed() {
    assert!(matches!(encode_xtext("a@b"), std::borrow::Cow::Borrowed("a@b")));
    assert!(matches!(decode_xtext("a@b"), Ok(std::borrow::Cow::Borrowed("a@b"))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn arbitrary_bytes_are_judged_as_by_the_reference(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
        agrees_with_the_reference(&bytes);
    }

    #[test]
    fn words_that_are_nearly_right_are_judged_as_by_the_reference(
        words in prop::collection::vec(
            r"(SIZE|size|BODY|ENVID|ORCPT|NOTIFY|a-[01]|-|é)?(=|==)?(\+0A|\+4[1a]|rfc822;|utf-8;|\\x\{0A\}|[1-3]|é|\n){0,4}",
            0..6,
        ),
    ) {
        agrees_with_the_reference(words.join(" ").as_bytes());
    }

    #[test]
    fn every_text_without_control_characters_survives_xtext(text in r"\PC{0,30}") {
        prop_assume!(!text.contains(['\u{2028}', '\u{2029}']));
        let encoded = encode_xtext(&text);
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'='));
        prop_assert_eq!(decode_xtext(&encoded).unwrap(), text.as_str());
    }

    #[test]
    fn decoded_xtext_keeps_its_meaning_when_it_is_encoded_again(text in r"(\+[0-9A-F]{2}|[!-~]){0,12}") {
        if let Ok(decoded) = decode_xtext(&text) {
            prop_assert!(!decoded.contains(char::is_control));
            let encoded = encode_xtext(&decoded);
            prop_assert_eq!(decode_xtext(&encoded).unwrap(), decoded.as_ref());
        }
    }
}
