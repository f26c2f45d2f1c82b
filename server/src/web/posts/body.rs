//! A body as it comes.
//!
//! **Invariant:** all bodies together hold [`MOST`] bytes at most, and none takes longer than [`TIME`].

use std::{sync::Arc, time::Duration};

use axum::body::BodyDataStream;
use futures::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::refusal::Refusal;

/// Bytes of a body, as it is sent.
pub(super) const LIMIT: usize = 16 << 20;

/// Bytes of all bodies that are being read.
const MOST: usize = 128 << 20;

/// From the end of the head to the end of the body.
const TIME: Duration = if cfg!(test) {
    Duration::from_millis(500)
} else {
    Duration::from_secs(60)
};

/// Room for a body grows in steps from so much to so much.
const STEPS: (usize, usize) = (4 << 10, 1 << 20);

/// A client that is refused while it still sends would not see why, were its connection closed at once: so
/// much of the rest is read, and for so long.
const DISCARDED: (usize, Duration) = (2 * LIMIT, Duration::from_secs(5));

/// What all bodies may hold.
#[derive(Clone, Debug)]
pub(super) struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

/// A whole body, and its share of what all may hold.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) held: OwnedSemaphorePermit,
}

impl Bodies {
    pub(super) async fn read(&self, body: &mut BodyDataStream) -> Result<Sent, Refusal> {
        let mut sent = Sent {
            bytes: Vec::new(),
            held: self.room(0)?,
        };
        let read = async {
            while let Some(chunk) = body.next().await {
                self.take(&chunk.map_err(|_| Refusal::Lost)?, &mut sent)?;
            }
            Ok(sent)
        };
        timeout(TIME, read).await.map_err(|_| Refusal::TooSlow)?
    }

    fn take(&self, chunk: &[u8], sent: &mut Sent) -> Result<(), Refusal> {
        let needed = sent.bytes.len() + chunk.len();
        if needed > LIMIT {
            return Err(Refusal::TooLarge);
        }
        if needed > sent.bytes.capacity() {
            let step = sent.bytes.len().clamp(STEPS.0, STEPS.1);
            let room = needed.max(sent.bytes.len() + step);
            sent.held.merge(self.room(room - sent.bytes.capacity())?);
            sent.bytes.reserve_exact(room - sent.bytes.len());
        }
        sent.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::TooLarge)?;
        let room = self.0.clone().try_acquire_many_owned(bytes);
        room.map_err(|_| Refusal::Busy)
    }
}

/// Reads what is left and keeps nothing of it.
pub(super) async fn discard(body: &mut BodyDataStream) {
    let (most, time) = DISCARDED;
    let discarded = async {
        let mut read = 0;
        while let Some(Ok(chunk)) = body.next().await {
            read += chunk.len();
            if read > most {
                return;
            }
        }
    };
    let _ = timeout(time, discarded).await;
}
