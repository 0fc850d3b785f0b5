//! Answers that still hold.
//!
//! # Why
//!
//! The bound is in bytes, as the senders of mail choose how long an answer is. Answers stand in two generations. When
//! the young one is full, it becomes the old one, and the old one is dropped. An answer that is used moves to the young
//! one. So an insertion never searches, and no clock or list is needed to find what is least used.

use std::collections::HashMap;
use std::mem::{size_of, take};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;

use super::answer::Value;

/// A question: a name in lower case, and a type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    name: Box<str>,
    kind: RecordType,
}

impl Question {
    pub(super) fn new(name: &str, kind: RecordType) -> Self {
        Self { name: name.to_ascii_lowercase().into_boxed_str(), kind }
    }
}

struct Entry {
    values: Arc<[Value]>,
    until: Instant,
    size: usize,
}

/// Answers, as long as they hold and have room.
pub(super) struct Cache {
    young: HashMap<Question, Entry>,
    young_size: usize,
    old: HashMap<Question, Entry>,
    max_generation: usize,
}

impl Cache {
    pub(super) fn new(max_size: usize) -> Self {
        Self { young: HashMap::new(), young_size: 0, old: HashMap::new(), max_generation: max_size / 2 }
    }

    pub(super) fn get(&mut self, question: &Question, now: Instant) -> Option<Arc<[Value]>> {
        if let Some((question, entry)) = self.old.remove_entry(question) {
            self.add(question, entry);
        }
        let entry = self.young.get(question).filter(|entry| now < entry.until)?;
        Some(Arc::clone(&entry.values))
    }

    pub(super) fn insert(&mut self, question: Question, values: Arc<[Value]>, ttl: Duration, now: Instant) {
        let until = now + ttl;
        let size = size_of::<(Question, Entry)>()
            + question.name.len()
            + values.iter().map(Value::size).sum::<usize>();
        if until > now && size <= self.max_generation {
            self.old.remove(&question);
            self.add(question, Entry { values, until, size });
        }
    }

    fn add(&mut self, question: Question, entry: Entry) {
        if self.young_size + entry.size > self.max_generation {
            self.old = take(&mut self.young);
            self.young_size = 0;
        }
        self.young_size += entry.size;
        if let Some(before) = self.young.insert(question, entry) {
            self.young_size -= before.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(n: usize) -> Question {
        Question::new(&format!("N{n}.example"), RecordType::TXT)
    }

    fn text(bytes: usize) -> Arc<[Value]> {
        Arc::new([Value::Txt(vec![b'x'; bytes])])
    }

    #[test]
    fn an_answer_holds_until_its_time_is_over() {
        let (mut cache, now) = (Cache::new(10_000), Instant::now());
        cache.insert(question(1), text(1), Duration::from_secs(60), now);
        assert!(cache.get(&question(1), now + Duration::from_secs(59)).is_some());
        assert!(cache.get(&question(1), now + Duration::from_secs(60)).is_none());
        cache.insert(question(1), text(2), Duration::from_secs(60), now + Duration::from_secs(60));
        let found = cache.get(&question(1), now + Duration::from_secs(61)).expect("the new answer");
        assert_eq!(*found, *text(2));
    }

    #[test]
    fn an_answer_for_no_time_is_not_kept() {
        let (mut cache, now) = (Cache::new(10_000), Instant::now());
        cache.insert(question(1), text(1), Duration::ZERO, now);
        assert!(cache.get(&question(1), now).is_none());
        assert_eq!(cache.young_size, 0);
    }

    #[test]
    fn names_are_the_same_in_any_case() {
        let (mut cache, now) = (Cache::new(10_000), Instant::now());
        cache.insert(question(1), text(1), Duration::from_secs(60), now);
        assert!(cache.get(&Question::new("n1.EXAMPLE", RecordType::TXT), now).is_some());
        assert!(cache.get(&Question::new("n1.example", RecordType::A), now).is_none());
    }

    #[test]
    fn the_size_stays_within_its_bound_and_used_answers_stay() {
        let (mut cache, now) = (Cache::new(10_000), Instant::now());
        for n in 0..1000 {
            cache.insert(question(n), text(n % 500), Duration::from_secs(60), now);
            assert!(cache.get(&question(0), now).is_some(), "{n}");
            let size_of =
                |entries: &HashMap<_, Entry>| entries.values().map(|entry| entry.size).sum::<usize>();
            assert_eq!(cache.young_size, size_of(&cache.young));
            assert!(size_of(&cache.young) + size_of(&cache.old) <= 10_000);
        }
        assert!(cache.get(&question(500), now).is_none());
        assert!(cache.get(&question(999), now).is_some());
    }

    #[test]
    fn an_answer_that_is_too_large_is_not_kept() {
        let (mut cache, now) = (Cache::new(10_000), Instant::now());
        cache.insert(question(1), text(1), Duration::from_secs(60), now);
        cache.insert(question(2), text(5000), Duration::from_secs(60), now);
        assert!(cache.get(&question(2), now).is_none());
        assert!(cache.get(&question(1), now).is_some());
    }
}
