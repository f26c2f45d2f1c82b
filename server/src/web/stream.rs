//! Tops as they come: `GET /api/v1/stream`, server-sent events.
//!
//! An event is a snapshot, the same JSON as that of `/api/v1/top`, so a client that has missed some has
//! missed nothing once it has the newest. What is sent of a view and an epoch is made once for all who
//! listen.
//!
//! **Invariant:** of a listener one event is on its way at most. The next one, the newest by then, is
//! taken up when the socket has taken it; a listener whose socket takes longer than there is patience
//! for is dropped.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures::stream;
use model::{Epoch, Top, View};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Web,
    api::{self, Parameters},
    described::{Errors, LastEventId, OfBoard},
    error::ApiError,
    shares::{Share, Shares},
    visitor::{Stranger, Visitor},
};
use crate::{kept::Kept, live::Live, results::Results};

pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Who listens at once; the rest of the connections is for others.
    pub(super) listeners: usize,
    /// Of these one client has so many.
    pub(super) each: usize,
    /// How long the socket of a listener may take for one event.
    pub(super) patience: Duration,
    /// A line that says nothing is sent after so much silence: what lies between might take the
    /// connection for dead.
    pub(super) silence: Duration,
}

impl Limits {
    const USUAL: Self = Self {
        listeners: 256,
        each: 64,
        patience: Duration::from_secs(10),
        silence: Duration::from_secs(15),
    };
}

/// First of all: how many milliseconds later to come back when the connection is lost.
const RETRY: &[u8] = b"retry: 2000\n\n";
const NOTHING: &[u8] = b":\n\n";
const DROPPED: &[u8] = b"event: dropped\ndata: {\"error\":{\"code\":\"too_slow\",\
    \"message\":\"events were not read in time: come back for the newest\"}}\n\n";

/// Those who listen, and what they are sent. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Streams(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    newest: Kept<View, Event>,
    room: Arc<Semaphore>,
    shares: Shares,
    limits: Limits,
    end: CancellationToken,
    refused: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Clone, Debug)]
struct Event {
    epoch: Epoch,
    bytes: Bytes,
}

impl Streams {
    /// Until `end`.
    pub(crate) fn until(end: CancellationToken) -> Self {
        Self::new(end, Limits::USUAL)
    }

    pub(super) fn new(end: CancellationToken, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            newest: Kept::default(),
            room: Arc::new(Semaphore::new(limits.listeners)),
            shares: Shares::default(),
            limits,
            end,
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }))
    }

    fn place(&self, client: Option<Stranger>) -> Option<Place> {
        let Shared { shares, limits, .. } = &*self.0;
        let share = shares.take(client, limits.each)?;
        let room = self.0.room.clone().try_acquire_owned().ok()?;
        Some((share, room))
    }

    /// Those who listen.
    pub(super) fn open(&self) -> u64 {
        self.most() - self.0.room.available_permits() as u64
    }

    pub(super) fn most(&self) -> u64 {
        self.0.limits.listeners as u64
    }

    /// Those who found no place.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// Those who did not read in time.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Relaxed)
    }
}

/// The top of every epoch, as it closes
///
/// Server-sent events: `event: top` with the JSON of `/api/v1/top` as its data and the epoch as its
/// `id`, once an epoch. Each is complete, so nothing is sent again: a client that is behind gets the
/// newest at once, one that names the newest as the last it had gets the next. A client that does not
/// read is told `event: dropped`, and the connection ends.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    params(OfBoard, LastEventId),
    responses(
        (status = 200, description = "Events, until either side ends them", body = String,
            content_type = "text/event-stream", example = "retry: 2000\n\nevent: top\nid: 904613312\ndata: {}\n\n"),
        Errors,
    )
)]
pub(super) async fn stream(
    State(web): State<Arc<Web>>,
    visitor: Option<Extension<Visitor>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let parameters = api::read(parameters)?;
    let view = api::view(&parameters)?;
    let client = visitor.and_then(|Extension(Visitor(at))| Stranger::at(at));
    let place = web.streams.place(client);
    if place.is_none() {
        web.streams.0.refused.fetch_add(1, Relaxed);
    }
    let listener = Listener {
        has: last_had(&parameters, &headers),
        live: web.live.clone(),
        web,
        view,
        state: Next::Greeting,
        _place: place.ok_or_else(ApiError::too_many_streams)?,
    };
    let events = stream::unfold(listener, async |mut listener| {
        let bytes = listener.next().await?;
        Some((Ok::<_, Infallible>(bytes), listener))
    });
    Ok(answer(Body::from_stream(events)))
}

