//! Decoys: which line of the password file each unknown user looks like.
//!
//! # Why
//!
//! The decoys come from the random seeds in the password file, so a restart changes nothing. They also decide how long
//! a check takes. The verifiers cannot serve as that secret: an attacker could try a guessed password on the salts of
//! unknown users, and the server would not notice.

use crate::users::seed::Seed;
use crate::users::verifier::{Class, Verifier};

/// The classes of verifiers in a password file. Each unknown user looks like one of its lines.
///
/// A login takes two hashes and one lookup of the class, however long the file is. With one hash a line, 50,000 users
/// took 16 ms of a shared thread.
#[derive(Debug)]
pub(crate) struct Decoys {
    /// In the order of the classes, not of the lines. So moving a line changes no decoy.
    kinds: Vec<Kind>,
    /// The seeds of the lines, up to [`MOST_SEEDS`]; at least one.
    seeds: Vec<Seed>,
}

/// The lines of one class.
#[derive(Debug)]
struct Kind {
    class: Class,
    /// One of the lines, for its parameters.
    line: usize,
    lines: u64,
}

/// The lines that an unknown user looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoy {
    /// A line whose password takes as long to check.
    pub(crate) line: usize,
    /// A line whose SCRAM parameters are shown, if any line has them. It is the same line if that one has them.
    pub(crate) scram: Option<usize>,
    /// The seed of the salt.
    pub(crate) seed: Seed,
}

/// With several seeds, one line can be removed and most unknown users keep their salts.
const MOST_SEEDS: usize = 16;

impl Decoys {
    /// Makes the decoys of these lines. `made` is used if no line has a seed.
    pub(crate) fn of<'v>(
        verifiers: impl Iterator<Item = &'v Verifier>,
        seeds: impl Iterator<Item = Seed>,
        made: impl FnOnce() -> Result<Seed, String>,
    ) -> Result<Self, String> {
        let mut classes: Vec<(Class, usize)> =
            verifiers.enumerate().map(|(line, verifier)| (verifier.class(), line)).collect();
        classes.sort_unstable();
        let same = classes.chunk_by(|(one, _), (other, _)| one == other);
        let kinds = same.filter_map(|same| {
            let &(class, line) = same.first()?;
            Some(Kind { class, line, lines: same.len() as u64 })
        });
        let kinds = kinds.collect();
        let mut seeds: Vec<Seed> = seeds.take(MOST_SEEDS).collect();
        if seeds.is_empty() {
            seeds.push(made()?);
        }
        Ok(Self { kinds, seeds })
    }

    /// The first seed, or the only one if the file has none.
    pub(crate) fn seed(&self) -> Option<Seed> {
        self.seeds.first().copied()
    }

    /// Chooses the decoy, always the same for the same prepared name. The shares are those of the classes.
    pub(crate) fn of_name(&self, prepared: &str) -> Option<Decoy> {
        let seed = *self.seeds.iter().max_by_key(|seed| seed.weight(prepared))?;
        let (first, second) = seed.draws(prepared);
        let kind = self.share(first, |_| true)?;
        let scram = if kind.class.is_scram() { Some(kind) } else { self.share(second, Class::is_scram) };
        Some(Decoy { line: kind.line, scram: scram.map(|kind| kind.line), seed })
    }

    /// Returns the class at this position, of 2^64, among the lines of those classes. One line more or less moves each
    /// border between two classes by at most the share of a line.
    fn share(&self, place: u64, counts: impl Fn(&Class) -> bool) -> Option<&Kind> {
        let kinds = || self.kinds.iter().filter(|kind| counts(&kind.class));
        let lines: u64 = kinds().map(|kind| kind.lines).sum();
        let mut place = (u128::from(place) * u128::from(lines)) >> 64;
        kinds().find(|kind| {
            let is_here = place < u128::from(kind.lines);
            place = place.saturating_sub(kind.lines.into());
            is_here
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAM: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                         wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    const ARGON: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$\
                         aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

    fn scram(iterations: u32) -> Verifier {
        SCRAM.replace("4096", &iterations.to_string()).parse().unwrap()
    }

    fn seed(byte: u8) -> Seed {
        format!("{byte:02x}").repeat(16).parse().unwrap()
    }

    fn decoys(verifiers: &[Verifier], seeds: &[Seed]) -> Decoys {
        Decoys::of(verifiers.iter(), seeds.iter().copied(), || unreachable!()).unwrap()
    }

    fn unknown_users() -> impl Iterator<Item = String> {
        (0..1_000).map(|number| format!("unknown{number}"))
    }

    /// Counts which of a thousand unknown users look different in the other file.
    fn moved(one: &Decoys, other: &Decoys) -> usize {
        unknown_users().filter(|name| one.of_name(name) != other.of_name(name)).count()
    }

    #[test]
    fn the_cost_of_a_login_does_not_grow_with_the_file() {
        let verifiers: Vec<Verifier> = (0..50_000).map(|line| scram(4_096 + line % 2)).collect();
        let seeds: Vec<Seed> = (0..200).map(seed).collect();
        let decoys = decoys(&verifiers, &seeds);
        assert_eq!((decoys.kinds.len(), decoys.seeds.len()), (2, MOST_SEEDS));
    }

    #[test]
    fn unknown_users_follow_the_share_of_each_class() {
        let verifiers = [scram(4_096), scram(100_000), ARGON.parse().unwrap(), scram(4_096)];
        let decoys = decoys(&verifiers, &[seed(7)]);
        let mut lines = [0; 4];
        let mut shown = [0; 4];
        for name in unknown_users() {
            let like = decoys.of_name(&name).unwrap();
            lines[like.line] += 1;
            shown[like.scram.unwrap()] += 1;
            assert!(like.line == 2 || like.scram == Some(like.line), "{name} has two faces");
        }
        assert!(lines[0] > 400 && lines[1] > 150 && lines[2] > 150 && lines[3] == 0, "{lines:?}");
        assert!(shown[0] > 550 && shown[1] > 200 && shown[2..] == [0, 0], "{shown:?}");
    }

    #[test]
    fn adding_or_removing_a_line_changes_few_unknown_users() {
        let verifiers: Vec<Verifier> = (0..100).map(|line| scram(4_096 + line % 2)).collect();
        let all = decoys(&verifiers, &[seed(1)]);
        assert!(moved(&all, &decoys(&verifiers[..99], &[seed(1)])) < 20);
        // The lines differ; the classes and the seed are the same.
        let turned: Vec<Verifier> = verifiers.iter().rev().cloned().collect();
        let turned = decoys(&turned, &[seed(1)]);
        let class = |of: &Decoys, name: &str| {
            let line = of.of_name(name).unwrap().line;
            of.kinds.iter().find(|kind| kind.line == line).unwrap().class
        };
        assert!(unknown_users().all(|name| class(&all, &name) == class(&turned, &name)));
    }

    #[test]
    fn a_seed_that_goes_takes_those_along_who_have_theirs_from_it() {
        let seeds: Vec<Seed> = (0..10).map(seed).collect();
        let verifiers = [scram(4_096)];
        let moved = moved(&decoys(&verifiers, &seeds), &decoys(&verifiers, &seeds[1..]));
        assert!((50..200).contains(&moved), "one in ten of a thousand, not {moved}");
    }
}
