//! How requests are answered, counted for metrics.
//!
//! **Invariant:** there are as many numbers as the router has routes, times some methods and five kinds
//! of answers: what a client makes up gets none of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    response::Response,
};

use crate::durations::{Distribution, Durations};

/// The files of the page, and what is at no address.
const NO_ROUTE: &str = "other";

const METHODS: [&str; 5] = ["GET", "HEAD", "OPTIONS", "POST", "other"];
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// From the head of a request to that of its answer. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<RwLock<BTreeMap<String, Arc<ByKind>>>>);

/// Of a route, by method and status.
type ByKind = [[Durations; STATUSES.len()]; METHODS.len()];

/// What was answered of one kind.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) route: String,
    pub(super) method: &'static str,
    pub(super) status: &'static str,
    pub(super) took: Distribution,
}

/// One that is being answered.
pub(super) struct Counted {
    route: Arc<ByKind>,
    method: usize,
    begun: Instant,
}

impl Counted {
    pub(super) fn begins(requests: &Requests, request: &Request) -> Self {
        let begun = Instant::now();
        let path = request.extensions().get::<MatchedPath>();
        Self {
            route: requests.of(path.map_or(NO_ROUTE, MatchedPath::as_str)),
            method: method(request.method()),
            begun,
        }
    }

    pub(super) fn ends(self, response: &Response) {
        let status = usize::from(response.status().as_u16() / 100).clamp(1, STATUSES.len()) - 1;
        self.route[self.method][status].add(self.begun.elapsed());
    }
}

fn method(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| *known == method.as_str());
    known.unwrap_or(METHODS.len() - 1)
}

impl Requests {
    fn of(&self, route: &str) -> Arc<ByKind> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(route) {
            return known.clone();
        }
        drop(known);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(route.to_owned()).or_default().clone()
    }

    /// Every kind that was answered at least once.
    pub(super) fn answered(&self) -> Vec<Answered> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut answered = Vec::new();
        for (route, by_kind) in &*all {
            for (method, by_status) in METHODS.into_iter().zip(&**by_kind) {
                for (status, durations) in STATUSES.into_iter().zip(by_status) {
                    let took = durations.distribution();
                    if took.number > 0 {
                        answered.push(Answered {
                            route: route.clone(),
                            method,
                            status,
                            took,
                        });
                    }
                }
            }
        }
        answered
    }
}