/// What [`stream`] would answer, without listening.
pub(super) async fn head(
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, ApiError> {
    api::view(&api::read(parameters)?)?;
    Ok(answer(Body::empty()))
}

fn answer(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // For a proxy that would collect what comes.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}

/// By the header that browsers send when they come back, or where a script cannot set one by the query.
/// What is no epoch is none that is known.
fn last_had(parameters: &Parameters, headers: &HeaderMap) -> Option<Epoch> {
    let header = headers.get(LAST_EVENT_ID).map(HeaderValue::as_bytes);
    let mut query = parameters.iter().rev();
    let query = query.find(|(name, _)| name == LastEventId::IN_QUERY);
    let id = header.or(query.map(|(_, value)| value.as_bytes()))?;
    str::from_utf8(id).ok()?.parse().ok().map(Epoch)
}

/// A listener's own, of its client's and of all.
type Place = (Share, OwnedSemaphorePermit);

/// One who listens.
struct Listener {
    web: Arc<Web>,
    live: Live,
    view: View,
    /// The newest that it has or is about to have.
    has: Option<Epoch>,
    state: Next,
    _place: Place,
}

/// What a listener comes to next.
enum Next {
    Greeting,
    /// News, once what was sent last is taken.
    News(oneshot::Receiver<()>),
    End,
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        let Shared { limits, end, .. } = &*self.web.streams.0.clone();
        end.run_until_cancelled(self.until_end(*limits)).await?
    }

    async fn until_end(&mut self, limits: Limits) -> Option<Bytes> {
        match &mut self.state {
            Next::Greeting => Some(self.send(Bytes::from_static(RETRY))),
            Next::News(taken) => {
                // What was on its way has left us when its sender is gone.
                if timeout(limits.patience, taken).await.is_err() {
                    self.web.streams.0.dropped.fetch_add(1, Relaxed);
                    self.state = Next::End;
                    return Some(Bytes::from_static(DROPPED));
                }
                let bytes = match timeout(limits.silence, self.news()).await {
                    Ok(news) => news?,
                    Err(_) => Bytes::from_static(NOTHING),
                };
                Some(self.send(bytes))
            }
            Next::End => None,
        }
    }

    fn send(&mut self, bytes: Bytes) -> Bytes {
        let (taken, waited_for) = oneshot::channel();
        self.state = Next::News(waited_for);
        Bytes::from_owner(OnItsWay {
            bytes,
            _taken: taken,
        })
    }

    /// Waits for an event that the listener does not have; `None` at the end of the program.
    async fn news(&mut self) -> Option<Bytes> {
        loop {
            let results = self.live.next().await?;
            let event = self.web.event(self.view, &results).await;
            if let Some(event) = event.filter(|event| self.has != Some(event.epoch)) {
                self.has = Some(event.epoch);
                return Some(event.bytes);
            }
        }
    }
}

/// Bytes that tell when nobody holds them any more.
struct OnItsWay {
    bytes: Bytes,
    _taken: oneshot::Sender<()>,
}

impl AsRef<[u8]> for OnItsWay {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Web {
    /// The event of a view while these results are the newest.
    async fn event(&self, view: View, newest: &Results) -> Option<Event> {
        let make = async || Some((newest.epoch, event(&self.top(view).await?)?));
        let kept = &self.streams.0.newest;
        kept.get(view, newest.epoch, make).await
    }
}

fn event(top: &Top) -> Option<Event> {
    // JSON has its line ends escaped, so it is one line.
    let json = serde_json::to_string(top).ok()?;
    let epoch = top.epoch;
    Some(Event {
        epoch,
        bytes: format!("event: top\nid: {}\ndata: {json}\n\n", epoch.0).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::Counting;

    #[tokio::test]
    async fn an_event_is_made_once_for_all_who_listen() {
        let counting = Counting::default();
        counting.show(1, &[("#a", 1)]);
        let web = counting.web();
        let results = web.live.newest().unwrap();
        let view = View::default();
        let events = (web.event(view, &results), web.event(view, &results));
        let (one, other) = tokio::join!(events.0, events.1);
        assert_eq!(one.unwrap().bytes.as_ptr(), other.unwrap().bytes.as_ptr());
    }
}
