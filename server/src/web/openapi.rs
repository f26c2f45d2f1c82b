//! The description of the API for programs: `GET /api/v1/openapi.json`, OpenAPI 3.1.
//!
//! It is made from the code: each handler bears its part (`utoipa::path`), what is answered its own
//! (`ToSchema`); [`described`](super::described) has what several handlers share, and what holds for
//! all is added here once. A new address is a line in [`Description`]; a test finds the one that is
//! forgotten.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::{http::HeaderMap, response::Response};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Deprecated, ObjectBuilder, RefOr, Schema, Type,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    alerts, api,
    described::{Faults, IfNoneMatch, NotModified, answers},
    error::ApiError,
    etag, pictures, posts, status, stream, trends,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "tagtide",
        description = "What is trending now. Every address that is read by `GET` answers `HEAD` too, \
            and scripts of any site may read it. Names are not changed, more may be added. A method that \
            an address does not take is answered 405, a wrong address 404, both in the shape of `Error`.",
    ),
    paths(
        api::top,
        api::top_csv,
        pictures::top_svg,
        pictures::top_png,
        stream::stream,
        api::tag,
        trends::tags,
        alerts::alerts,
        status::status,
        posts::post,
        openapi,
    ),
    modifiers(&Common),
)]
struct Description;

/// This description
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    params(IfNoneMatch),
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"),
        NotModified,
        Faults,
    )
)]
pub(super) async fn openapi(headers: HeaderMap) -> Result<Response, ApiError> {
    static DESCRIPTION: LazyLock<Option<String>> =
        LazyLock::new(|| Description::openapi().to_json().ok());
    let description = DESCRIPTION.clone().ok_or_else(ApiError::internal)?;
    let description = description.into_bytes();
    Ok(etag::answer(&headers, "application/json", description))
}

/// What holds for all.
struct Common;

impl Modify for Common {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let token = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Where the operator has set one"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let schemas = &mut components.schemas;
        schemas.extend([answers::error_schema()]);
        for schema in schemas.values_mut() {
            all_required(schema);
        }
        let paths = &mut api.paths.paths;
        if let Some(mut trends) = paths.get("/api/v1/trends/tags").cloned() {
            if let Some(operation) = &mut trends.get {
                operation.operation_id = Some("trends_as_once".to_owned());
                operation.deprecated = Some(Deprecated::True);
            }
            paths.insert("/api/v1/trends".to_owned(), trends);
        }
        for path in paths.values_mut() {
            for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
                // They would be called by the modules of the code.
                operation.tags = None;
            }
            if let Some(read) = &mut path.get {
                describe_headers(read);
            }
        }
    }
}

/// What is not known is `null` and never left out.
fn all_required(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema {
        object.required = object.properties.keys().cloned().collect();
    }
}

fn describe_headers(read: &mut Operation) {
    let responses = &mut read.responses.responses;
    let is_tagged = responses.contains_key("304");
    for (status, response) in responses {
        let RefOr::T(response) = response else {
            continue;
        };
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let mut add = |name: &str, why, schema| {
            let header = answers::header(why, schema);
            response.headers.insert(name.to_owned(), header.into());
        };
        let any = text().enum_values(Some([Value::from("*")]));
        add("Access-Control-Allow-Origin", "Any site may read it", any);
        if is_tagged && matches!(status.as_str(), "200" | "304") {
            let tag = text().pattern(Some("^W/\"[0-9a-f]{16}\"$"));
            add("ETag", "For `If-None-Match`", tag);
        }
    }
}
