//! A queue that is fair by client.
//!
//! # Why
//!
//! Each client gets one check in turn. So a client that guesses on many connections delays another by one check only.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Items by owner; the owners take turns.
#[derive(Debug)]
pub(crate) struct FairQueue<Owner, Thing> {
    /// The owners that have items.
    turns: VecDeque<Owner>,
    /// The items of each owner that has some.
    waiting: HashMap<Owner, VecDeque<Thing>>,
}

impl<Owner: Copy + Eq + Hash, Thing> FairQueue<Owner, Thing> {
    pub(crate) fn new() -> Self {
        Self { turns: VecDeque::new(), waiting: HashMap::new() }
    }

    pub(crate) fn push(&mut self, owner: Owner, thing: Thing) {
        let theirs = self.waiting.entry(owner).or_default();
        if theirs.is_empty() {
            self.turns.push_back(owner);
        }
        theirs.push_back(thing);
    }

    /// Returns the next wanted item. Unwanted ones before it are dropped, and use no turn.
    pub(crate) fn pop(&mut self, is_wanted: impl Fn(&Thing) -> bool) -> Option<Thing> {
        while let Some(owner) = self.turns.pop_front() {
            let Some(theirs) = self.waiting.get_mut(&owner) else { continue };
            theirs.retain(&is_wanted);
            let thing = theirs.pop_front();
            if theirs.is_empty() {
                self.waiting.remove(&owner);
            } else {
                self.turns.push_back(owner);
            }
            if thing.is_some() {
                return thing;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(mut queue: FairQueue<char, u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(|_| true)).collect()
    }

    #[test]
    fn an_item_waits_for_one_item_of_each_other_owner() {
        let mut queue = FairQueue::new();
        for guess in 0..1000 {
            queue.push(if guess % 2 == 0 { 'm' } else { 'n' }, guess);
        }
        queue.push('a', 5000);
        assert_eq!(all_of(queue).iter().position(|&thing| thing == 5000), Some(2));
    }

    #[test]
    fn things_of_one_owner_come_in_their_order_and_none_is_lost() {
        let mut queue = FairQueue::new();
        for (owner, thing) in [('a', 1), ('b', 10), ('a', 2), ('a', 3), ('b', 11)] {
            queue.push(owner, thing);
        }
        assert_eq!(queue.pop(|_| true), Some(1));
        queue.push('c', 20);
        assert_eq!(all_of(queue), [10, 2, 20, 11, 3]);
    }

    #[test]
    fn drops_abandoned_items_without_delaying_others() {
        let mut queue = FairQueue::new();
        for thing in 0..1000 {
            queue.push('m', thing);
        }
        queue.push('a', 5000);
        assert_eq!(queue.pop(|&thing| thing >= 1000), Some(5000));
        assert!(queue.waiting.is_empty() && queue.turns.is_empty());
    }

    #[test]
    fn nothing_is_kept_of_those_whose_things_are_all_taken() {
        let mut queue = FairQueue::new();
        for owner in 0..1000 {
            queue.push(owner, owner);
            queue.pop(|_| true);
        }
        assert!(queue.waiting.is_empty() && queue.turns.is_empty());
        assert_eq!(queue.pop(|_| true), None);
    }
}
