//! The newest alerts: `GET /api/v1/alerts`. A name in it is not changed.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Web,
    described::{Faults, IfNoneMatch, NotModified},
    error::ApiError,
    etag,
};
use crate::alerts::MOST_LISTED;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alerts)]
pub(super) struct Listed {
    alerts: Vec<model::Alert>,
}

/// What has reached a threshold, the newest first
///
/// Up to a hundred. None is of a tag that is blocked now.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    params(IfNoneMatch),
    responses(
        (status = 200, description = "The newest alerts", body = Listed),
        NotModified,
        Faults,
    )
)]
pub(super) async fn alerts(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let newest = web.alerts.newest(MOST_LISTED, web.live.is_hidden());
    let alerts = newest.iter().map(|alert| alert.shown()).collect();
    let body = serde_json::to_vec(&Listed { alerts }).map_err(|_| ApiError::internal())?;
    Ok(etag::answer(&headers, "application/json", body))
}
