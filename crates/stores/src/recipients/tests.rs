//! Recipients as hooks meet them.

use mailchute::testing;

use super::*;
use crate::template::Template;

fn domain(name: &str, users: &[&str], aliases: &str) -> LocalDomain {
    let aliases = Aliases::parse(aliases).expect("no mistakes");
    LocalDomain::new(name).expect(name).known(Known::users(users).expect("users")).aliases(aliases)
}

fn recipients(domains: Vec<LocalDomain>) -> Recipients {
    Recipients::new(domains).expect("no mistakes")
}

/// The destinations of an address as `user+detail@domain`, or the refusal.
async fn resolved(recipients: &Recipients, address: &str) -> String {
    let session = testing::session().build();
    let recipient = match address {
        "Postmaster" => Recipient::new(mailchute::address::ForwardPath::Postmaster),
        address => address.parse().expect(address),
    };
    match recipients.resolve(&recipient, &session).await {
        Ok(destinations) => {
            let text = destinations.iter().map(|to| {
                let detail = to.detail().map(|detail| format!("+{detail}")).unwrap_or_default();
                format!("{}{detail}@{}", to.user(), to.domain())
            });
            text.collect::<Vec<_>>().join(" ")
        }
        Err(refusal) => refusal.reply().to_string().trim_end().to_owned(),
    }
}

const UNKNOWN: &str = "550 5.1.1 No such user here";
const FOREIGN: &str = "550 5.7.1 Relaying denied";

#[tokio::test]
async fn knows_users_aliases_and_postmaster() {
    let aliases = "sales: bob, eve\nteam: sales, Carol@example.org\nbob+lists: dan\neve: eve, bob\n";
    let org = domain("example.org", &["carol"], "@: carol");
    let recipients = recipients(vec![domain("example.com", &["bob", "eve", "dan"], aliases), org]);
    for (address, expected) in [
        ("BOB@Example.com", "bob@example.com"),
        ("bob+x@example.com", "bob+x@example.com"),
        ("bob+lists@example.com", "dan+lists@example.com"),
        ("sales@example.com", "bob@example.com eve@example.com"),
        ("sales+x@example.com", "bob+x@example.com eve+x@example.com"),
        ("team@example.com", "bob@example.com eve@example.com carol@example.org"),
        ("eve@example.com", "eve@example.com bob@example.com"),
        ("nobody@example.com", UNKNOWN),
        ("nobody@example.org", "carol@example.org"),
        ("bob@example.net", FOREIGN),
        ("bob@sub.example.com", FOREIGN),
        ("postmaster@example.com", "postmaster@example.com"),
        ("PostMaster@example.org", "carol@example.org"),
        ("Postmaster", "postmaster@example.com"),
    ] {
        assert_eq!(resolved(&recipients, address).await, expected, "{address}");
    }
}

#[tokio::test]
async fn an_alias_that_two_members_share_counts_once() {
    let aliases = "all: a, b\na: x\nb: a, y\n";
    let recipients = recipients(vec![domain("example.com", &["x", "y"], aliases)]);
    assert_eq!(resolved(&recipients, "all@example.com").await, "x@example.com y@example.com");
}

#[tokio::test]
async fn unknown_members_are_left_out_and_an_alias_of_none_is_unknown() {
    let recipients = recipients(vec![domain("example.com", &["bob"], "sales: bob, gone\nold: gone\n")]);
    assert_eq!(resolved(&recipients, "sales@example.com").await, "bob@example.com");
    assert_eq!(resolved(&recipients, "old@example.com").await, UNKNOWN);
}

#[tokio::test]
async fn several_names_are_one_domain() {
    let names = domain("bücher.example", &["bob"], "").also("books.example").expect("a name");
    let recipients = recipients(vec![names, LocalDomain::new(".example.net").expect("a name")]);
    for address in ["bob@xn--bcher-kva.example", "bob@BÜCHER.example", "bob@books.example"] {
        assert_eq!(resolved(&recipients, address).await, "bob@xn--bcher-kva.example", "{address}");
    }
    assert_eq!(resolved(&recipients, "any@a.example.net").await, "any@a.example.net");
}

#[tokio::test]
async fn users_are_those_whose_directory_exists() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(root.path().join("example.com/bob")).expect("a directory");
    std::fs::write(root.path().join("example.com/file"), "").expect("a file");
    let template = format!("{}/{{domain}}/{{user}}", root.path().display());
    let known = Known::directories(Template::parse(&template).expect("a template"));
    let recipients = recipients(vec![LocalDomain::new("example.com").expect("a name").known(known)]);
    assert_eq!(resolved(&recipients, "Bob@example.com").await, "bob@example.com");
    let long = format!("{}@example.com", "a".repeat(300));
    for unknown in ["eve@example.com", "file@example.com", r#""../../example.com/bob"@example.com"#, &long] {
        assert_eq!(resolved(&recipients, unknown).await, UNKNOWN, "{unknown}");
    }
}

#[tokio::test]
async fn a_question_without_an_answer_is_not_a_no() {
    let known = Known::asked(|destination, _session| async move {
        match destination.user() {
            "bob" => Ok(true),
            "late" => Err(Refusal::new(451, (4, 3, 0), "Ask again")),
            _ => Ok(false),
        }
    });
    let recipients = recipients(vec![LocalDomain::new("example.com").expect("a name").known(known)]);
    assert_eq!(resolved(&recipients, "bob@example.com").await, "bob@example.com");
    assert_eq!(resolved(&recipients, "eve@example.com").await, UNKNOWN);
    assert_eq!(resolved(&recipients, "late@example.com").await, "451 4.3.0 Ask again");
}

#[test]
fn refuses_circles_foreign_members_and_names_given_twice() {
    let error = |domains| Recipients::new(domains).expect_err("a mistake").to_string();
    for (aliases, expected) in [
        ("a: b\nb: c\nc: a\n", "aliases of example.com, line 1: a leads back to itself, through c; "),
        ("x: a\na: b\nb: a, y\n", "aliases of example.com, line 2: a leads back to itself, through b; "),
        ("e+x: b\nb: b, e\n", "aliases of example.com, line 1: e+x leads back to itself, through b; "),
        ("@: x\nb: a+x\na: b\n", "aliases of example.com, line 2: b leads back to itself, through a; "),
        ("a: b\n@: carol@example.net\n", "aliases of example.com, line 2: @ leads to carol@example.net, "),
    ] {
        let error = error(vec![domain("example.com", &[], aliases)]);
        assert!(error.starts_with(expected), "{error}");
    }
    let twice = vec![domain("bücher.example", &[], ""), domain("xn--bcher-kva.example", &[], "")];
    assert_eq!(error(twice), "xn--bcher-kva.example is given twice; leave one of them out");
    let many: String = (0..40).map(|list| format!("a{list}: {}\n", names(list))).collect();
    let all = (0..40).map(|list| format!("a{list}")).collect::<Vec<_>>().join(", ");
    let error = error(vec![domain("example.com", &[], &format!("all: {all}\n{many}"))]);
    assert!(error.contains("line 1: all leads to more than 1000 addresses"), "{error}");
}

fn names(list: usize) -> String {
    (0..40).map(|number| format!("u{list}-{number}")).collect::<Vec<_>>().join(", ")
}
