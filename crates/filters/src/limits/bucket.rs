//! Token buckets.
//!
//! # Why
//!
//! A bucket counts what was taken in parts of a token, so that no division is needed to drain it: each millisecond gives
//! back as many parts as the rate has tokens, and a token has as many parts as the rate has milliseconds. All numbers are
//! whole and stay below 2^53. So the script for Redis, whose numbers are floating-point, decides the same.

use super::rate::Rate;

/// A bucket: how much was taken from it, and when that was true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Parts of tokens that are missing.
    taken: u64,
    /// In milliseconds.
    at: u64,
}

/// How many tokens are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Tokens for what has happened before. They are taken as far as the bucket has them.
    pub(super) debt: u32,
    /// Tokens for what is asked about. They are taken if the bucket has them all.
    pub(super) tokens: u32,
}

/// The time in milliseconds until a bucket has the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Over(pub(super) u64);

impl Bucket {
    /// Returns the missing parts at a time. Time that goes back counts as no time.
    pub(super) fn taken(&self, rate: Rate, now: u64) -> u64 {
        let given_back = now.saturating_sub(self.at).saturating_mul(rate.number().into());
        self.taken.saturating_sub(given_back)
    }

    /// Takes tokens.
    ///
    /// # Errors
    /// The bucket has too few. The debt is taken.
    pub(super) fn take(&mut self, rate: Rate, cost: Cost, now: u64) -> Result<(), Over> {
        let (number, token) = (u64::from(rate.number()), rate.millis());
        let capacity = number * token;
        let debt = u64::from(cost.debt).min(number) * token;
        let tokens = u64::from(cost.tokens).min(number) * token;
        let taken = capacity.min(self.taken(rate, now) + debt);
        let excess = (taken + tokens).saturating_sub(capacity);
        self.at = self.at.max(now);
        if excess > 0 {
            self.taken = taken;
            return Err(Over(excess.div_ceil(number)));
        }
        self.taken = taken + tokens;
        Ok(())
    }

    /// Gives tokens back that were just taken.
    pub(super) fn give_back(&mut self, rate: Rate, tokens: u32) {
        let tokens = u64::from(tokens.min(rate.number())) * rate.millis();
        self.taken = self.taken.saturating_sub(tokens);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A bucket that is filled token by token, as a textbook does it: in exact fractions, each with the rate's time in
    /// milliseconds as its denominator.
    struct Textbook {
        tokens: u128,
        last: u64,
    }

    impl Textbook {
        fn take(&mut self, rate: Rate, cost: Cost, now: u64) -> bool {
            let scale = u128::from(rate.millis());
            let full = u128::from(rate.number()) * scale;
            for _ in self.last..now {
                self.tokens = full.min(self.tokens + u128::from(rate.number()));
            }
            self.last = now;
            self.tokens = self.tokens.saturating_sub(u128::from(cost.debt) * scale);
            let wanted = u128::from(cost.tokens.min(rate.number())) * scale;
            let has_them = wanted <= self.tokens;
            if has_them {
                self.tokens -= wanted;
            }
            has_them
        }
    }

    fn costs() -> impl Strategy<Value = Vec<(u64, Cost)>> {
        let cost = (0..4_u32, 0..4_u32).prop_map(|(debt, tokens)| Cost { debt, tokens });
        prop::collection::vec((prop_oneof![0..3_u64, 0..3000_u64], cost), 1..60)
    }

    proptest! {
        #[test]
        fn a_bucket_decides_as_the_textbook_does(number in 1..8_u32, seconds in 1..5_u64, costs in costs()) {
            let rate = Rate::new(number, std::time::Duration::from_secs(seconds)).expect("a rate");
            let (mut bucket, mut now) = (Bucket::default(), 0);
            let mut textbook = Textbook { tokens: u128::from(number) * u128::from(rate.millis()), last: 0 };
            for (later, cost) in costs {
                now += later;
                let before = bucket;
                let outcome = bucket.take(rate, cost, now);
                prop_assert_eq!(outcome.is_ok(), textbook.take(rate, cost, now));
                if let Err(Over(wait)) = outcome {
                    // It is told the first millisecond at which the tokens are there.
                    let tokens = Cost { debt: 0, ..cost };
                    prop_assert!(bucket.clone().take(rate, tokens, now + wait).is_ok());
                    prop_assert!(bucket.clone().take(rate, tokens, now + wait - 1).is_err());
                } else {
                    bucket.give_back(rate, cost.tokens);
                    let mut debt_only = before;
                    prop_assert_eq!(debt_only.take(rate, Cost { tokens: 0, ..cost }, now), Ok(()));
                    prop_assert_eq!(bucket, debt_only);
                    prop_assert_eq!(bucket.take(rate, Cost { debt: 0, ..cost }, now), Ok(()));
                }
            }
        }
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let rate = "30/1m".parse().expect("a rate");
        let one = Cost { debt: 0, tokens: 1 };
        let mut bucket = Bucket::default();
        assert!((0..30).all(|_| bucket.take(rate, one, 5).is_ok()));
        assert_eq!(bucket.take(rate, one, 5), Err(Over(2000)));
        assert_eq!(bucket.take(rate, one, 2004), Err(Over(1)));
        assert_eq!(bucket.take(rate, one, 2005), Ok(()));
        assert_eq!(bucket.take(rate, one, 0), Err(Over(2000)));
    }

    #[test]
    fn the_largest_numbers_stay_exact_in_floating_point() {
        let rate: Rate = "1000000/30d".parse().expect("a rate");
        let most = u64::from(rate.number()) * rate.millis();
        assert!(2 * most < 1 << 53);
        let mut bucket = Bucket::default();
        let all = Cost { debt: u32::MAX, tokens: u32::MAX };
        assert_eq!(bucket.take(rate, all, u64::MAX), Err(Over(rate.millis())));
        assert_eq!(bucket.take(rate, Cost::default(), u64::MAX), Ok(()));
    }
}
