//! The chart as a picture to take away: as SVG, and as PNG for whoever shows no SVG.
//!
//! A PNG takes a while, so it is made on a thread for such work, one at a time, and kept for all who
//! ask for what it was drawn after: a crowd costs one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use app::{address::Theme, chart::svg::svg};
use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header::CONTENT_SECURITY_POLICY},
    response::Response,
};
use model::{Epoch, Top, View};
use resvg::{
    render,
    tiny_skia::{Pixmap, Transform},
    usvg::Tree,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    Web,
    answers::Form,
    api::{self, Parameters},
    described::{Errors, IfNoneMatch, NotModified, OfBoard, OfPicture},
    error::ApiError,
    etag::{ETag, Tagged},
    fonts,
};
use crate::kept::Kept;

/// What is drawn of the same picture stays right for ever.
const ALWAYS: Epoch = Epoch(0);

/// Makes pictures. A clone is the same maker.
#[derive(Clone, Debug)]
pub(crate) struct Pictures(Arc<Maker>);

#[derive(Debug)]
struct Maker {
    kept: Kept<ETag, Bytes>,
    turn: Arc<Semaphore>,
    drawn: AtomicU64,
    refused: AtomicU64,
}

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Maker {
            kept: Kept::default(),
            turn: Arc::new(Semaphore::new(1)),
            drawn: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }))
    }
}

impl Pictures {
    /// How many were made.
    pub(super) fn drawn(&self) -> u64 {
        self.0.drawn.load(Relaxed)
    }

    /// How many were not there in time.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// `svg`, which bears this tag, as PNG; `None` when it takes too long.
    async fn png(&self, tag: ETag, svg: Bytes) -> Option<Bytes> {
        let Maker {
            kept,
            turn,
            drawn,
            refused,
        } = &*self.0;
        let make = async || {
            let turn = turn.clone().acquire_owned().await.ok()?;
            let made = spawn_blocking(move || {
                // Also when nobody waits any more: the next one waits for this.
                let _turn = turn;
                png(&svg)
            });
            let made = made.await.ok()??;
            drawn.fetch_add(1, Relaxed);
            Some((ALWAYS, made))
        };
        let picture = kept.get(tag, ALWAYS, make).await;
        if picture.is_none() {
            refused.fetch_add(1, Relaxed);
        }
        picture
    }
}

fn png(svg: &[u8]) -> Option<Bytes> {
    let tree = Tree::from_data(svg, &fonts::options())
        .inspect_err(|error| tracing::error!("a picture cannot be read: {error}"))
        .ok()?;
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height())?;
    render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().ok().map(Bytes::from)
}

/// The same as a picture
#[utoipa::path(
    get,
    path = "/api/v1/top.svg",
    params(OfBoard, OfPicture, IfNoneMatch),
    responses(
        (status = 200, description = "1200 by 630 pixels", body = String, content_type = "image/svg+xml"),
        NotModified,
        Errors,
    )
)]
pub(super) async fn top_svg(
    State(web): State<Arc<Web>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked = Asked::read(parameters)?;
    let svg = asked.draw(&web).await?;
    let mut response = svg.answer(&headers, "image/svg+xml");
    // There is nothing in it to run, and where it is opened by itself nothing could.
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    Ok(response)
}

/// The same as a picture, for what shows no SVG
#[utoipa::path(
    get,
    path = "/api/v1/top.png",
    params(OfBoard, OfPicture, IfNoneMatch),
    responses(
        (status = 200, description = "1200 by 630 pixels", body = Vec<u8>, content_type = "image/png"),
        NotModified,
        Errors,
    )
)]
pub(super) async fn top_png(
    State(web): State<Arc<Web>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked = Asked::read(parameters)?;
    // It is drawn after the other, so who has that one's has this.
    let Tagged { tag, body, .. } = asked.draw(&web).await?;
    if tag.is_known(&headers) {
        return Ok(tag.not_modified());
    }
    let png = web.pictures.png(tag.clone(), body).await;
    Ok(tag.content("image/png", png.ok_or_else(ApiError::busy)?))
}

struct Asked {
    view: View,
    theme: Theme,
}

impl Asked {
    fn read(parameters: Result<Query<Parameters>, QueryRejection>) -> Result<Self, ApiError> {
        let parameters = api::read(parameters)?;
        Ok(Self {
            view: api::view(&parameters)?,
            theme: theme(&parameters)?,
        })
    }

    async fn draw(&self, web: &Web) -> Result<Tagged, ApiError> {
        let draw = |top: &Top| Some(svg(self.view, top, self.theme).into_bytes());
        web.made(self.view, Form::Svg(self.theme), draw).await
    }
}

fn theme(parameters: &Parameters) -> Result<Theme, ApiError> {
    let mut given = parameters.iter().rev();
    let Some((_, name)) = given.find(|(name, _)| name == "theme") else {
        return Ok(Theme::Light);
    };
    let mut themes = [Theme::Dark, Theme::Light].into_iter();
    let found = themes.find(|theme| theme.name() == name);
    found.ok_or_else(|| ApiError::bad_request("bad_theme", "theme is one of: dark, light"))
}
