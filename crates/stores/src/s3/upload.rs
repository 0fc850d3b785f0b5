//! A message on its way into one or several objects.

use std::sync::Arc;

use bytes::Bytes;
use mailchute::Refusal;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{Attributes, PutPayload};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;

use super::bucket::Bucket;
use super::failure::Failure;
use super::memory::Collector;
use super::object::Object;
use super::remains::{Remains, What};

/// The size of all parts but the last. Servers take no smaller ones, and some take parts of one size only.
pub(super) const PART: usize = 5 * 1024 * 1024;

/// The most requests that one message has at a time.
const REQUESTS: usize = 4;

/// Whom a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fails {
    /// The recipients of one object, as each recipient has a reply.
    One,
    /// All, as there is one reply.
    All,
}

/// Uploads the same content below the top of each object. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub(super) struct Upload {
    // Dropped first, so that the requests have ended when objects are taken back.
    requests: JoinSet<(usize, Result<Done, Failure>)>,
    turns: Arc<Semaphore>,
    bucket: Arc<Bucket>,
    objects: Vec<Object>,
    collector: Collector,
    /// For the memory of the parts that are being sent.
    sending: Option<OwnedSemaphorePermit>,
    fails: Fails,
}

#[derive(Debug)]
enum Done {
    Part(PartId),
    Object,
}

impl Upload {
    pub(super) fn new(
        bucket: &Arc<Bucket>,
        objects: Vec<Object>,
        collector: Collector,
        fails: Fails,
    ) -> Self {
        Self {
            requests: JoinSet::new(),
            turns: Arc::new(Semaphore::new(REQUESTS)),
            bucket: Arc::clone(bucket),
            objects,
            collector,
            sending: None,
            fails,
        }
    }

    /// Adds content. Whole parts go out in the background; the part after them waits for their end.
    pub(super) async fn push(&mut self, mut content: Bytes) -> Result<(), Refusal> {
        while !content.is_empty() {
            if let Some(block) = self.collector.push(&mut content).await? {
                self.taking().for_each(|object| object.add(block.clone()));
                if self.taking().all(|object| object.len() >= PART) {
                    self.send_parts().await?;
                }
            }
        }
        Ok(())
    }

    /// Ends the content, and waits until all objects are complete. They stay only if each is then kept.
    pub(super) async fn finish(mut self) -> Result<Vec<Object>, Refusal> {
        let rest = self.collector.rest();
        self.taking().for_each(|object| object.add(rest.clone()));
        while self.taking().any(|object| object.len() >= PART) {
            self.send_parts().await?;
        }
        self.end_requests().await?;
        for number in self.numbers() {
            self.send_rest(number);
        }
        self.end_requests().await?;
        for number in self.numbers() {
            self.complete(number);
        }
        self.end_requests().await?;
        Ok(std::mem::take(&mut self.objects))
    }

    /// The objects that have not failed.
    fn taking(&mut self) -> impl Iterator<Item = &mut Object> {
        self.objects.iter_mut().filter(|object| object.refused.is_none())
    }

    fn numbers(&self) -> Vec<usize> {
        (0..self.objects.len()).filter(|number| self.objects[*number].refused.is_none()).collect()
    }

    /// Sends a part of each object that has one. The parts before are complete then, so at most two parts are in memory.
    async fn send_parts(&mut self) -> Result<(), Refusal> {
        self.end_requests().await?;
        let full = |number: &usize| self.objects[*number].len() >= PART;
        let numbers: Vec<_> = self.numbers().into_iter().filter(full).collect();
        self.begin_uploads(&numbers).await?;
        for number in numbers {
            self.send_part(number, PART);
        }
        self.sending = self.collector.permits();
        Ok(())
    }

    /// Begins the uploads that have not begun.
    async fn begin_uploads(&mut self, numbers: &[usize]) -> Result<(), Refusal> {
        let new = numbers.iter().filter(|number| self.objects[**number].remains.upload().is_none());
        let begun: Vec<_> = new.map(|number| (*number, self.begin(&self.objects[*number]))).collect();
        for (number, begun) in begun {
            match begun.await {
                Ok(Ok(remains)) => self.objects[number].remains = remains,
                Ok(Err(failure)) => self.fail(number, failure.refusal)?,
                Err(_) => return Err(Refusal::internal("an upload was not begun")),
            }
        }
        Ok(())
    }

