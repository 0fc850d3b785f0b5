//! An error about a listen address names the address.

use crate::support::{accepting, build};
use mailchute::Listener;

#[tokio::test]
async fn an_address_that_is_none_is_named_with_what_to_write() {
    let server = build(accepting());
    for (given, fault) in [("127.0.0.1", "invalid socket address"), ("127.0.0.1:70000", "invalid port")] {
        let error = server.listen(given).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("\"{given}\": {fault}")), "{error}");
        assert!(error.ends_with("; write ADDRESS:PORT, such as 127.0.0.1:2525 or [::1]:2525"), "{error}");
    }
    let error = server.listen(Listener::new("[::1]").lmtp()).await.unwrap_err().to_string();
    assert!(error.starts_with("\"[::1]\": ") && error.contains("write ADDRESS:PORT"), "{error}");
}

#[tokio::test]
async fn a_name_that_has_no_address_is_named() {
    let server = build(accepting());
    // A label of 64 octets cannot be looked up (RFC 1035 §2.3.4).
    let name = format!("{}.example", "x".repeat(64));
    let error = server.listen((name.as_str(), 25)).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("(\"{name}\", 25): ")), "{error}");
    let error = server.listen(format!("{name}:25")).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("\"{name}:25\": ")), "{error}");
    let error = server.listen(&[][..]).await.unwrap_err().to_string();
    assert_eq!(error, "[]: no address");
}
