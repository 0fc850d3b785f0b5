//! The recipients of a message whose mail goes to one Maildir.

use std::collections::{HashMap, HashSet};

use mailchute::Refusal;

use super::place::Place;
use crate::destination::Destinations;

pub(super) struct Group {
    /// The path of the Maildir.
    pub(super) path: String,
    /// The places of the recipients in the envelope.
    pub(super) places: Vec<usize>,
    /// Those of them that `Delivered-To:` names: each destination once, however it was written.
    pub(super) named: Vec<usize>,
}

impl Group {
    /// Returns the groups of recipients, each of whom has one destination.
    ///
    /// # Errors
    /// A refusal if one has none, since it would not get the message.
    pub(super) fn all(place: &Place, destinations: &[Destinations]) -> Result<Vec<Self>, Refusal> {
        let mut groups: Vec<Self> = Vec::new();
        let (mut numbers, mut known) = (HashMap::new(), HashSet::new());
        for (at, destination) in destinations.iter().enumerate() {
            let destination =
                destination.first().ok_or_else(|| Refusal::internal("a recipient goes nowhere"))?;
            let path = place.of(destination);
            let number = *numbers.entry(path.clone()).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Self { path, places: Vec::new(), named: Vec::new() });
            }
            let group = &mut groups[number];
            group.places.push(at);
            if known.insert((destination.user(), destination.domain(), destination.detail())) {
                group.named.push(at);
            }
        }
        Ok(groups)
    }
}
