//! One identity across all mechanisms, without control characters (RFC 4013, RFC 4616 §2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mailchute::auth::{Mechanism, ScramVerifier};
use mailchute::testing::{self, Client};
use mailchute::{Builder, Check, Credentials};
use md5::Md5;

use crate::support::scram::{self, ITERATIONS};
use crate::support::talk::pipe;
use crate::support::{Seen, accepting, build, hello};

/// The name IX: with a soft hyphen, as one character, in full width, and plain.
const SPELLINGS: [&str; 4] = ["I\u{AD}X", "\u{2168}", "\u{FF29}\u{FF38}", "IX"];

/// Accepts all credentials, and records the identity at MAIL.
fn noting(identities: &Seen<String>) -> Builder {
    let note = identities.clone();
    accepting()
        .allow_plaintext_auth()
        .mechanisms(Mechanism::ALL.iter().copied())
        .on_scram(|_, _| async {
            Ok(Some(ScramVerifier::from_password("pencil", *b"sixteen bytes!!", ITERATIONS)?))
        })
        .on_auth(|_, _| async { Check::Right })
        .on_mail_from(move |_, session| note.note(session.identity().unwrap_or_default().to_string()))
}

fn bytes_of(text: &str) -> String {
    BASE64.encode(text)
}

/// Sends AUTH and its further lines; returns the code of the last reply.
async fn auth(client: &mut Client, lines: &[String]) -> u16 {
    let mut code = 0;
    for line in lines {
        code = client.command(line).await.code();
    }
    code
}

/// The exchanges of all mechanisms except CRAM-MD5 and SCRAM, whose responses depend on the server's challenge.
fn exchanges(user: &str) -> Vec<Vec<String>> {
    vec![
        vec![format!("AUTH PLAIN {}", bytes_of(&format!("\0{user}\0pencil")))],
        vec![format!("AUTH PLAIN {}", bytes_of(&format!("{user}\0tim\0pencil")))],
        vec![format!("AUTH LOGIN {}", bytes_of(user)), bytes_of("pencil")],
        vec![format!("AUTH OAUTHBEARER {}", bytes_of(&format!("n,a={user},\x01auth=Bearer t\x01\x01")))],
        vec![format!("AUTH XOAUTH2 {}", bytes_of(&format!("user={user}\x01auth=Bearer t\x01\x01")))],
    ]
}

async fn cram_md5(client: &mut Client, user: &str) -> u16 {
    let challenge = client.command("AUTH CRAM-MD5").await.expect(334).to_string();
    let challenge = BASE64.decode(challenge[4..].trim_end()).expect("a challenge and a key");
    let digest = Hmac::<Md5>::new_from_slice(b"pencil")
        .expect("a challenge and a key")
        .chain_update(challenge)
        .finalize()
        .into_bytes();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    client.command(&bytes_of(&format!("{user} {digest}"))).await.code()
}

#[tokio::test(start_paused = true)]
async fn one_identity_over_all_mechanisms() {
    let identities = Seen::default();
    let server = build(noting(&identities).xclient_from(["10.0.0.0/8".parse().unwrap()]));
    let mut count = 0;
    for user in SPELLINGS {
        for lines in exchanges(user) {
            let mut client = hello(&server).await;
            assert_eq!(auth(&mut client, &lines).await, 235, "{lines:?}");
            client.command("MAIL FROM:<>").await.expect(250);
            count += 1;
        }
        let mut client = hello(&server).await;
        assert_eq!(cram_md5(&mut client, user).await, 235, "{user:?}");
        client.command("MAIL FROM:<>").await.expect(250);
        let mut talk = pipe(&server, 65_536).0;
        talk.hello().await;
        assert!(
            scram::log_in(&mut talk, user, "pencil", &scram::UNBOUND).await.starts_with("235"),
            "{user:?}"
        );
        talk.ask("MAIL FROM:<>", "250").await;
        let mut proxy = testing::connect(&server).from("10.0.0.5:1000".parse().unwrap()).open();
        proxy.greeting().await.expect(220);
        proxy.command("EHLO proxy.example").await.expect(250);
        let login: String = user.bytes().map(|byte| format!("+{byte:02X}")).collect();
        proxy.command(&format!("XCLIENT LOGIN={login}")).await.expect(220);
        proxy.command("EHLO client.example").await.expect(250);
        proxy.command("MAIL FROM:<>").await.expect(250);
        count += 3;
    }
    assert_eq!(identities.all(), vec!["IX"; count]);
}

#[tokio::test(start_paused = true)]
async fn names_with_controls_reach_no_hook() {
    let asked = Seen::<String>::default();
    let note = asked.clone();
    let server =
        build(noting(&Seen::default()).max_auth_failures(0).on_auth(move |given: Credentials, _| {
            note.push(format!("{given:?}"));
            async { Check::Right }
        }));
    for control in ["\r", "\n", "\t", "\x1b[2J", "\x7f", "\u{85}", "\u{2028}", "\u{202E}"] {
        for user in [format!("tim{control}"), format!("t{control}im")] {
            for lines in exchanges(&user) {
                let mut client = hello(&server).await;
                let mut code = auth(&mut client, &lines).await;
                if code == 334 {
                    // The client has received the reason why its token is refused.
                    code = client.command("AQ==").await.code();
                }
                assert_eq!(code, 535, "{lines:?}");
            }
            assert_eq!(cram_md5(&mut hello(&server).await, &user).await, 535, "{user:?}");
            let first = bytes_of(&format!("n,,n={user},r=abc"));
            hello(&server).await.command(&format!("AUTH SCRAM-SHA-256 {first}")).await.expect(535);
        }
    }
    assert_eq!(asked.all(), Vec::<String>::new());
}

/// A password is prepared too, on both sides of a comparison.
#[tokio::test(start_paused = true)]
async fn passwords_in_two_spellings_are_one() {
    for expected in ["\u{212B}x", "\u{C5}x", "A\u{30A}x"] {
        let server = build(
            accepting()
                .allow_plaintext_auth()
                .mechanisms(Mechanism::ALL.iter().copied().filter(|mechanism| !mechanism.needs_verifier()))
                .on_auth(move |given: Credentials, _| async move {
                    Check::right_if(given.is("\u{2168}", expected))
                }),
        );
        for sent in ["\u{212B}x", "\u{C5}x", "A\u{30A}\u{AD}x"] {
            let response = bytes_of(&format!("\0IX\0{sent}"));
            hello(&server).await.command(&format!("AUTH PLAIN {response}")).await.expect(235);
            let mut client = hello(&server).await;
            let lines = [format!("AUTH LOGIN {}", bytes_of("I\u{AD}X")), bytes_of(sent)];
            assert_eq!(auth(&mut client, &lines).await, 235);
        }
    }
}
