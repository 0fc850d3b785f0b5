//! The body of a request: its length is known before it is sent.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _, stream};
use mailchute::message::BodyError;
use mailchute::{Message, Refusal};
use tokio::task::spawn_blocking;

use super::content::Content;
use super::signature::Signing;

/// A body up to this length is one piece in memory.
const ONE_PIECE: u64 = 64 * 1024;

/// Bytes that are read from a file at a time.
const CHUNK: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) struct Body {
    pub(super) length: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Piece(Bytes),
    Content(Content),
    File(File),
}

/// How many bytes of a body the connection has taken.
#[derive(Debug, Default, Clone)]
pub(super) struct Sent(Arc<AtomicU64>);

impl Body {
    /// Reads a message to sign it. It is read `again` while it is sent, unless it is short.
    pub(super) async fn raw(
        [first, again]: [Message; 2],
        has_trace: bool,
        signing: &mut Option<Signing>,
    ) -> Result<Self, Refusal> {
        let mut content = Content::open(first, has_trace, None).await?;
        let top = content.top();
        let (mut length, mut piece) = (0, Vec::new());
        while let Some(chunk) = content.chunk().await? {
            length += chunk.len() as u64;
            if let Some(signing) = signing {
                signing.update(&chunk);
            }
            if length <= ONE_PIECE {
                piece.extend_from_slice(&chunk);
            } else {
                piece = Vec::new();
            }
        }
        let source = if length <= ONE_PIECE {
            Source::Piece(piece.into())
        } else {
            Source::Content(Content::open(again, has_trace, top).await?)
        };
        Ok(Self { length, source })
    }

    pub(super) fn piece(bytes: Vec<u8>) -> Self {
        Self { length: bytes.len() as u64, source: Source::Piece(bytes.into()) }
    }

    /// Sends a file, from where it stands.
    pub(super) fn file(file: File, length: u64) -> Self {
        Self { length, source: Source::File(file) }
    }

    pub(super) fn into_request(self, sent: &Sent) -> reqwest::Body {
        match self.source {
            Source::Piece(bytes) => {
                sent.add(&bytes);
                bytes.into()
            }
            Source::Content(content) => {
                let chunks = stream::try_unfold(content, |mut content| async {
                    Ok::<_, BodyError>(content.chunk().await?.map(|chunk| (chunk, content)))
                });
                counted(chunks, sent)
            }
            Source::File(file) => counted(stream::try_unfold(file, read), sent),
        }
    }
}

async fn read(file: File) -> io::Result<Option<(Bytes, File)>> {
    let read = move || {
        let mut chunk = Vec::new();
        (&file).take(CHUNK).read_to_end(&mut chunk)?;
        Ok::<_, io::Error>((chunk, file))
    };
    let (chunk, file) = spawn_blocking(read).await.map_err(io::Error::other)??;
    Ok((!chunk.is_empty()).then(|| (chunk.into(), file)))
}

fn counted<E: std::error::Error + Send + Sync + 'static>(
    chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    sent: &Sent,
) -> reqwest::Body {
    let sent = sent.clone();
    reqwest::Body::wrap_stream(chunks.inspect_ok(move |chunk| sent.add(chunk)))
}

impl Sent {
    fn add(&self, chunk: &Bytes) {
        self.0.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
