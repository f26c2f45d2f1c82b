//! What may be asked with, from the same lists that it is read by.

use app::address::Theme;
use model::{Kind, Ranking, View, Window};
use serde_json::Value;
use utoipa::{
    IntoParams,
    openapi::{
        Object, ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

/// Two or three letters, and whatever stands behind them in a tag such as `pt-BR`. Three such words name
/// no language.
const LANG: &str = r"^(?![uU][nN][dD]([-_]|$)|[zZ][xX][xX]([-_]|$)|[mM][uU][lL]([-_]|$))[A-Za-z]{2,3}([-_][\s\S]*)?$";

/// Which board.
pub(in super::super) struct OfBoard;

impl IntoParams for OfBoard {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let usual = View::default();
        let rows = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(View::MOST_ROWS))
            .default(Some(usual.rows.into()));
        let lang = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(LANG))
            .examples(["en"]);
        let sources = Kind::ALL.map(Kind::name).into_iter().chain(["external"]);
        vec![
            window(),
            query(
                "by",
                "By what tags are ordered: mentions, distinct authors, or the rise above the own past",
                one_of(Ranking::ALL.map(Ranking::name), Some(usual.by.name())),
            ),
            query("k", "How many rows at most", rows.build()),
            query("lang", "Only posts in this language", lang.build()),
            query(
                "source",
                "Only posts of this kind of source; `external` is the board that another program has \
                 posted, whose window is always `all`",
                one_of(sources, None),
            ),
        ]
    }
}

/// Which window of one tag.
pub(in super::super) struct OfTag;

impl IntoParams for OfTag {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![window()]
    }
}

/// How a picture looks.
pub(in super::super) struct OfPicture;

impl IntoParams for OfPicture {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let themes = [Theme::Dark, Theme::Light].map(Theme::name);
        let usual = Some(Theme::Light.name());
        vec![query("theme", "How it looks", one_of(themes, usual))]
    }
}

/// What the client has already.
pub(in super::super) struct IfNoneMatch;

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let why = "The `ETag` of what the client has: it is answered 304 while it is the same";
        vec![parameter("If-None-Match", why, text(), ParameterIn::Header)]
    }
}

/// The last event that the client had.
pub(in super::super) struct LastEventId;

impl LastEventId {
    pub(in super::super) const IN_QUERY: &str = "last_event_id";
}

impl IntoParams for LastEventId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let why = "The `id` of the last event that the client had; one that is not the newest's is \
                   answered with the newest at once";
        let instead = "As the header, for clients that cannot set one; the header goes first";
        vec![
            parameter("Last-Event-ID", why, text(), ParameterIn::Header),
            query(Self::IN_QUERY, instead, text()),
        ]
    }
}

/// Which part of what is trending.
pub(in super::super) struct OfTrends;

impl OfTrends {
    /// How many, where none is said.
    pub(in super::super) const LIMIT: usize = 10;
}

impl IntoParams for OfTrends {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let whole = || ObjectBuilder::new().schema_type(Type::Integer);
        let limit = whole()
            .minimum(Some(i64::MIN as isize))
            .maximum(Some(i64::MAX as isize))
            .default(Some(Self::LIMIT.into()));
        let offset = whole().minimum(Some(0)).maximum(Some(usize::MAX));
        let most = "How many at most; 20 where it is more, and a sign is not minded";
        vec![
            query("limit", most, limit.build()),
            query("offset", "How many are left out before", offset.build()),
        ]
    }
}

/// How posts are sent.
pub(in super::super) struct OfPosts;

impl IntoParams for OfPosts {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[!-~]{1,255}$"))
            .build();
        let once = "A repeat with the same key counts once and is answered the same, for 24 hours";
        vec![parameter("Idempotency-Key", once, key, ParameterIn::Header)]
    }
}

fn window() -> Parameter {
    let usual = Some(Window::default().name());
    query(
        "window",
        "Over which time mentions are counted",
        one_of(Window::ALL.map(Window::name), usual),
    )
}

fn query(name: &str, why: &str, schema: Object) -> Parameter {
    parameter(name, why, schema, ParameterIn::Query)
}

fn parameter(name: &str, why: &str, schema: Object, place: ParameterIn) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(why))
        .schema(Some(schema))
        .build()
}

fn one_of(names: impl IntoIterator<Item = &'static str>, usual: Option<&str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .default(usual.map(Value::from))
        .build()
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}
