//! Messages that trusted sealers vouch for (RFC 8617 §7.2.1).

use crate::arc::{ArcOutcome, ArcResult};
use crate::name::is_within;
use crate::results::dmarc_result;

/// Returns the last sealer, if all of the chain are trusted and the oldest says that DMARC of this author passed. Without a
/// result of DMARC, nobody says that the author was authenticated before the chain began.
pub(super) fn voucher<'a>(arc: &'a ArcOutcome, author: &str, trusted: &[String]) -> Option<&'a str> {
    let is_trusted = |sealer: &str| trusted.iter().any(|domain| is_within(sealer, domain));
    // Nobody vouches for the part of a body that is not signed, or for an author that is not.
    let is_whole = arc.result == ArcResult::Pass && arc.unsigned_bytes == 0 && arc.signs_from;
    if !is_whole || !arc.sets.iter().all(|set| is_trusted(&set.domain)) {
        return None;
    }
    let (oldest, last) = (arc.sets.first()?, arc.sets.last()?);
    let (result, of) = dmarc_result(&oldest.results)?;
    let is_good = result == "pass" && of.is_none_or(|of| of.eq_ignore_ascii_case(author));
    is_good.then_some(last.domain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arc::ArcSet;

    fn chain(sets: &[(&str, &str)]) -> ArcOutcome {
        let sets = sets.iter().zip(1..).map(|((domain, results), instance)| ArcSet {
            instance,
            domain: (*domain).to_owned(),
            selector: "s".to_owned(),
            results: (*results).to_owned(),
        });
        let sets = sets.collect();
        ArcOutcome { result: ArcResult::Pass, sets, unsigned_bytes: 0, signs_from: true, problem: None }
    }

    #[test]
    fn trusted_sealers_vouch_unless_dmarc_did_not_pass() {
        let trusted = ["list.example".to_owned(), "forward.example".to_owned()];
        let pass = "x; spf=pass; dmarc=pass header.from=bank.example";
        for (sets, expected) in [
            (&[("list.example", pass)][..], Some("list.example")),
            (&[("a.LIST.example", "x; dmarc=pass")], Some("a.LIST.example")),
            (&[("list.example", "x; spf=pass; dkim=pass header.d=bank.example")], None),
            (&[("list.example", pass), ("forward.example", "x; dmarc=fail")], Some("forward.example")),
            (&[("list.example", "x; dmarc=fail header.from=bank.example")], None),
            (&[("list.example", "x; dmarc=permerror")], None),
            (&[("list.example", "x; dmarc=none")], None),
            (&[("list.example", "x; dmarc=pass header.from=other.example")], None),
            (&[("other.example", pass)], None),
            (&[("other.example", pass), ("list.example", pass)], None),
            (&[("list.example", pass), ("other.example", pass)], None),
            (&[("badlist.example", pass)], None),
            (&[], None),
        ] {
            assert_eq!(voucher(&chain(sets), "bank.example", &trusted), expected, "{sets:?}");
        }
    }

    #[test]
    fn a_chain_that_does_not_pass_as_a_whole_vouches_for_nothing() {
        let trusted = ["list.example".to_owned()];
        for result in [ArcResult::None, ArcResult::Fail] {
            let arc = ArcOutcome { result, ..chain(&[("list.example", "x; dmarc=pass")]) };
            assert_eq!(voucher(&arc, "bank.example", &trusted), None);
        }
        let arc = ArcOutcome { unsigned_bytes: 1, ..chain(&[("list.example", "x; dmarc=pass")]) };
        assert_eq!(voucher(&arc, "bank.example", &trusted), None);
        let arc = ArcOutcome { signs_from: false, ..chain(&[("list.example", "x; dmarc=pass")]) };
        assert_eq!(voucher(&arc, "bank.example", &trusted), None);
        assert_eq!(voucher(&chain(&[("list.example", "x; dmarc=pass")]), "bank.example", &[]), None);
    }
}
