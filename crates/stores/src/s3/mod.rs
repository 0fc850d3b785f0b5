//! Objects in a bucket of S3, or of a server that speaks its protocol.
//!
//! ```text
//!   recipients ──► keys: an object for each distinct one
//!   content    ──► memory: blocks ──► upload: parts, or one put ──► bucket ──► client
//!                                      └──► uploaded: taken back unless the answer is 250
//! ```
//!
//! # Why
//!
//! A key has `{id}` in it, which is new each time a client sends a message. A key made of a hash of the content would let a
//! client's retry overwrite what it sent before. But the hash is known only when the last part is already sent.

mod bucket;
mod builder;
mod client;
pub(crate) mod contents;
mod endpoint;
mod failure;
mod key;
mod memory;
mod metadata;
mod object;
mod remains;
mod upload;
mod uploaded;
pub(crate) mod url;

use std::fmt;
use std::sync::Arc;

use mailchute::session::Protocol;
use mailchute::{Message, Receipt, Refusal, Session, Store};
use object_store::path::Path;

pub use builder::S3Builder;

use crate::Template;
use crate::destination::{Destinations, expand};
use crate::group::Group;
use crate::prepared::Prepared;
use bucket::Bucket;
use key::Key;
use memory::{Collector, Memory};
use object::Object;
use remains::{Remains, What};
use upload::{Fails, Upload};
use uploaded::Uploaded;

/// Keeps each message as an object in a bucket of S3, or of another server with its protocol, such as `MinIO`, Ceph, Garage
/// or R2.
///
/// - **Keys.** The key of an object is a [`Template`]: `{domain}/{user}/{id}`. Each message has one object for each distinct
///   key, as [`Destinations`] fill it in. `{id}` must be in it. It is new with each message, on each machine, so no object
///   overwrites another. Values are made safe as for [`Maildirs`](crate::Maildirs).
/// - **Content.** The object is what the client sent, with CRLF, below the [trace
///   fields](Message::prepend_trace_fields_for), which name the recipients of this object only.
/// - **Metadata** (`x-amz-meta-…`) are `id`, `sender` (`<>` if it is empty), `client`, `helo`, `protocol`, `tls`, `user`,
///   `hostname`, `directory` and `recipients`, as far as they are known. All but visible ASCII is percent-encoded, and
///   commas within a recipient. S3 takes 2 KB: `omitted` names those that did not fit.
/// - **Large messages** go out in parts of 5 MiB while the client sends, each message with 10 MiB in memory at most.
///   [`memory`](S3Builder::memory) bounds all messages together.
/// - **In SMTP** one reply is for all recipients: either all objects are kept, or none. In LMTP each recipient has its own
///   reply.
///
/// # Answers
///
/// The client gets 250 when the server has said that each object is complete.
///
/// | the server | the client |
/// |---|---|
/// | cannot be reached, or does not answer [in time](S3Builder::request_timeout) | `451 4.4.1` |
/// | is busy (429, 503, `SlowDown`) | `451 4.3.2` |
/// | is full (507, `QuotaExceeded`) | `452 4.3.1` |
/// | finds the message too large (413, `EntityTooLarge`) | `552 5.3.4` |
/// | has no such bucket, or refuses the key | `451 4.3.5`; the log says what to check |
/// | refuses for another reason | `451 4.3.0` |
///
/// Each request is tried once, as the client sends the message again.
///
/// # What may remain
///
/// After any other answer than 250 nothing remains: the store aborts uploads and deletes objects in the background. If the
/// server does not answer, the store tries for ten minutes. The access key must be allowed to do both
/// (`s3:AbortMultipartUpload`, `s3:DeleteObject`). The log names all that cannot be taken back.
///
/// Parts can stay after a crash of this process, or if an answer of the server was lost. So give the bucket a lifecycle
/// rule for incomplete uploads. An object can stay too. Then the client sends the message again, and there are two objects.
/// So readers of the bucket see each message at least once.
///
/// Clones share the connections and the memory.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{S3, Template};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("s3.secret");
/// # std::fs::write(&path, "hunter2")?;
/// # let secret = format!("file:{}", path.display());
/// let store = S3::builder("mail", Template::parse("{domain}/{id}")?)
///     .endpoint("http://127.0.0.1:9000")
///     .credentials("mailchute", secret.parse()?)
///     .open()?;
/// let server = Server::builder().store(store).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct S3(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: S3Builder,
    bucket: Arc<Bucket>,
    key: Key,
    memory: Memory,
    /// Ends each `{id}`: ids of messages are unique in one process only.
    instance: String,
}

impl S3 {
    /// Returns the options for a bucket and a template of keys.
    pub fn builder(bucket: impl Into<String>, key: Template) -> S3Builder {
        S3Builder::new(bucket.into(), key)
    }

    /// The options that it was made of.
    pub(crate) fn options(&self) -> &S3Builder {
        &self.0.options
    }

    /// Returns the objects of a message, none of which is at the server yet.
    fn objects(
        &self,
        groups: Vec<Group>,
        message: &Message,
        session: &Session,
    ) -> Result<Vec<Object>, Refusal> {
        let object = |group: Group| {
            let location = Path::parse(&group.path).map_err(Refusal::internal)?;
            let attributes = metadata::of(message, session, &group);
            let remains = Remains::new(Arc::clone(&self.0.bucket), location.clone(), What::Nothing);
            Ok(Object::new(location, attributes, group.places, remains))
        };
        groups.into_iter().map(object).collect()
    }

    /// Uploads a message that other stores must take too. Its objects are taken back unless all do.
    pub(crate) async fn prepare(&self, message: Message, session: &Session) -> Result<Prepared, Refusal> {
        let uploaded = self.upload(message, session).await?;
        Ok(Prepared::taken(|| Ok(uploaded.keep())))
    }

    /// Uploads a message. In LMTP it refuses those recipients whose object cannot be kept.
    async fn upload(&self, mut message: Message, session: &Session) -> Result<Uploaded, Refusal> {
        expand(&mut message, session);
        let shared = &self.0;
        let hostname = session.hostname();
        let recipients = message.envelope().recipients.iter();
        let destinations: Vec<_> = recipients.map(|to| Destinations::of(to, hostname)).collect();
        let id = format!("{}-{}", message.id(), shared.instance);
        let groups = Group::all(&destinations, |destination| shared.key.of(destination, &id))?;
        let named: Vec<_> = groups.iter().map(|group| group.named.clone()).collect();
        let mut objects = self.objects(groups, &message, session)?;
        let receipt = Receipt::new(format!("Message accepted as {}", message.id()));
        let mut content = message.for_places(&named).await?;
        for (object, top) in objects.iter_mut().zip(content.tops()) {
            object.add(top.clone());
        }
        let fails = if session.protocol() == Protocol::Lmtp { Fails::One } else { Fails::All };
        let mut upload = Upload::new(&shared.bucket, objects, Collector::new(shared.memory.clone()), fails);
        while let Some(chunk) = content.chunk().await? {
            upload.push(chunk).await?;
        }
        Ok(Uploaded::new(upload.finish().await?, content, receipt))
    }
}

impl Store for S3 {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let uploaded = self.upload(message, session).await?;
        // From here to the answer nothing is awaited, so the message cannot be given up any more.
        Ok(uploaded.keep())
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3").field(&format_args!("{}", self.0.options)).finish()
    }
}
