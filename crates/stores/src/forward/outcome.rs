//! One answer for our client, of the answers for each recipient.
//!
//! # Why
//!
//! A next hop that speaks LMTP answers for each recipient, and a client that speaks SMTP hears one answer. With 250 the
//! client forgets the message; with a permanent refusal it tells the sender that nobody has it; with a temporary refusal it
//! sends the message once more, to all. So 250 is said where nothing is left to try, and what was refused permanently is
//! kept.

use mailchute::{Receipt, Refusal, Verdict};

use super::transfer::Answer;

/// The fate of a message with several recipients.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All have it.
    Accepted(Receipt),
    /// Nobody has it.
    Refused(Refusal),
    /// Some have it, and others may have it later: those at these places have it.
    PutOff(Refusal, Vec<usize>),
    /// Some have it, and those at these places never will.
    Undelivered(Receipt, Vec<usize>),
}

impl Outcome {
    /// Decides by the answers for all recipients, by their places. Without any, the message is put off.
    pub(super) fn of(answers: &[Answer]) -> Self {
        let refusal = Verdict::for_all(answers.iter().map(|answer| match answer {
            Ok(_) => Ok(Verdict::Accept),
            Err(refusal) => Err(refusal.clone()),
        }));
        let accepted = answers.iter().find_map(|answer| answer.as_ref().ok());
        let places = |is_wanted: fn(&Answer) -> bool| {
            let places = answers.iter().enumerate().filter(|(_, answer)| is_wanted(answer));
            places.map(|(place, _)| place).collect()
        };
        match (accepted, refusal) {
            (Some(receipt), Ok(_)) => Self::Accepted(receipt.clone()),
            (Some(receipt), Err(refusal)) if refusal.code().get() >= 500 => {
                Self::Undelivered(receipt.clone(), places(Result::is_err))
            }
            (Some(_), Err(refusal)) => Self::PutOff(refusal, places(Result::is_ok)),
            (None, Err(refusal)) => Self::Refused(refusal),
            (None, Ok(_)) => Self::Refused(Refusal::internal("there is no recipient")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Receipt {
        Receipt::new("Saved")
    }

    fn refusal(code: u16) -> Refusal {
        Refusal::from_static(
            if code == 452 { 452 } else { 550 },
            (if code == 452 { 4 } else { 5 }, 2, 2),
            "No",
        )
    }

    /// The outcome of answers of 250, 452 and 550.
    fn outcome(codes: &[u16]) -> Outcome {
        let answer = |&code: &u16| if code == 250 { Ok(saved()) } else { Err(refusal(code)) };
        Outcome::of(&codes.iter().map(answer).collect::<Vec<_>>())
    }

    #[test]
    fn all_accepted_is_250_and_all_refused_is_that_refusal() {
        assert_eq!(outcome(&[250, 250]), Outcome::Accepted(saved()));
        assert_eq!(outcome(&[550, 550]), Outcome::Refused(refusal(550)));
        assert_eq!(outcome(&[452]), Outcome::Refused(refusal(452)));
        assert_eq!(outcome(&[550, 452]), Outcome::Refused(refusal(452)), "the retry tells the rest");
    }

    #[test]
    fn mixed_for_now_is_put_off_and_says_who_has_it() {
        assert_eq!(outcome(&[250, 452, 250]), Outcome::PutOff(refusal(452), vec![0, 2]));
        assert_eq!(outcome(&[550, 250, 452]), Outcome::PutOff(refusal(452), vec![1]));
    }

    #[test]
    fn mixed_for_good_is_accepted_and_says_who_has_it_not() {
        assert_eq!(outcome(&[250, 550, 250]), Outcome::Undelivered(saved(), vec![1]));
    }

    #[test]
    fn no_answer_at_all_is_a_refusal_for_now() {
        let Outcome::Refused(refusal) = outcome(&[]) else { panic!("it was not refused") };
        assert_eq!(refusal.code().get(), 451);
    }
}
