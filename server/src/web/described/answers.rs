//! What is answered in more than one place.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Header, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type},
};

use super::super::error::ErrorBody;

type Responses = BTreeMap<String, RefOr<Response>>;

/// The client has it.
pub(in super::super) struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> Responses {
        let response = Response::new("It is what bears the `ETag` that the client named");
        BTreeMap::from([("304".to_owned(), response.into())])
    }
}

/// Where there is a query, and something counted to be told of.
pub(in super::super) struct Errors;

impl IntoResponses for Errors {
    fn responses() -> Responses {
        let mut responses = Faults::responses();
        responses.extend([
            error("400", "A parameter is wrong: `bad_window`, `bad_by`, `bad_k`, `bad_lang`, `bad_source`, `bad_theme`, `bad_limit`, `bad_offset`, `bad_query`"),
            error("503", "Not now, but soon: `starting`, or `busy` where others are served first"),
        ]);
        responses
    }
}

/// Where posts are sent.
pub(in super::super) struct PostsErrors;

impl IntoResponses for PostsErrors {
    fn responses() -> Responses {
        BTreeMap::from([
            error(
                "400",
                "`bad_key`: the `Idempotency-Key` is none; `bad_body`: the body is damaged or has no end",
            ),
            error(
                "401",
                "`no_token`: the operator has set a token, and this is another or none",
            ),
            error(
                "403",
                "`other_site`: a browser sends it for a page of another site",
            ),
            error(
                "408",
                "`timed_out`: the body did not come within 60 seconds",
            ),
            error("413", "`too_large`: send it in parts"),
            error("415", "`unsupported_type`, `unsupported_coding`"),
            error("422", "`key_reused`: the key came with another body before"),
            error(
                "429",
                "Not now: `busy`, `no_room`, `too_many_keys`, `too_many_requests`",
            ),
            error("500", "`internal`: the server failed, and its log says how"),
            error(
                "503",
                "`ending`, `joining`, `not_sealed`: send it again when the server is back; `away`: when all of the \
                 cluster are",
            ),
        ])
    }
}

/// Where there is a tag.
pub(in super::super) struct NoSuchTag;

impl IntoResponses for NoSuchTag {
    fn responses() -> Responses {
        BTreeMap::from([error(
            "404",
            "`unknown_tag`: no post that was counted bears it; `blocked_tag`: it is not shown here",
        )])
    }
}

/// What any address may answer.
pub(in super::super) struct Faults;

impl IntoResponses for Faults {
    fn responses() -> Responses {
        BTreeMap::from([
            error("408", "`timed_out`: the answer took too long"),
            error(
                "429",
                "`too_many_requests`: this client asks more than one may",
            ),
            error("500", "`internal`: the server failed, and its log says how"),
        ])
    }
}

/// In the one shape of errors; what may be other soon says when to come back.
fn error(status: &str, why: &str) -> (String, RefOr<Response>) {
    let body = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ErrorBody::name())))
        .build();
    let mut response = ResponseBuilder::new()
        .description(why)
        .content("application/json", body);
    if matches!(status, "429" | "503") {
        response = response.header("Retry-After", seconds());
    }
    (status.to_owned(), response.build().into())
}

fn seconds() -> Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1));
    header("Seconds after which it is worth trying again", schema)
}

pub(in super::super) fn header(why: &str, schema: ObjectBuilder) -> Header {
    let mut header = Header::new(schema.build());
    header.description = Some(why.to_owned());
    header
}

/// The schema that all errors have.
pub(in super::super) fn error_schema() -> (String, RefOr<utoipa::openapi::Schema>) {
    (ErrorBody::name().into_owned(), ErrorBody::schema())
}
