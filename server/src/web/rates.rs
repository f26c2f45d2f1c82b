//! How much one client may ask, so that it leaves something for others.
//!
//! What is asked costs units, by what it takes to answer it; a client has so many of them a second, and
//! those of [`SAVED`] seconds saved up. This machine is not limited, so it can be measured from here.
//!
//! **Invariant:** what is kept has a bound, however many addresses ask: past [`CLIENTS`] several share what
//! one may. What a supervisor asks is never limited.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::HashMapStateStore,
};

use super::{
    error::ApiError,
    visitor::{Stranger, Visitor},
};

/// Of seconds, for how many a client may save up: many pages are opened at once after a restart.
const SAVED: u32 = 20;
/// So many are told apart; those who have all units saved up are forgotten.
const CLIENTS: usize = 131_072;
/// With more, all are spread over so many that share.
const SHARED: u64 = 65_536;
/// How often those are looked for who can be forgotten.
const PRUNED: Duration = Duration::from_secs(10);

/// By draft-ietf-httpapi-ratelimit-headers.
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What each client has left. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    limiter: RateLimiter<Key, HashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>,
    a_second: u32,
    spread: RandomState,
    pruned: Mutex<Instant>,
    refused: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Client(Stranger),
    Shared(u64),
}

/// What a client has left.
#[derive(Clone, Copy, Debug)]
struct Left {
    units: u32,
    /// How long to wait, where that is too little.
    wait: Option<Duration>,
}

impl Rates {
    /// With so many units a second; with none nobody is limited.
    pub(crate) fn new(a_second: u32) -> Self {
        let units = |units| NonZeroU32::new(units);
        let quota = units(a_second).zip(units(a_second.saturating_mul(SAVED)));
        Self(quota.map(|(each, saved)| {
            let quota = Quota::per_second(each).allow_burst(saved);
            Arc::new(Inner {
                limiter: RateLimiter::hashmap(quota).with_middleware(),
                a_second,
                spread: RandomState::new(),
                pruned: Mutex::new(Instant::now()),
                refused: AtomicU64::new(0),
            })
        }))
    }

    /// Takes what this request costs from what its client has.
    pub(super) fn ask(&self, request: &Request) -> Asked {
        let of_request = request.extensions();
        let cost = NonZeroU32::new(cost(of_request.get().map(MatchedPath::as_str)));
        let stranger = of_request.get().and_then(|&Visitor(at)| Stranger::at(at));
        let (Some(rates), Some(client), Some(cost)) = (&self.0, stranger, cost) else {
            return Asked::default();
        };
        let left = rates.take(client, cost);
        if left.wait.is_some() {
            rates.refused.fetch_add(1, Relaxed);
        }
        Asked {
            left: Some(left),
            a_second: rates.a_second,
            is_api: request.uri().path().starts_with("/api/v1/"),
        }
    }

    /// Requests that were refused.
    pub(super) fn refused(&self) -> u64 {
        let refused = |inner: &Arc<Inner>| inner.refused.load(Relaxed);
        self.0.as_ref().map_or(0, refused)
    }
}

impl Inner {
    fn key(&self, client: Stranger) -> Key {
        let is_full = || self.limiter.len() >= CLIENTS;
        let mut pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = if is_full() { PRUNED / 10 } else { PRUNED };
        if pruned.elapsed() >= pause {
            *pruned = Instant::now();
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        drop(pruned);
        if is_full() {
            Key::Shared(self.spread.hash_one(client) % SHARED)
        } else {
            Key::Client(client)
        }
    }

    fn take(&self, client: Stranger, cost: NonZeroU32) -> Left {
        match self.limiter.check_key_n(&self.key(client), cost) {
            Ok(Ok(state)) => Left {
                units: state.remaining_burst_capacity(),
                wait: None,
            },
            Ok(Err(until)) => Left {
                units: 0,
                wait: Some(until.wait_time_from(self.limiter.clock().now())),
            },
            // Nothing costs more than can be saved up, so this is not seen.
            Err(_) => Left {
                units: 0,
                wait: Some(Duration::from_secs(1)),
            },
        }
    }
}

/// A request, with what is left of what its client may.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// None where nobody is limited, or not for this.
    left: Option<Left>,
    a_second: u32,
    /// Scripts are told.
    is_api: bool,
}

impl Asked {
    /// Where it is too much.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        let wait = self.left?.wait?;
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Some(ApiError::too_many_requests().after(Some(seconds.saturating_add(1))))
    }

    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Some(Left { units, .. }) = self.left.filter(|_| self.is_api) else {
            return;
        };
        let saved = self.a_second.saturating_mul(SAVED);
        let full = saved.saturating_sub(units).div_ceil(self.a_second);
        let says = [
            (POLICY, format!("\"client\";q={saved};w={SAVED}")),
            (LEFT, format!("\"client\";r={units};t={full}")),
        ];
        for (name, value) in says {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// In units. A page asks once a second, so that is what one is: a newest board that is there already.
fn cost(route: Option<&str>) -> u32 {
    match route {
        Some("/healthz" | "/readyz" | "/metrics" | "/pkg/{*file}") => 0,
        // Counted when it is asked for, or written to disk.
        Some("/tag/{*name}" | "/api/fn/tag" | "/api/v1/tags/{name}" | "/api/v1/posts") => 3,
        // Made of the newest board.
        Some("/") => 3,
        // Drawn, or held open for long.
        Some("/api/v1/top.svg" | "/api/v1/top.png" | "/api/v1/stream") => 10,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    fn stranger(text: &str) -> Stranger {
        Stranger::at(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_client_has_what_it_saved_up_and_others_have_theirs() {
        let rates = Rates::new(1).0.unwrap();
        let ten = NonZeroU32::new(10).unwrap();
        let takes = |client| rates.take(stranger(client), ten);
        assert!(takes("192.0.2.1").wait.is_none());
        assert!(takes("192.0.2.1").wait.is_none());
        let wait = takes("192.0.2.1").wait.unwrap();
        assert!(wait <= Duration::from_secs(10), "{wait:?}");
        assert!(takes("192.0.2.2").wait.is_none());
    }

    #[test]
    fn what_is_kept_of_a_million_clients_has_a_bound() {
        let rates = Rates::new(1).0.unwrap();
        for number in 0..1_000_000_u32 {
            let address = Ipv4Addr::from_bits(0x0100_0000 + number);
            rates.take(Stranger::at(address.into()).unwrap(), ONE);
        }
        let most = CLIENTS + SHARED as usize;
        assert!(rates.limiter.len() <= most, "{}", rates.limiter.len());
    }

    #[test]
    fn none_is_no_limit() {
        assert!(Rates::new(0).0.is_none());
    }
}
