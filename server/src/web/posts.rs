//! Posts that are sent over HTTP: `POST /api/v1/posts`.
//!
//! * [`headers`] what a request says of its body, [`body`] how it is read, [`refusal`] why it is not
//!   taken
//!
//! A request is read whole, then decoded and counted apart from all else, then put into the open epoch,
//! and answered when that is sealed.
//!
//! **Invariants:** all that is accepted of a request is in one epoch, which is on disk when it is answered.
//! What is refused, or goes away before it is complete, counts nothing. What requests hold is bounded:
//! their number, the bytes they have sent, what comes out of these, and how many are decoded at once.

mod body;
mod headers;
mod refusal;

use std::sync::{Arc, OnceLock};

use axum::{
    Json,
    body::BodyDataStream,
    extract::{Request, State},
    http::{
        HeaderMap,
        header::{CACHE_CONTROL, EXPECT},
    },
    response::{IntoResponse, Response},
};
use model::{Epoch, Kind};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, task::spawn_blocking};
use utoipa::ToSchema;

use self::{body::Sent, headers::Described, refusal::Refusal};
use super::{
    Web,
    described::{OfPosts, PostsErrors},
    origin,
};
use crate::{
    epoch::{Claimed, Delivery, Intake, Keyed, NoRoom, Receipts},
    source::{self, Registry, Status, Taken},
    store::DeliveryKey,
};

pub(super) const PATH: &str = "/api/v1/posts";

/// Requests that are read or wait for their seal.
const PLACES: usize = 256;

/// Bodies that are decoded at once: each takes a processor and, with zstd's window and a long line, up to
/// 16 MiB.
const DECODING: usize = 4;

/// Where the posts go. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Posts {
    intake: Intake,
    receipts: Receipts,
    registry: Registry,
    status: Arc<OnceLock<Status>>,
    places: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
    bodies: body::Bodies,
}

impl Posts {
    /// `expected`: they are shown among the sources before the first has come.
    pub(crate) fn new(
        intake: Intake,
        receipts: Receipts,
        registry: Registry,
        expected: bool,
    ) -> Self {
        let posts = Self {
            intake,
            receipts,
            registry,
            status: Arc::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            decoding: Arc::new(Semaphore::new(DECODING)),
            bodies: body::Bodies::default(),
        };
        if expected {
            posts.status();
        }
        posts
    }

    pub(super) fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Requests that are read or wait for their seal, and how many may.
    pub(super) fn open(&self) -> (usize, usize) {
        (PLACES - self.places.available_permits(), PLACES)
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> &Arc<Semaphore> {
        &self.places
    }

    fn status(&self) -> &Status {
        self.status.get_or_init(|| {
            let status = self.registry.add(Kind::Http.name());
            status.live();
            status
        })
    }
}

/// Posts to count
///
/// A line is a post: text, or a JSON object of X v2, of Twitter v1.1, of Jetstream, of Mastodon, or
/// `{"text":…,"lang":…,"author":…,"at":…,"tags":[…],"id":…,"url":…}`; `{"delete":ID}` and
/// `{"takedown":AUTHOR}` take posts with an id out of the counts again. It is answered when the posts are
/// on disk; what is refused counts nothing.
#[utoipa::path(
    post,
    path = "/api/v1/posts",
    params(OfPosts),
    request_body(
        content((String = "application/x-ndjson"), (String = "text/plain")),
        description = "Lines in UTF-8: 16 MiB at most as sent, and 64 MiB as they come out of a \
            `Content-Encoding` of gzip or zstd",
    ),
    responses((status = 200, description = "What became of the lines", body = Told), PostsErrors),
    security((), ("token" = []))
)]
pub(super) async fn post(State(web): State<Arc<Web>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut body = body.into_data_stream();
    match answer(&web, &head.headers, &mut body).await {
        Ok((taken, epoch)) => {
            ([(CACHE_CONTROL, "no-store")], Json(told(&taken, epoch))).into_response()
        }
        Err(refusal) => {
            // Whoever waits to be told to go on with the body has not sent it.
            if refusal.reads_on() && !head.headers.contains_key(EXPECT) {
                body::discard(&mut body).await;
            }
            refusal.into_response()
        }
    }
}

/// What became of the lines.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Taken)]
pub(super) struct Told {
    /// Lines that are counted, or take something out of the counts.
    accepted: u64,
    /// The first lines that are no posts.
    #[schema(max_items = 100)]
    rejected: Vec<Rejected>,
    /// With those that `rejected` has no room for.
    rejected_total: u64,
    /// The one that all of them are in.
    epoch: Epoch,
}

#[derive(Debug, Serialize, ToSchema)]
struct Rejected {
    /// From 1.
    #[schema(minimum = 1)]
    line: u64,
    error: String,
}

fn told(taken: &Taken, epoch: Epoch) -> Told {
    let rejected = taken.first.iter().map(|(line, why)| Rejected {
        line: *line,
        error: why.to_string(),
    });
    Told {
        accepted: taken.accepted,
        rejected: rejected.collect(),
        rejected_total: taken.rejected,
        epoch,
    }
}

