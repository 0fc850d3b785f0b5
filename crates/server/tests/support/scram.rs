//! A SCRAM-SHA-256 client (RFC 5802).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mailchute::listen::Io;
use sha2::{Digest as _, Sha256};

use super::talk::Talk;

/// The iterations of the tests' verifiers, the minimum.
pub(crate) const ITERATIONS: u32 = 4_096;

/// The client's channel binding flag, and its data.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) mechanism: &'static str,
    /// `n`, `y` or `p=name`.
    pub(crate) flag: &'static str,
    pub(crate) data: Vec<u8>,
}

/// Binds to nothing.
pub(crate) const UNBOUND: Binding = Binding { mechanism: "SCRAM-SHA-256", flag: "n", data: Vec::new() };

/// Authenticates, checks the server's own proof if there is one, and returns the last reply.
pub(crate) async fn log_in<S: Io>(
    talk: &mut Talk<S>,
    user: &str,
    password: &str,
    binding: &Binding,
) -> String {
    exchange(talk, user, password, binding).await.pop().expect("the server has replied")
}

/// Like [`log_in`], with all messages of both sides.
pub(crate) async fn exchange<S: Io>(
    talk: &mut Talk<S>,
    user: &str,
    password: &str,
    binding: &Binding,
) -> Vec<String> {
    let header = format!("{},,", binding.flag);
    let bare = format!("n={user},r=fyko+d2lbbFgONRv9qkxdawL");
    let begin = format!("AUTH {} {}", binding.mechanism, BASE64.encode(format!("{header}{bare}")));
    let Some(server_first) = challenge(&talk.say(&begin).await) else { return vec!["no challenge".into()] };
    let parts: Vec<&str> = server_first.splitn(3, ',').map(|part| &part[2..]).collect();
    let [nonce, salt, iterations] = parts[..] else { panic!("{server_first}") };
    assert!(nonce.starts_with("fyko+d2lbbFgONRv9qkxdawL") && nonce.len() >= 40, "{nonce}");
    let mut salted = [0; 32];
    let salt = BASE64.decode(salt).expect("base64");
    pbkdf2::pbkdf2_hmac::<Sha256>(
        password.as_bytes(),
        &salt,
        iterations.parse().expect("a number"),
        &mut salted,
    );
    let bound = BASE64.encode([header.as_bytes(), &binding.data].concat());
    let without_proof = format!("c={bound},r={nonce}");
    let message = format!("{bare},{server_first},{without_proof}");
    let client_key = mac(&salted, b"Client Key");
    let signature = mac(&Sha256::digest(client_key), message.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect();
    let client_final = format!("{without_proof},p={}", BASE64.encode(proof));
    let reply = talk.say(&BASE64.encode(&client_final)).await;
    let mut said = vec![format!("{header}{bare}"), server_first.clone(), client_final];
    let Some(server_final) = challenge(&reply) else {
        said.push(reply);
        return said;
    };
    let expected = BASE64.encode(mac(&mac(&salted, b"Server Key"), message.as_bytes()));
    assert_eq!(server_final, format!("v={expected}"), "the server knows the password as well");
    said.extend([server_final, talk.say("").await]);
    said
}

/// A message in its wire form.
pub(crate) fn encoded(message: &str) -> String {
    BASE64.encode(message)
}

/// The server's first message to this user, without the nonces.
pub(crate) async fn salt_of<S: Io>(talk: &mut Talk<S>, user: &str) -> String {
    let begin = BASE64.encode(format!("n,,n={user},r=abc"));
    let challenge = challenge(&talk.say(&format!("AUTH SCRAM-SHA-256 {begin}")).await).expect("a challenge");
    talk.ask("*", "501 5.7.0").await;
    challenge.split_once(",s=").expect("a salt").1.to_owned()
}

fn challenge(reply: &str) -> Option<String> {
    let text = reply.strip_prefix("334 ")?.trim_end();
    String::from_utf8(BASE64.decode(text).expect("base64")).ok()
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.chain_update(message).finalize().into_bytes().into()
}
