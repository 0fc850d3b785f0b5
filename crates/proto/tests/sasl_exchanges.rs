//! Random answers within AUTH: each gets a reply, and no client is authenticated without proof.

use crate::session::{Session, dialogue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailchute_proto::{Mechanism, Nonce, PlaintextAuth, ScramVerifier, TlsPolicy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Parts of responses of all mechanisms, to be put together wrongly.
const PARTS: &[&str] = &[
    "n,,",
    "y,,",
    "p=tls-exporter,,",
    "p=tls-server-end-point,,",
    "n,a=bob,",
    "n=user,r=abc",
    "n=,r=",
    "n=us=2Cer",
    ",r=abc%x",
    ",m=x",
    "c=biws,r=abc%x,p=",
    "c=biws",
    ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "\0",
    "user",
    "\0user\0pencil",
    "\x01",
    "\x01\x01",
    "auth=Bearer t",
    "host=h\x01port=99999",
    "user=tim",
    " b913a602c7eda7a495b4e6e7334d3890",
    "é",
    "\u{AD}",
    "\u{7}",
    "=",
    ",",
];

/// Returns a line of the client: base64 of parts or of bytes, invalid base64, a star, nothing.
fn answer() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => vec(select(PARTS), 0..6).prop_map(|parts| BASE64.encode(parts.concat())),
        2 => vec(any::<u8>(), 0..40).prop_map(|bytes| BASE64.encode(bytes)),
        1 => Just("*".to_owned()),
        1 => Just("not base64".to_owned()),
        1 => Just(String::new()),
    ]
}

fn exchange() -> impl Strategy<Value = String> {
    (select(Mechanism::ALL), any::<bool>(), vec(answer(), 1..4)).prop_map(
        |(mechanism, is_initial, answers)| {
            let separator = if is_initial { " " } else { "\r\n" };
            format!("AUTH {mechanism}{separator}{}\r\n", answers.join("\r\n"))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_answer_to_a_challenge_breaks_the_conversation(exchanges in vec(exchange(), 1..5)) {
        let mut session = Session::new();
        session.settings.mechanisms = Mechanism::ALL.to_vec();
        session.settings.plaintext_auth = PlaintextAuth::Anywhere;
        session.settings.tls = TlsPolicy::Offered;
        session.is_inside_tls = true;
        session.nonce = Nonce::parse("%x");
        session.verifiers.push(("user".to_owned(), ScramVerifier::decoy(b"another", "user")));
        let bytes = format!("EHLO client.example\r\n{}QUIT\r\n", exchanges.concat()).into_bytes();
        let segments = [bytes];
        let whole = session.cut(&segments, &[]);
        dialogue::check(&segments, &whole);
        prop_assert_eq!(&session.byte_by_byte(&segments), &whole);
        let replies = dialogue::replies(&whole.output);
        prop_assert!(replies.iter().all(|reply| reply.code != 235), "{}", crate::session::shown(&whole.output));
    }
}
