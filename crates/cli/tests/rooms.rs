//! Imports point down: from each directory of a crate only to those below it, and never in a circle of files.

mod imports;

use std::collections::BTreeMap;

use imports::{Sources, circle};

/// The rooms of a crate: the directories and files of its `src`.
struct Rooms {
    name: &'static str,
    /// From top to bottom. A file may import from below its own room.
    order: &'static [&'static str],
    /// Rooms whose files may import each other: they count as one file.
    as_one: &'static [&'static str],
}

const CRATES: [Rooms; 6] = [
    Rooms {
        name: "server",
        order: &[
            "testing",
            "limits",
            "server",
            "driver",
            "hooks",
            "explain",
            "events",
            "message",
            "connection",
            "session",
            "listen",
            "proxy",
            "tls",
            "net",
            "runtime",
        ],
        as_one: &[],
    },
    Rooms {
        name: "cli",
        order: &["commands", "process", "users", "options", "log", "text_file", "failure"],
        as_one: &[],
    },
    Rooms {
        name: "console",
        order: &[
            "console",
            "pages",
            "api",
            "mailpit",
            "metrics",
            "health",
            "guard",
            "found",
            "state",
            "chaos",
            "release",
            "vitals",
            "playground",
            "checks",
            "sessions",
            "mailbox",
            "mail",
            "problem",
            "quantity",
        ],
        as_one: &[],
    },
    Rooms {
        name: "filters",
        order: &[
            "authentication",
            "milter",
            "rspamd",
            "mta_hooks",
            "greylist",
            "limits",
            "dnsbl",
            "results",
            "dmarc",
            "arc",
            "dkim",
            "spf",
            "redis",
            "dns",
            "name",
            "scanner_edits",
            "http_client",
            "table",
            "key",
            "client",
            "filter_id",
            "retry",
            "bounds",
        ],
        as_one: &[],
    },
    Rooms {
        name: "stores",
        order: &[
            "deliver",
            "lookup_url",
            "http_users",
            "url",
            "all",
            "any",
            "nats",
            "webhook",
            "s3",
            "handover",
            "forward",
            "maildirs",
            "maildir",
            "discard",
            "router",
            "recipients",
            "secret",
            "template",
            "url_options",
            "group",
            "destination",
            "prepared",
            "unique",
            "seconds",
        ],
        as_one: &[],
    },
    Rooms {
        name: "proto",
        order: &[
            "explain",
            "machine",
            "body",
            "in_order",
            "phase",
            "offer",
            "next_hop",
            "client",
            "held",
            "question",
            "line",
            "verdict",
            "refusal",
            "usual",
            "facts",
            "edits",
            "command",
            "settings",
            "limits",
            "sasl",
            "reply",
            "envelope",
            "typed_state",
            "extension",
            "params",
            "address",
            "protocol",
            "characters",
        ],
        as_one: &["machine"],
    },
];

#[test]
fn every_import_points_down() {
    let mut wrong = Vec::new();
    for rooms in &CRATES {
        let sources = Sources::of(rooms.name);
        for (file, imports) in &sources.imports {
            let Some(from) = rooms.height(file) else { continue };
            for import in imports.iter().filter(|import| import.file != *file) {
                // The root of a crate is above all of it.
                if rooms.height(&import.file).is_none_or(|to| to < from) {
                    wrong.push(format!(
                        "crates/{}/src/{file} imports `{}`, which stands above its own room `{}`. Move what both need \
                         into a room below, or pass it as an argument. The order is {:?}.",
                        rooms.name,
                        import.path,
                        room(file),
                        rooms.order
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for rooms in &CRATES {
        let mut graph: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let sources = Sources::of(rooms.name);
        let node = |file| if rooms.as_one.contains(&room(file)) { room(file) } else { file };
        for (file, imports) in &sources.imports {
            let to = imports.iter().map(|import| node(&import.file)).filter(|to| *to != node(file));
            graph.entry(node(file)).or_default().extend(to);
        }
        let circle = circle(&graph);
        assert!(
            circle.is_empty(),
            "crates/{}/src: these files import each other in a circle: {}. Move what they share into its own file.",
            rooms.name,
            circle.join(" -> ")
        );
    }
}

#[test]
fn every_room_has_its_place_in_the_order() {
    for rooms in &CRATES {
        let sources = Sources::of(rooms.name);
        for file in sources.imports.keys().filter(|file| !is_root(file)) {
            assert!(
                rooms.order.contains(&room(file)),
                "crates/{}/src/{file}: add `{}` to the order in crates/cli/tests/rooms.rs",
                rooms.name,
                room(file)
            );
        }
        for name in rooms.order {
            assert!(
                sources.imports.keys().any(|file| room(file) == *name),
                "crates/{}/src has no room `{name}`: remove it from the order in crates/cli/tests/rooms.rs",
                rooms.name
            );
        }
    }
}

#[test]
fn architecture_md_lists_the_rooms_in_their_order() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md")).unwrap();
    for rooms in &CRATES {
        let heading = format!("\n### `crates/{}`\n", rooms.name);
        let section =
            page.split_once(&heading).unwrap_or_else(|| panic!("ARCHITECTURE.md lacks {heading}")).1;
        let section = section.split("\n#").next().unwrap();
        let listed: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
            .flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`')))
            .collect();
        assert_eq!(listed, rooms.order, "ARCHITECTURE.md, {}: list the rooms in this order", heading.trim());
    }
}

#[test]
fn finds_imports_and_circles() {
    let sources = Sources::of("cli");
    let of_serve: Vec<_> = sources.imports["commands/serve.rs"].iter().map(|import| &*import.file).collect();
    for file in ["failure.rs", "log/mod.rs", "options/args.rs", "process/sandbox/mod.rs"] {
        assert!(of_serve.contains(&file), "{file} is not in {of_serve:?}");
    }
    let level = &sources.imports["options/args.rs"];
    assert!(
        level.iter().any(|import| import.file == "log/level.rs"),
        "re-exports lead to their file: {level:?}"
    );
    let graph = [("a", vec!["b", "d"]), ("b", vec!["c"]), ("c", vec!["b"]), ("d", vec![])];
    assert_eq!(circle(&graph.into()), ["b", "c", "b"]);
    assert!(circle(&[("a", vec!["b"]), ("b", vec![])].into()).is_empty());
}

impl Rooms {
    /// The position of a file's room from the top.
    fn height(&self, file: &str) -> Option<usize> {
        self.order.iter().position(|name| *name == room(file))
    }
}

/// The first directory of a path, or a file without its extension.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

fn is_root(file: &str) -> bool {
    file == "lib.rs" || file == "main.rs"
}
