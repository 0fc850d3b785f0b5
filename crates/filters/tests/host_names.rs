//! The host names of clients, as scanners learn them.

use std::sync::atomic::Ordering;

use mailchute::testing::Inbox;
use mailchute::{Filter as _, Server, testing};
use mailchute_filters::dns::HostNames;
use mailchute_filters::rspamd::Rspamd;

use crate::milter::script::{OFFER, Scripted, milter, server};
use crate::web::{Answer, Web};
use crate::zone::Zone;

const ZONE: &str = "\
1.2.0.192.in-addr.arpa PTR other.example.
1.2.0.192.in-addr.arpa PTR Mail.Client.example.
mail.client.example A 203.0.113.1
mail.client.example A 192.0.2.1
other.example A 203.0.113.2
2.2.0.192.in-addr.arpa PTR mail.client.example.
3.2.0.192.in-addr.arpa TIMEOUT x
4.2.0.192.in-addr.arpa PTR localhost
5.2.0.192.in-addr.arpa PTR lost.example
lost.example TIMEOUT x
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.example
six.example AAAA 2001:db8::1";

#[tokio::test]
async fn rspamd_learns_a_name_that_leads_back_to_the_client() {
    for (client, expected) in [
        ("192.0.2.1:25", Some("Mail.Client.example")),
        ("[::ffff:192.0.2.1]:25", Some("Mail.Client.example")),
        ("[2001:db8::1]:25", Some("six.example")),
        ("192.0.2.2:25", None),
        ("192.0.2.3:25", None),
        ("192.0.2.4:25", None),
        ("192.0.2.5:25", None),
        ("192.0.2.6:25", None),
        ("127.0.0.1:25", None),
    ] {
        let web = Web::start([Answer::Ok(r#"{"action":"no action"}"#.to_owned())]).await;
        let names = HostNames::new(Zone::parse(ZONE.as_bytes()));
        let rspamd = Rspamd::builder(&web.url).unwrap().host_names(names).open().unwrap();
        let session = testing::session().from(client.parse().unwrap()).recipient("bob@example.com").build();
        let mut message = testing::message(&session, "\r\n");
        rspamd.filter(&mut message, &session).await.unwrap();
        assert_eq!(web.one().get("hostname"), expected, "{client}");
    }
}

#[tokio::test]
async fn a_session_asks_once_for_all_filters() {
    let ok = || Answer::Ok(r#"{"action":"no action"}"#.to_owned());
    let web = Web::start([ok(), ok()]).await;
    let zone = std::sync::Arc::new(Zone::parse(ZONE.as_bytes()));
    let session = testing::session().from(([192, 0, 2, 1], 25).into()).recipient("bob@example.com").build();
    for _ in 0..2 {
        let names = HostNames::new(std::sync::Arc::clone(&zone));
        let rspamd = Rspamd::builder(&web.url).unwrap().host_names(names).open().unwrap();
        let mut message = testing::message(&session, "\r\n");
        rspamd.filter(&mut message, &session).await.unwrap();
    }
    // PTR, and A of both names.
    assert_eq!(zone.asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_milter_learns_the_name_at_connect() {
    for (octet, name, reverse) in [
        (1, "Mail.Client.example", "other.example."),
        (2, "[192.0.2.2]", "mail.client.example"),
        (3, "[192.0.2.3]", "unknown"),
    ] {
        let mut choice = b"O\0\0\0\x06\0\0\x01\xff\0\0\0\0\0\0\0\0".to_vec();
        choice.extend_from_slice(b"_ {client_name} {client_ptr}\0");
        let address = format!("192.0.2.{octet}");
        let reverse = reverse.trim_end_matches('.');
        let macros = format!("DC_\0{name} [{address}]\0{{client_name}}\0{name}\0{{client_ptr}}\0{reverse}\0");
        let mut connect = format!("C{name}\x004").into_bytes();
        connect.extend_from_slice(&40_000_u16.to_be_bytes());
        connect.extend_from_slice(format!("{address}\0").as_bytes());
        let script =
            vec![server(OFFER), milter(choice), server(macros), server(connect), milter("r"), server("Q")];
        let scripted = Scripted::start([script]).await;
        let names = HostNames::new(Zone::parse(ZONE.as_bytes()));
        let server =
            Server::builder().with(scripted.filter().host_names(names)).store(Inbox::new()).build().unwrap();
        let mut client = testing::connect(&server).from(([192, 0, 2, octet], 40_000).into()).open();
        client.greeting().await.expect(554);
        client.close().await;
        scripted.done().await;
    }
}
