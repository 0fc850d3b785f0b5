//! The fate of each recipient of a message after a try.

use std::time::Duration;

use mailchute::{Receipt, Refusal};

use crate::forward::transfer::Answer;

/// The recipients of a message after a try, by their places.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fate {
    /// They have it.
    pub(super) delivered: Vec<(usize, Receipt)>,
    /// They may have it later.
    pub(super) later: Vec<(usize, Refusal)>,
    /// They never get it.
    pub(super) dead: Vec<(usize, Refusal)>,
}

impl Fate {
    /// Decides by the answers. After the last try nobody may have it later.
    pub(super) fn of(answers: Vec<Answer>, is_last_try: bool) -> Self {
        let mut fate = Self::default();
        for (place, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(receipt) => fate.delivered.push((place, receipt)),
                Err(refusal) if is_last_try || refusal.code().get() >= 500 => {
                    fate.dead.push((place, refusal));
                }
                Err(refusal) => fate.later.push((place, refusal)),
            }
        }
        fate
    }

    /// Keeps it for those who never get it, as no stream takes their dead letter now. They wait with the others, apart from
    /// those who have it, who would get it again at each try.
    pub(super) fn keep_dead(&mut self) {
        self.later.append(&mut self.dead);
        self.later.sort_by_key(|(place, _)| *place);
    }

    /// Returns whether all recipients have it.
    pub(super) fn is_delivered(&self) -> bool {
        self.later.is_empty() && self.dead.is_empty()
    }

    /// Returns whether all recipients may have it later, so that the message stays as it is.
    pub(super) fn is_put_off(&self) -> bool {
        self.delivered.is_empty() && self.dead.is_empty()
    }
}

/// The waits between tries: the last one recurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backoff(pub(super) Vec<Duration>);

impl Backoff {
    /// Returns the wait after so many tries.
    pub(super) fn after(&self, tries: u32) -> Duration {
        let number = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1);
        self.0.get(number).or(self.0.last()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(codes: &[u16]) -> Vec<Answer> {
        let answer = |&code: &u16| match code {
            250 => Ok(Receipt::new("Kept")),
            code => Err(Refusal::new(code, (u8::try_from(code / 100).expect("a class"), 0, 0), "No")),
        };
        codes.iter().map(answer).collect()
    }

    fn places<T>(of: &[(usize, T)]) -> Vec<usize> {
        of.iter().map(|(place, _)| *place).collect()
    }

    #[test]
    fn each_recipient_has_a_fate_of_its_own() {
        let fate = Fate::of(answers(&[250, 451, 550, 250, 452]), false);
        assert_eq!(
            (places(&fate.delivered), places(&fate.later), places(&fate.dead)),
            (vec![0, 3], vec![1, 4], vec![2])
        );
        assert!(!fate.is_put_off());
        assert!(Fate::of(answers(&[451, 452]), false).is_put_off());
    }

    #[test]
    fn after_the_last_try_nobody_has_it_later() {
        let fate = Fate::of(answers(&[250, 451, 550]), true);
        assert_eq!(
            (places(&fate.delivered), places(&fate.later), places(&fate.dead)),
            (vec![0], vec![], vec![1, 2])
        );
    }

    #[test]
    fn without_a_dead_letter_its_recipient_waits_alone() {
        let mut fate = Fate::of(answers(&[250, 550, 451]), false);
        fate.keep_dead();
        assert_eq!(
            (places(&fate.delivered), places(&fate.later), places(&fate.dead)),
            (vec![0], vec![1, 2], vec![])
        );
        assert!(!fate.is_put_off());
        let mut none_has_it = Fate::of(answers(&[550, 451]), false);
        none_has_it.keep_dead();
        assert!(none_has_it.is_put_off());
    }

    #[test]
    fn the_last_wait_recurs() {
        let backoff = Backoff([5, 30, 120].map(Duration::from_secs).to_vec());
        let waits: Vec<_> = [0, 1, 2, 3, 4, u32::MAX].map(|tries| backoff.after(tries).as_secs()).to_vec();
        assert_eq!(waits, [5, 5, 30, 120, 120, 120]);
    }
}
