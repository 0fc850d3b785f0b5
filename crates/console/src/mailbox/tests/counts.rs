//! The counts of groups are those of a full count, whatever has changed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Deletion, Group};
use super::*;

const PLACES: [&str; 4] = ["a.test/bob", "a.test/bob/.Junk", "a.test/eve", "b.test/bob"];

const RECIPIENTS: [&str; 5] = ["bob@a.test", "Bob@A.test", "eve@a.test", "bob@b.test", "postmaster"];

const TAGS: [&str; 3] = ["one", "One", "two"];

/// Something that happens to the mailbox. Numbers choose among the messages that are there.
#[derive(Debug, Clone)]
enum Step {
    Come {
        place: usize,
        recipients: Vec<usize>,
        tags: Vec<usize>,
        has_login: bool,
        is_seen: bool,
    },
    Mark {
        subject: usize,
        is_unread: bool,
    },
    Delete {
        query: &'static str,
    },
    DeleteOne {
        subject: usize,
    },
    Undo,
    /// By another program: to `cur` of a place, with or without the flag of messages that were read.
    Move {
        file: usize,
        place: usize,
        is_seen: bool,
    },
    /// By another program.
    Remove {
        file: usize,
    },
    OpenAgain,
}

fn step() -> impl Strategy<Value = Step> {
    let (place, number) = (0..PLACES.len(), 0..100_usize);
    let recipients = proptest::collection::vec(0..RECIPIENTS.len(), 0..4);
    let tags = proptest::collection::vec(0..TAGS.len(), 0..3);
    let query = prop::sample::select(vec![
        "",
        "is:unread",
        "mailbox:@a.test",
        "mailbox:bob",
        "-folder:Junk",
        "tag:one",
    ]);
    prop_oneof![
        6 => (place.clone(), recipients, tags, any::<bool>(), any::<bool>()).prop_map(
            |(place, recipients, tags, has_login, is_seen)| Step::Come { place, recipients, tags, has_login, is_seen }
        ),
        2 => (number.clone(), any::<bool>()).prop_map(|(subject, is_unread)| Step::Mark { subject, is_unread }),
        1 => query.prop_map(|query| Step::Delete { query }),
        1 => number.clone().prop_map(|subject| Step::DeleteOne { subject }),
        1 => Just(Step::Undo),
        2 => (number.clone(), place, any::<bool>())
            .prop_map(|(file, place, is_seen)| Step::Move { file, place, is_seen }),
        1 => number.prop_map(|file| Step::Remove { file }),
        1 => Just(Step::OpenAgain),
    ]
}

/// The mailbox between steps.
struct Run {
    mails: Mails,
    mailbox: Mailbox,
    come: usize,
    deletion: Option<Deletion>,
}

impl Run {
    fn new() -> Self {
        let mails = Mails { root: tempfile::tempdir().unwrap() };
        PLACES.iter().for_each(|place| mails.make(place));
        let mailbox = mails.builder().undo(LONG).open().unwrap();
        Self { mails, mailbox, come: 0, deletion: None }
    }

    /// Returns a file that is there, by a number.
    fn file(&self, number: usize) -> Option<std::path::PathBuf> {
        let directories = PLACES.iter().flat_map(|place| [format!("{place}/new"), format!("{place}/cur")]);
        let files = directories.flat_map(|directory| {
            self.mails.files(&directory).into_iter().map(move |file| (directory.clone(), file))
        });
        let files: Vec<_> = files.collect();
        let (directory, file) = files.get(number % files.len().max(1))?;
        Some(self.mails.path().join(directory).join(file))
    }

