//! The sender as a greylist knows it: without the parts that change from message to message.

use std::borrow::Cow;

use mailchute::Sender;

/// Returns the address of a sender, without parts that change when the same sender writes again: numbers and tags of
/// mailing lists (VERP), of bounce addresses (BATV), of forwarders (SRS), and anything after `+`.
pub(super) fn without_changing_parts(sender: &Sender) -> String {
    let address = sender.lookup_key();
    let (local_part, domain) = address.rsplit_once('@').unwrap_or((&address, ""));
    let local_part = without_srs_tags(local_part);
    let is_tag = |at: &usize| *at > 0;
    let untagged = local_part.find('+').filter(is_tag).map_or(&*local_part, |at| &local_part[..at]);
    format!("{}@{domain}", without_numbers(untagged))
}

/// Removes hash and time from `SRS0=HASH=TIME=DOMAIN=USER` and from `SRS1=HASH=HOST==HASH=TIME=DOMAIN=USER`.
fn without_srs_tags(local_part: &str) -> Cow<'_, str> {
    let srs0 = |text: &str| {
        let mut parts = text.splitn(3, '=');
        let (_hash, _time) = (parts.next()?, parts.next()?);
        parts.next().map(str::to_owned)
    };
    let after = |name: &str| {
        let prefix = local_part.get(..name.len()).filter(|prefix| prefix.eq_ignore_ascii_case(name))?;
        local_part[prefix.len()..].strip_prefix(['=', '+', '-'])
    };
    let cleaned = match (after("srs0"), after("srs1")) {
        (Some(rest), _) => srs0(rest).map(|rest| format!("srs={rest}")),
        (_, Some(rest)) => rest.split_once('=').and_then(|(_hash, rest)| {
            let (host, first) = rest.split_once("==")?;
            Some(format!("srs={host}=={}", srs0(first)?))
        }),
        _ => None,
    };
    cleaned.map_or(local_part.into(), Cow::Owned)
}

/// Replaces each word that has a digit: lists number their messages, and tags are hashes.
fn without_numbers(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let end = part.char_indices().next_back().filter(|(_, c)| !c.is_alphanumeric());
        let (word, separator) = part.split_at(end.map_or(part.len(), |(at, _)| at));
        let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
        cleaned.push_str(if has_digit { "#" } else { word });
        cleaned.push_str(separator);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use mailchute::testing;
    use proptest::prelude::*;

    use super::*;

    fn cleaned(sender: &str) -> String {
        without_changing_parts(&testing::sender(sender))
    }

    #[test]
    fn parts_that_change_with_each_message_are_left_out() {
        for (sender, expected) in [
            ("Alice@Client.Example", "alice@client.example"),
            // VERP
            ("list-return-1234-bob=example.com@lists.example", "list-return-#-bob=example.com@lists.example"),
            ("bounces+99-bob=example.com@lists.example", "bounces@lists.example"),
            ("0100018f2a-4c9e-000000@ses.example", "#-#-#@ses.example"),
            // BATV
            ("prvs=3456abcdef=alice@client.example", "prvs=#=alice@client.example"),
            ("prvs=7890fedcba=alice@client.example", "prvs=#=alice@client.example"),
            ("btv1==12ab34cd==alice@client.example", "#==#==alice@client.example"),
            // SRS
            ("SRS0=HHhh=TT=origin.example=alice@relay.example", "srs=origin.example=alice@relay.example"),
            ("srs0+abCD=XY=origin.example=alice@relay.example", "srs=origin.example=alice@relay.example"),
            (
                "SRS1=QQ=first.example==HHhh=TT=origin.example=alice@relay.example",
                "srs=first.example==origin.example=alice@relay.example",
            ),
            // No tags at all
            ("srs0@client.example", "#@client.example"),
            ("srs0=x@client.example", "#=x@client.example"),
            ("srs1=a=b@client.example", "#=a=b@client.example"),
            ("+tag@client.example", "+tag@client.example"),
            ("\"a b\"@client.example", "a b@client.example"),
        ] {
            assert_eq!(cleaned(sender), expected, "{sender}");
        }
    }

    proptest! {
        #[test]
        fn any_local_part_becomes_an_address(local_part in "[ -~äßㄱ]{0,70}", tag in "[A-Za-z0-9/+]{4}", time in "[A-Z2-7]{2}") {
            let _ = without_numbers(&without_srs_tags(&local_part));
            let forwarded = format!("SRS0={tag}={time}=o.example={local_part}");
            prop_assert_eq!(without_srs_tags(&forwarded), format!("srs=o.example={local_part}"));
        }
    }
}
