//! What is done around every answer: who asks for it is known and may not ask for too much; it is counted,
//! has a time limit, the headers that all have, and its errors their shape.
//!
//! In one layer, since each of them costs every request a copy of all that lies below.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Web, cors,
    error::{ApiError, Shape},
    requests::Counted,
    security, visitor,
};

pub(super) async fn around(
    State(web): State<Arc<Web>>,
    mut request: Request,
    next: Next,
) -> Response {
    visitor::meet(web.clients.proxies(), &mut request);
    // Outside of all else, so that what others refuse is counted too.
    let counted = Counted::begins(&web.requests, &request);
    let is_open = cors::reads(&request);
    let response = if is_open && cors::asks_before(&request) {
        // Not often, and others need not make room for it.
        Box::pin(cors::may(request, next)).await
    } else {
        let shape = Shape::of(&request);
        let asked = web.rates.ask(&request);
        let mut response = match asked.refusal() {
            None if !security::names_its_host(&request) => ApiError::no_host().into_response(),
            None => {
                security::limit_body(&mut request);
                let limit = security::time_limit(&request);
                security::in_time(limit, next.run(request)).await
            }
            Some(refusal) => refusal.into_response(),
        };
        asked.tell(response.headers_mut());
        response = shape.of_errors(response, &web.site);
        security::harden(response.headers_mut());
        if is_open {
            cors::open(response.headers_mut());
        }
        response
    };
    counted.ends(&response);
    response
}