    async fn take(&mut self, step: Step) {
        let one = |subject: usize| search(&format!("subject:number{}", subject % (self.come + 1)));
        match step {
            Step::Come { place, recipients, tags, has_login, is_seen } => {
                let to: Vec<_> = recipients.iter().map(|number| RECIPIENTS[*number]).collect();
                let text =
                    message("x@x.test", &to.join("\nDelivered-To: "), &format!("number{}", self.come), "");
                let tags: Vec<_> = tags.iter().map(|number| TAGS[*number]).collect();
                let text = text.replace("Subject:", &format!("X-Tags: {}\nSubject:", tags.join(",")));
                let login =
                    if has_login { "Authentication-Results: mx; auth=pass smtp.auth=App\n" } else { "" };
                let text = format!("{login}{text}");
                let directory = format!("{}/new", PLACES[place]);
                let name = self.mails.put(&directory, &text);
                if is_seen {
                    let at = self.mails.path().join(PLACES[place]);
                    fs::rename(at.join("new").join(&name), at.join("cur").join(name + ":2,S")).unwrap();
                }
                self.come += 1;
            }
            Step::Mark { subject, is_unread } => {
                let _ = self.mailbox.mark(&one(subject), is_unread).await.unwrap();
            }
            Step::DeleteOne { subject } => {
                self.deletion = Some(self.mailbox.delete(&one(subject)).await.unwrap());
            }
            Step::Delete { query } => {
                self.deletion = Some(self.mailbox.delete(&search(query)).await.unwrap());
            }
            Step::Undo => {
                if let Some(deletion) = self.deletion.take() {
                    self.mailbox.undo(deletion.number).await.unwrap();
                }
            }
            Step::Move { file, place, is_seen } => {
                let Some(file) = self.file(file) else { return };
                let name = file.file_name().unwrap().to_str().unwrap();
                let name =
                    format!("{}:2,{}", name.split(':').next().unwrap(), if is_seen { "S" } else { "" });
                fs::rename(&file, self.mails.path().join(PLACES[place]).join("cur").join(name)).unwrap();
            }
            Step::Remove { file } => drop(self.file(file).map(fs::remove_file)),
            Step::OpenAgain => {
                self.mailbox.close();
                self.mailbox = self.mails.builder().undo(LONG).open().unwrap();
                self.deletion = None;
            }
        }
    }

    /// Compares the counts with those of all messages, one by one.
    async fn check(&self) {
        let all = self.mailbox.list(&Search::all(), None, 1_000).await.unwrap().messages;
        let [mut recipients, mut domains, mut logins, mut tags, mut mailboxes, mut folders] =
            [(); 6].map(|()| Counts::default());
        for message in &all {
            let unread = u64::from(message.is_unread);
            let mut addresses: Vec<_> = message.recipients.iter().map(|one| one.to_lowercase()).collect();
            addresses.sort();
            addresses.dedup();
            let names = addresses.iter().filter_map(|one| one.split_once('@'));
            let mut names: Vec<_> = names.map(|(_, domain)| domain.to_owned()).collect();
            names.sort();
            names.dedup();
            addresses.into_iter().for_each(|name| recipients.add(name, unread));
            names.into_iter().for_each(|name| domains.add(name, unread));
            message.login.iter().for_each(|name| logins.add(name.to_lowercase(), unread));
            message.tags.iter().for_each(|name| tags.add(name.to_lowercase(), unread));
            mailboxes.add(message.mailbox.clone(), unread);
            message.folder.iter().for_each(|name| folders.add(name.clone(), unread));
        }
        if mailboxes.0.len() < 2 {
            mailboxes.0.clear();
        }
        let groups = counted(&self.mailbox).await;
        let unread = all.iter().filter(|message| message.is_unread).count() as u64;
        assert_eq!((groups.total, groups.unread), (all.len() as u64, unread));
        recipients.check(&groups.recipients);
        domains.check(&groups.domains);
        logins.check(&groups.logins);
        tags.check(&groups.tags);
        mailboxes.check(&groups.mailboxes);
        folders.check(&groups.folders);
    }
}

/// Messages and unread ones by name.
#[derive(Default)]
struct Counts(BTreeMap<String, (u64, u64)>);

impl Counts {
    fn add(&mut self, name: String, unread: u64) {
        let (all, all_unread) = self.0.entry(name).or_default();
        *all += 1;
        *all_unread += unread;
    }

    fn check(self, groups: &[Group]) {
        let mut expected: Vec<_> = self.0.into_iter().map(|(name, counts)| (counts, name)).collect();
        expected.sort_by(|((a, _), _), ((b, _), _)| b.cmp(a));
        let found: Vec<_> =
            groups.iter().map(|group| ((group.total, group.unread), group.name.clone())).collect();
        assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_of_groups_are_exact_after_any_changes(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new();
            for step in steps {
                run.take(step).await;
                run.check().await;
            }
            run.mailbox.close();
        });
    }
}
