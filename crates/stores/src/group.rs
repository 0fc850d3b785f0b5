//! The recipients of a message whose copies go to the same place.

use std::collections::{HashMap, HashSet};

use mailchute::Refusal;

use crate::destination::{Destination, Destinations};

pub(crate) struct Group {
    /// The path or URL of the place.
    pub(crate) path: String,
    /// The places of the recipients in the envelope.
    pub(crate) places: Vec<usize>,
    /// Those of them that `Delivered-To:` names: each destination once, however it was written.
    pub(crate) named: Vec<usize>,
}

impl Group {
    /// Returns the groups of recipients, each of whom has one destination.
    ///
    /// # Errors
    /// A refusal if one has none, since it would not get the message.
    pub(crate) fn all(
        destinations: &[Destinations],
        place_of: impl Fn(&Destination) -> String,
    ) -> Result<Vec<Self>, Refusal> {
        let mut groups: Vec<Self> = Vec::new();
        let (mut numbers, mut known) = (HashMap::new(), HashSet::new());
        for (at, destination) in destinations.iter().enumerate() {
            let destination =
                destination.first().ok_or_else(|| Refusal::internal("a recipient goes nowhere"))?;
            let path = place_of(destination);
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
