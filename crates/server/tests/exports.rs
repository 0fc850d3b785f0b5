//! An application can name every type that a hook or an event gives it, without a second crate.

use std::borrow::Cow;
use std::sync::Arc;

use mailchute::address::{
    AddressError, AddressLiteral, Domain, ForwardPath, GeneralLiteral, Mailbox, ReversePath,
};
use mailchute::auth::{CramMd5Digest, Mechanism, Password, ScramVerifier, Token};
use mailchute::command::{Command, EhloError, Extension, HeloKind, HeloName, Verb};
use mailchute::events::Event;
use mailchute::message::MessageId;
use mailchute::params::{
    BodyKind, ByMode, DateTime, DeliverBy, Hold, MailParameters, Notify, OriginalRecipient, ParameterError,
    Parameters, Priority, RcptParameters, Ret, Submitter,
};
use mailchute::proxy::{Attribute, MessageSource, ProxiedProtocol, XClient, XForward};
use mailchute::reply::{Code, Enhanced, Severity};
use mailchute::session::{Protocol, SessionId, TransmissionType, TypedState};
use mailchute::tls::{ClientCertificate, TlsFacts, Trust};
use mailchute::{
    Answer, Authenticator, Builder, Check, Credentials, Disconnect, Envelope, Filter, Hooks, Install,
    Message, Receipt, Recipient, Refusal, Reply, ScramVerifiers, Sender, Session, Store, Verdict, testing,
};

/// Names the type of every value that it can reach.
struct Namer;

impl Hooks for Namer {
    async fn connect(&self, session: &Session) -> Answer {
        let _: SessionId = session.id();
        let _: Protocol = session.protocol();
        let _: Option<HeloName> = session.helo_name();
        let _: TransmissionType = session.transmission_type();
        let _: Option<Arc<TlsFacts>> = session.tls();
        let _: Option<Arc<Envelope>> = session.envelope();
        let _: &TypedState = session.state();
        if let Some(told) = session.forwarded() {
            let told: &XForward = &told;
            let _: &Option<Attribute<MessageSource>> = &told.source;
        }
        Ok(Verdict::Accept)
    }

    async fn ehlo(&self, ehlo: &mailchute::command::Ehlo, session: &Session) -> Answer {
        let _: Verb = ehlo.verb;
        let name: &HeloName = &ehlo.name;
        let kind: &HeloKind = name.kind();
        if let HeloKind::Literal(AddressLiteral::General(literal)) = kind {
            let _: &GeneralLiteral = literal;
        }
        session.disable(Extension::Chunking);
        let announced: Result<(), EhloError> = session.announce("XKEY rsa");
        announced?;
        Ok(Verdict::Accept)
    }

    async fn secure(&self, tls: &TlsFacts, _session: &Session) -> Answer {
        if let Some(client) = &tls.client {
            let client: &ClientCertificate = client;
            let _: &Trust = &client.trust;
        }
        Ok(Verdict::Accept)
    }

    async fn mail_from(&self, from: &Sender, _session: &Session) -> Answer {
        let _: &ReversePath = &from.path;
        let mailbox: Option<&Mailbox> = from.mailbox();
        let _: Option<AddressLiteral> = mailbox.and_then(Mailbox::address_literal);
        let _: Option<Cow<'_, str>> = mailbox.map(Mailbox::unquoted_local_part);
        let parameters: &MailParameters = from.parameters();
        let _: Option<BodyKind> = parameters.body;
        let _: Option<&Submitter> = parameters.auth.as_ref();
        let _: Option<Ret> = parameters.ret;
        let _: Option<ByMode> = parameters.deliver_by.map(|by: DeliverBy| by.mode);
        let _: Option<Priority> = parameters.mt_priority;
        if let Some(Hold::Until(until)) = parameters.hold {
            let _: DateTime = until;
        }
        Ok(Verdict::Accept)
    }

    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        let _: &ForwardPath = &to.path;
        let parameters: &RcptParameters = to.parameters();
        let _: Option<Notify> = parameters.notify;
        let _: Option<&OriginalRecipient> = parameters.orcpt.as_ref();
        Ok(Verdict::Accept)
    }

    async fn data(&self, envelope: &Envelope, _session: &Session) -> Answer {
        let _: &[Recipient] = &envelope.recipients;
        let reply = Reply::new(250, (2, 6, 0), "Named");
        let _: Severity = Code::severity(reply.code());
        let _: Option<Enhanced> = reply.enhanced();
        Ok(Verdict::AcceptWith(reply))
    }

    async fn command(&self, command: &Command, _session: &Session) -> Answer {
        let _: Verb = command.verb;
        Ok(Verdict::Accept)
    }

    async fn disconnect(&self, cause: Disconnect, _session: &Session) {
        let _: Disconnect = cause;
    }
}

impl ScramVerifiers for Namer {
    async fn scram_verifier(
        &self,
        _user: &str,
        _session: &Session,
    ) -> Result<Option<ScramVerifier>, Refusal> {
        Ok(None)
    }
}

impl Authenticator for Namer {
    async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        let _: Mechanism = credentials.mechanism();
        match credentials {
            Credentials::Password { password, .. } => {
                let _: &Password = password;
            }
            Credentials::Bearer { token, .. } => {
                let _: &Token = token;
            }
            Credentials::CramMd5 { digest, .. } => {
                let _: &CramMd5Digest = digest;
            }
            _ => {}
        }
        Ok(Check::Wrong)
    }
}

impl Filter for Namer {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        let _: MessageId = message.id();
        let _: &Envelope = message.envelope();
        message.bytes().await?;
        Ok(())
    }
}

impl Store for Namer {
    async fn store(&self, _message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        Ok(Receipt::new("Named"))
    }
}

impl Install for Namer {
    fn install(self, builder: Builder) -> Builder {
        let namer = Arc::new(self);
        builder.hooks(Arc::clone(&namer)).filter(Arc::clone(&namer)).store(namer)
    }
}

#[test]
fn what_hooks_are_given_can_be_made_from_text() {
    let sender = |text: &[u8]| -> Result<Sender, AddressError> {
        Ok(Sender::new(ReversePath::parse_argument(text)?.0))
    };
    let parameters = |text: &[u8]| -> Result<MailParameters, ParameterError> {
        MailParameters::from_parameters(&Parameters::parse(text)?)
    };
    let _: fn(&str) -> Result<Domain, AddressError> = Domain::parse;
    assert_eq!(sender(b"<alice@example.com>").unwrap().as_str(), "alice@example.com");
    assert_eq!(parameters(b" RET=HDRS").unwrap().ret, Some(Ret::Headers));
    let mut told = XClient::default();
    told.proto = Some(Attribute::Known(ProxiedProtocol::Esmtp));
    assert!(told.login.is_none());
}

#[tokio::test]
async fn a_session_goes_through_hooks_that_name_all_they_get() {
    let server = mailchute::Server::builder().with(Namer).build().unwrap();
    let mut events = server.events();
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    client.command("EHLO [x-net:away]").await.expect(250);
    client.command("MAIL FROM:<alice@[192.0.2.1]> RET=HDRS BODY=8BITMIME").await.expect(250);
    client.command("RCPT TO:<bob@example.com> NOTIFY=NEVER ORCPT=rfc822;rob@example.com").await.expect(250);
    client.command("DATA").await.expect(354);
    let heard = client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await;
    assert_eq!(heard.to_string(), "250 2.6.0 Named");
    assert!(matches!(events.next().await, Some(Event::Connect { .. })));
}
