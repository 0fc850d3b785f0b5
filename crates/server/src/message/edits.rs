//! The edits that filters have asked for, in order.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailchute_proto::Envelope;

use super::field::{Field, FieldName};
use super::header::Header;
use super::new_body::NewBody;

/// The edits that apply to a reader that begins now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edits {
    fields: Vec<FieldEdit>,
    pub(crate) body: Option<NewBody>,
    /// Whether the client's fields may be removed or replaced.
    change_received: bool,
}

#[derive(Clone)]
pub(crate) enum FieldEdit {
    AddAboveTrace(Field),
    AddBelowTrace(Field),
    Insert { position: usize, field: Field },
    InsertAsDelivered { position: usize, field: Field },
    Remove(Arc<Predicate>),
    RemoveOne { name: Box<str>, number: usize },
    Replace { number: usize, field: Field },
}

pub(crate) type Predicate = dyn Fn(FieldName<'_>, &str) -> bool + Send + Sync;

impl fmt::Debug for FieldEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddAboveTrace(field) => f.debug_tuple("AddAboveTrace").field(field).finish(),
            Self::AddBelowTrace(field) => f.debug_tuple("AddBelowTrace").field(field).finish(),
            Self::Insert { position, field } => f.debug_tuple("Insert").field(position).field(field).finish(),
            Self::InsertAsDelivered { position, field } => {
                f.debug_tuple("InsertAsDelivered").field(position).field(field).finish()
            }
            Self::Remove(_) => f.write_str("Remove(..)"),
            Self::RemoveOne { name, number } => f.debug_tuple("RemoveOne").field(name).field(number).finish(),
            Self::Replace { number, field } => f.debug_tuple("Replace").field(number).field(field).finish(),
        }
    }
}

/// The fields of a message in three parts. This server's `Received:` stands between the first two.
#[derive(Debug, Default)]
pub(crate) struct EditedHeader {
    pub(crate) above_trace: Vec<Field>,
    pub(crate) below_trace: Vec<Field>,
    pub(crate) received: Vec<ReceivedField>,
}

/// A field that the client sent, or that a filter has put among them.
#[derive(Debug)]
pub(crate) struct ReceivedField {
    pub(crate) field: Field,
    is_of_filter: bool,
}

impl Edits {
    pub(crate) fn push(&mut self, edit: FieldEdit) {
        self.change_received |= !matches!(edit, FieldEdit::AddAboveTrace(_) | FieldEdit::AddBelowTrace(_));
        self.fields.push(edit);
    }

    /// Returns whether the client's content stays as it is, below added fields.
    pub(crate) fn only_add_fields(&self) -> bool {
        !self.change_received && self.body.is_none()
    }

    /// Returns the header with these fields of the client, after all edits in order.
    pub(crate) fn apply(&self, received: Vec<Field>) -> EditedHeader {
        let received = received.into_iter().map(|field| ReceivedField { field, is_of_filter: false });
        let mut header = EditedHeader { received: received.collect(), ..EditedHeader::default() };
        for edit in &self.fields {
            match edit {
                FieldEdit::AddAboveTrace(field) => header.above_trace.insert(0, field.clone()),
                FieldEdit::AddBelowTrace(field) => header.below_trace.push(field.clone()),
                FieldEdit::Remove(is_unwanted) => {
                    header.received.retain(|ReceivedField { field, is_of_filter }| {
                        *is_of_filter || !is_unwanted(field.name(), &field.value())
                    });
                }
                FieldEdit::Insert { position, field } => header.insert(*position, field),
                FieldEdit::InsertAsDelivered { position, field } => {
                    header.insert_as_delivered(*position, field);
                }
                FieldEdit::RemoveOne { name, number } => header.remove(name, *number),
                FieldEdit::Replace { number, field } => header.replace(*number, field),
            }
        }
        header
    }
}

impl EditedHeader {
    /// Returns the field of this number among those of the name, and the mark of one among the client's.
    fn find(&mut self, name: FieldName<'_>, number: usize) -> Option<(&mut Field, Option<&mut bool>)> {
        let received = self
            .received
            .iter_mut()
            .map(|of_client| (&mut of_client.field, Some(&mut of_client.is_of_filter)));
        let added = self.above_trace.iter_mut().chain(&mut self.below_trace).map(|field| (field, None));
        added.chain(received).filter(|(field, _)| field.name() == name).nth(number)
    }

    fn replace(&mut self, number: usize, by: &Field) {
        match self.find(by.name(), number) {
            Some((field, is_of_filter)) => {
                *field = by.clone();
                if let Some(is_of_filter) = is_of_filter {
                    *is_of_filter = true;
                }
            }
            None => self.below_trace.push(by.clone()),
        }
    }

    fn insert(&mut self, position: usize, field: &Field) {
        match position.checked_sub(self.above_trace.len()) {
            None | Some(0) => self.above_trace.insert(position, field.clone()),
            Some(below) => self.insert_below_trace(below, field),
        }
    }

