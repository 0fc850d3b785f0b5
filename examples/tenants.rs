//! Several tenants at one address: the name that a client asks for in TLS (SNI) selects the certificate, the recipients
//! and the Maildir.
//!
//! To try it, in another terminal (any name of curl's leads to this host by `--connect-to`):
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@red.example  # 530 5.7.0 Must issue a STARTTLS command first
//! curl -kv --ssl-reqd smtp://mx.red.example --connect-to ::127.0.0.1:2525 --mail-from a@example.com --mail-rcpt bob@red.example --crlf -T /etc/hostname  # 250 2.
//! curl -kv --ssl-reqd smtp://mx.red.example --connect-to ::127.0.0.1:2525 --mail-from a@example.com --mail-rcpt bob@blue.example --crlf -T /etc/hostname  # 550 5.1.1 Not a mailbox of red.example
//! curl -kv --ssl-reqd smtp://mx.blue.example --connect-to ::127.0.0.1:2525 --mail-from a@example.com --mail-rcpt bob@blue.example --crlf -T /etc/hostname  # *  subject: CN=mx.blue.example
//! cat mail/blue.example/new/*  # Delivered-To: bob@blue.example
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use mailchute::tls::{Certificate, TlsConfig};
use mailchute::{Answer, Hooks, Message, Receipt, Recipient, Refusal, Server, Session, Store, Verdict};
use mailchute_examples::serve;
use mailchute_stores::Maildir;
use rcgen::{CertificateParams, DnType, KeyPair};

const DOMAINS: [&str; 2] = ["red.example", "blue.example"];

/// The tenant of a session. A client that asks for none of our names has no tenant.
fn tenant(session: &Session) -> Result<&'static str, Refusal> {
    let asked = session.tls().and_then(|tls| tls.sni.clone()).unwrap_or_default();
    let mut domains = DOMAINS.into_iter();
    let tenant = domains.find(|domain| asked.strip_prefix("mx.").is_some_and(|name| name == *domain));
    tenant.ok_or(Refusal::from_static(550, (5, 7, 1), "Ask for mx.red.example or mx.blue.example in TLS"))
}

struct Tenants(HashMap<&'static str, Maildir>);

impl Hooks for Tenants {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let domain = tenant(session)?;
        if to.is_local_to([domain]) {
            return Ok(Verdict::Accept);
        }
        Err(Refusal::new(550, (5, 1, 1), format!("Not a mailbox of {domain}")))
    }
}

impl Store for Tenants {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        self.0[tenant(session)?].store(message, session).await
    }
}

/// A self-signed certificate.
fn certificate(domain: &str) -> Result<Certificate, Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let name = format!("mx.{domain}");
    let mut params = CertificateParams::new([name.clone()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    let chain = params.self_signed(&key)?.pem();
    Ok(Certificate::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes())?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tls = TlsConfig::new(certificate(DOMAINS[0])?).add_certificate(certificate(DOMAINS[1])?)?;
    let mut maildirs = HashMap::new();
    for domain in DOMAINS {
        maildirs.insert(domain, Maildir::open(format!("mail/{domain}"))?);
    }
    let tenants = Arc::new(Tenants(maildirs));
    let server =
        Server::builder().tls(tls).require_tls().hooks(Arc::clone(&tenants)).store(tenants).build()?;

    serve(server).await?;
    Ok(())
}