/// What became of the lines, and the epoch that the posts are in.
async fn answer(
    web: &Web,
    headers: &HeaderMap,
    body: &mut BodyDataStream,
) -> Result<(Taken, Epoch), Refusal> {
    if origin::is_from_another_site(headers) {
        return Err(Refusal::Elsewhere);
    }
    if !web.access.admits_posts(headers) {
        return Err(Refusal::NoToken);
    }
    let described = headers::read(headers)?;
    let posts = &web.posts;
    let _place = posts.places.try_acquire().map_err(|_| Refusal::Busy)?;
    if posts.intake.is_ending() {
        return Err(Refusal::Ending);
    }
    if !posts.intake.has_begun() {
        return Err(Refusal::Joining);
    }
    if !posts.intake.has_room() {
        return Err(posts.no_room());
    }
    let claimed = match &described.key {
        Some(key) => {
            let key = DeliveryKey(hash(web.access.names().chain_update(key)));
            Some(posts.receipts.claim(key).await?)
        }
        None => None,
    };
    let sent = posts.bodies.read(body).await?;
    let counted = posts.count(sent, &described).await?;
    let claim = match claimed {
        Some(Claimed::Before(receipt)) if counted.digest == Some(receipt.digest) => {
            return Ok((receipt.taken, receipt.epoch));
        }
        Some(Claimed::Before(_)) => return Err(Refusal::KeyReused),
        Some(Claimed::New(claim)) => Some(claim),
        None => None,
    };
    let keyed = claim.zip(counted.digest).map(|(claim, digest)| Keyed {
        claim,
        digest,
        taken: counted.taken.clone(),
    });
    let sealed = posts.intake.deliver(counted.delivery, keyed);
    let sealed = sealed.map_err(|_| Refusal::Ending)?;
    let status = posts.status();
    status.posts(counted.posts);
    status.retractions(counted.retractions);
    status.bytes(counted.bytes);
    status.bot(counted.by_bots);
    status.lines_cut(counted.cut);
    if let Some((_, why)) = counted.taken.first.first() {
        status.lines_refused(counted.taken.rejected, why);
    }
    let epoch = sealed.await.map_err(|_| Refusal::NotSealed)?;
    Ok((counted.taken, epoch))
}

/// Half of a digest is more than enough to tell keys apart.
fn hash(digest: Sha256) -> u128 {
    let digest = digest.finalize();
    let (half, _) = digest.as_slice().split_at(size_of::<u128>());
    half.iter()
        .fold(0, |hash, byte| hash << 8 | u128::from(*byte))
}

/// What came out of a body.
struct Counted {
    delivery: Delivery,
    taken: Taken,
    posts: u64,
    retractions: u64,
    bytes: usize,
    by_bots: u64,
    cut: u64,
    /// Of all its lines, where a repeat will have to be told from another body.
    digest: Option<[u8; 32]>,
}

impl Posts {
    fn no_room(&self) -> Refusal {
        Refusal::NoRoom(self.intake.batch())
    }

    async fn count(&self, sent: Sent, described: &Described) -> Result<Counted, Refusal> {
        let place = self.decoding.clone().acquire_owned().await;
        let delivery = self.intake.delivery(Kind::Http).ok_or(Refusal::Joining)?;
        let (coding, keyed) = (described.coding, described.key.is_some());
        let counting = spawn_blocking(move || {
            let _place = place;
            let Sent { bytes, held: _held } = sent;
            let mut counted = Counted {
                delivery,
                taken: Taken::default(),
                posts: 0,
                retractions: 0,
                bytes: 0,
                by_bots: 0,
                cut: 0,
                digest: None,
            };
            let mut digest = keyed.then(Sha256::new);
            let mut unpacked = 0;
            let see = |bytes: &[u8]| {
                unpacked += bytes.len();
                digest.iter_mut().for_each(|digest| digest.update(bytes));
            };
            let take = |events: &[source::Event<'_>]| {
                let posts = events.iter().filter(|event| event.is_post());
                let posts = posts.count();
                counted.posts += posts as u64;
                counted.retractions += (events.len() - posts) as u64;
                let by_bots = events.iter().filter(|event| event.is_by_bot());
                counted.by_bots += by_bots.count() as u64;
                counted.delivery.take(events)
            };
            let (taken, cut) = source::read_body(bytes, coding, see, take)?;
            counted.bytes = unpacked;
            counted.digest = digest.map(|digest| digest.finalize().into());
            Ok::<_, source::BodyError<NoRoom>>(Counted {
                taken,
                cut,
                ..counted
            })
        });
        let counted = counting.await.map_err(|_| Refusal::Failed)?;
        counted.map_err(|error| match error {
            source::BodyError::Damaged(_) => Refusal::Damaged,
            source::BodyError::TooLarge => Refusal::TooMuchInside,
            source::BodyError::NotTaken(NoRoom) => self.no_room(),
        })
    }
}