    /// Begins an upload in a task of its own. If nobody waits for its name any more, the upload is taken back.
    fn begin(&self, object: &Object) -> oneshot::Receiver<Result<Remains, Failure>> {
        let (sender, receiver) = oneshot::channel();
        let (bucket, turns) = (Arc::clone(&self.bucket), Arc::clone(&self.turns));
        let (location, attributes) = (object.location.clone(), object.attributes.clone());
        tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            if !sender.is_closed() {
                let begun = bucket.begin(&location, attributes).await;
                let begun = begun.map(|upload| Remains::new(bucket, location, What::Upload(upload)));
                drop(sender.send(begun));
            }
        });
        receiver
    }

    fn send_part(&mut self, number: usize, bytes: usize) {
        let object = &mut self.objects[number];
        let (Some(upload), None) = (object.remains.upload().cloned(), &object.refused) else { return };
        let (location, content, part) = (object.location.clone(), object.take(bytes), object.parts.len());
        self.request(number, move |bucket| async move {
            bucket.put_part(&location, &upload, part, content).await.map(Done::Part)
        });
    }

    /// Sends what is left of an object: its last part, or all of it.
    fn send_rest(&mut self, number: usize) {
        let object = &mut self.objects[number];
        let rest = object.len();
        if object.remains.upload().is_some() {
            if rest > 0 {
                self.send_part(number, rest);
            }
            return;
        }
        object.remains.set(What::Object);
        let (location, attributes): (Path, Attributes) = (object.location.clone(), object.attributes.clone());
        let content: PutPayload = object.take(rest);
        self.request(number, move |bucket| async move {
            bucket.put(&location, content, attributes).await.map(|()| Done::Object)
        });
    }

    fn complete(&mut self, number: usize) {
        let object = &mut self.objects[number];
        let Some(upload) = object.remains.upload().cloned() else { return };
        object.remains.set(What::Completing(upload.clone()));
        let (location, parts) = (object.location.clone(), std::mem::take(&mut object.parts));
        self.request(number, move |bucket| async move {
            bucket.complete(&location, &upload, parts).await.map(|()| Done::Object)
        });
    }

    fn request<F>(&mut self, number: usize, request: impl FnOnce(Arc<Bucket>) -> F + Send + 'static)
    where
        F: Future<Output = Result<Done, Failure>> + Send,
    {
        let (bucket, turns) = (Arc::clone(&self.bucket), Arc::clone(&self.turns));
        self.requests.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (number, request(bucket).await)
        });
    }

    /// Waits until all requests have ended.
    async fn end_requests(&mut self) -> Result<(), Refusal> {
        while let Some(ended) = self.requests.join_next().await {
            let (number, done) = ended.map_err(Refusal::internal)?;
            let object = &mut self.objects[number];
            match done {
                Ok(Done::Part(part)) => object.parts.push(part),
                Ok(Done::Object) => object.remains.set(What::Object),
                Err(failure) => {
                    // The server has said that it keeps no such object.
                    if !failure.is_open && object.remains.upload().is_none() {
                        object.remains.set(What::Nothing);
                    }
                    self.fail(number, failure.refusal)?;
                }
            }
        }
        self.sending = None;
        Ok(())
    }

    /// Gives an object up. The error is that of the whole message, if nothing else of it is left.
    fn fail(&mut self, number: usize, refusal: Refusal) -> Result<(), Refusal> {
        let object = &mut self.objects[number];
        let nothing = Remains::new(Arc::clone(&self.bucket), object.location.clone(), What::Nothing);
        drop(std::mem::replace(&mut object.remains, nothing));
        object.refused = Some(refusal.clone());
        let is_left = self.taking().next().is_some();
        if self.fails == Fails::One && is_left { Ok(()) } else { Err(refusal) }
    }
}