    /// Inserts a field where this server's `Received:` counts as one.
    fn insert_as_delivered(&mut self, position: usize, field: &Field) {
        match position.checked_sub(self.above_trace.len() + 1) {
            None => self.above_trace.insert(position, field.clone()),
            Some(below) => self.insert_below_trace(below, field),
        }
    }

    fn insert_below_trace(&mut self, position: usize, field: &Field) {
        match position.checked_sub(self.below_trace.len()) {
            None | Some(0) => self.below_trace.insert(position, field.clone()),
            Some(position) => {
                let position = position.min(self.received.len());
                self.received.insert(position, ReceivedField { field: field.clone(), is_of_filter: true });
            }
        }
    }

    fn remove(&mut self, name: &str, number: usize) {
        let mut seen = 0;
        let mut stays = |field: &Field| {
            let is_named = field.name() == name;
            let is_it = is_named && seen == number;
            seen += usize::from(is_named);
            !is_it
        };
        self.above_trace.retain(&mut stays);
        self.below_trace.retain(&mut stays);
        self.received.retain(|of_client| stays(&of_client.field));
    }

    /// Returns the fields from the top down.
    pub(crate) fn into_fields(self) -> Vec<Field> {
        let received = self.received.into_iter().map(|of_client| of_client.field);
        self.above_trace.into_iter().chain(self.below_trace).chain(received).collect()
    }
}

/// The edits of one message, shared by its readers.
///
/// # Why
/// A filter may keep its message after it has returned, and a closure owns its message. So the edits are
/// stored here. Only the current reader may add to them.
#[derive(Debug, Default)]
pub(crate) struct SharedEdits(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The reader that may edit now.
    reader: u32,
    edits: Option<Arc<Edits>>,
    outcome: Outcome,
    /// The client's fields, once they were asked for.
    received_fields: Option<Arc<[Field]>>,
    /// The header with the edits so far, once it was asked for.
    header: Option<Header>,
}

/// Bytes of a parsed header that a message keeps. A longer one is parsed again, so messages that wait hold little.
const KEPT: usize = 64 * 1024;

/// The changes of a message other than those of its content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) is_discarded: bool,
    pub(crate) directory: Option<Arc<str>>,
    /// The envelope as changed, and the place of each recipient in the client's envelope. No places means that the
    /// recipients are the client's.
    pub(crate) envelope: Option<(Arc<Envelope>, Option<Places>)>,
}

/// The places of recipients in the client's envelope. `None` for one that a filter has added.
pub(crate) type Places = Arc<[Option<usize>]>;

impl SharedEdits {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next reader the current one, and returns its number.
    pub(crate) fn next_reader(&self) -> u32 {
        let mut state = self.state();
        state.reader += 1;
        state.reader
    }

    /// Returns the edits so far.
    pub(crate) fn so_far(&self) -> Option<Arc<Edits>> {
        self.state().edits.clone()
    }

    /// Edits the message if this reader is the current one.
    pub(crate) fn edit(&self, reader: u32, edit: impl FnOnce(&mut Edits)) {
        let mut state = self.state();
        if state.reader == reader {
            edit(Arc::make_mut(state.edits.get_or_insert_default()));
            state.header = None;
        }
    }

    /// Returns the client's fields, if they are kept.
    pub(crate) fn received_fields(&self) -> Option<Arc<[Field]>> {
        self.state().received_fields.clone()
    }

    /// Keeps the client's fields, unless they are long.
    pub(crate) fn keep_received_fields(&self, fields: &Arc<[Field]>) {
        let held: usize = fields.iter().map(|field| size_of::<Field>() + field.raw().len()).sum();
        if held <= KEPT {
            self.state().received_fields = Some(Arc::clone(fields));
        }
    }

    /// Returns the header with all edits so far, if it is kept.
    pub(crate) fn header(&self) -> Option<Header> {
        self.state().header.clone()
    }

    /// Makes the header with all edits so far, and keeps it where the client's fields are kept.
    pub(crate) fn edited_header(&self, received: Arc<[Field]>) -> Header {
        let Some(edits) = self.so_far() else { return Header::new(received) };
        // The application's closures run here, so the lock is not held.
        let header = Header::new(edits.apply(received.to_vec()).into_fields().into());
        let mut state = self.state();
        let is_current = state.edits.as_ref().is_some_and(|current| Arc::ptr_eq(current, &edits));
        if is_current && state.received_fields.is_some() {
            state.header = Some(header.clone());
        }
        header
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.state().outcome.clone()
    }

    /// Changes the outcome if this reader is the current one.
    pub(crate) fn decide(&self, reader: u32, decide: impl FnOnce(&mut Outcome)) {
        let mut state = self.state();
        if state.reader == reader {
            decide(&mut state.outcome);
        }
    }
}
