//! A message as an object of JSON.

use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::sync::Arc;

use mailchute::{Message, Refusal};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::body::Body;
use super::content::Content;
use super::facts::{Fact, Facts};
use super::object::Object;
use super::parsed::{self, parsed};
use super::place::Parcel;
use super::signature::Signing;

/// KiB of messages that are parsed at a time. A message is whole in memory then, and its parts next to it; the others wait.
const MEMORY: u32 = 64 * 1024;

/// A body up to this length stays in memory until it is sent; a longer one is in a temporary file without a name.
const IN_MEMORY: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Json {
    memory: Arc<Semaphore>,
}

impl Default for Json {
    fn default() -> Self {
        Self { memory: Arc::new(Semaphore::new(MEMORY as usize)) }
    }
}

impl Json {
    /// Writes the body, and signs it.
    pub(super) async fn body(
        &self,
        message: Message,
        has_trace: bool,
        size: u64,
        parcel: &Parcel,
        facts: &Facts,
        signing: Option<Signing>,
    ) -> Result<(Body, Option<Signing>), Refusal> {
        let memory = u32::try_from(size / 1024 + 1).unwrap_or(MEMORY).min(MEMORY);
        let memory = Arc::clone(&self.memory).acquire_many_owned(memory).await.map_err(Refusal::internal)?;
        let mut content = Content::open(message, has_trace, None).await?;
        let mut raw = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        while let Some(chunk) = content.chunk().await? {
            raw.extend_from_slice(&chunk);
        }
        let mut envelope = vec![
            ("sender".to_owned(), parcel.sender.clone().into()),
            ("recipients".to_owned(), parcel.recipients.clone().into()),
        ];
        envelope.extend(facts.iter().map(|(name, fact)| {
            let value: Value = match fact {
                Fact::Text(text) => text.clone().into(),
                Fact::Number(number) => (*number).into(),
            };
            (name.replace('-', "_"), value)
        }));
        let raw = Arc::new(raw);
        let mut why_not = mailchute::message::too_complex(&raw);
        loop {
            let (raw, envelope, reason) = (Arc::clone(&raw), envelope.clone(), why_not);
            let signing = signing.clone();
            let written = spawn_blocking(move || written(&raw, &envelope, reason, signing)).await;
            match written {
                Ok(written) => {
                    drop(memory);
                    return Ok(written?);
                }
                // The parser has panicked. The message goes on without it.
                Err(error) if why_not.is_none() && error.is_panic() => why_not = Some("the parser failed"),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn written(
    raw: &[u8],
    envelope: &[(String, Value)],
    why_not: Option<&str>,
    signing: Option<Signing>,
) -> io::Result<(Body, Option<Signing>)> {
    let mut out = Output { head: Vec::new(), file: None, length: 0, signing };
    let mut object = Object::begin(&mut out)?;
    for (name, value) in envelope {
        object.value(name, value)?;
    }
    object.value("size", &raw.len().into())?;
    match why_not {
        None => parsed(&mut object, raw)?,
        Some(reason) => parsed::unparsed(&mut object, raw, reason)?,
    }
    object.end()?;
    out.finish()
}

/// Takes the body in pieces: into memory, or if it becomes too long into a file.
struct Output {
    head: Vec<u8>,
    file: Option<File>,
    length: u64,
    signing: Option<Signing>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.head.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if let Some(signing) = &mut self.signing {
            signing.update(bytes);
        }
        if self.head.len() > IN_MEMORY {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.head)?;
        self.head.clear();
        Ok(())
    }
}

impl Output {
    fn finish(mut self) -> io::Result<(Body, Option<Signing>)> {
        if self.file.is_some() {
            self.flush()?;
        }
        let body = match self.file {
            Some(mut file) => {
                file.rewind()?;
                Body::file(file, self.length)
            }
            None => Body::piece(self.head),
        };
        Ok((body, self.signing))
    }
}
