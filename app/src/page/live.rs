//! What a page shows now, and in the browser the `driver` that keeps it new; `feed` is how each page
//! asks, and what it makes of the answers.

#[cfg(feature = "hydrate")]
mod driver;
#[cfg(feature = "hydrate")]
mod feed;

use std::sync::Arc;

use leptos::prelude::*;
use model::{Answer, Board, Notice, Origin, Ranking, Row, TagAnswer, TagDetail, View};

use super::arrange::Arranged;
use crate::{
    address::Mode,
    ask::{TagView, Told},
    poll::Health,
    words,
};

#[cfg(feature = "hydrate")]
pub(crate) use driver::keep;

/// The line to the server, and how old what came over it is: the same on every page.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// How the address asks for the page to be shown.
    pub mode: Memo<Mode>,
    pub health: RwSignal<Health>,
    /// While cut off: when the server is asked again, in the reader's time.
    pub next_try: RwSignal<Option<String>>,
    /// Minutes from UTC to the reader's time; `None` until the browser has said it.
    pub zone: RwSignal<Option<i32>>,
    /// How many newer boards have come while the page is paused.
    pub updates: RwSignal<u32>,
    /// What is read out.
    pub announcement: RwSignal<String>,
    /// Set to ask without waiting.
    pub urge: Trigger,
    /// The time of the newest data, in full; `None` while there is none.
    pub at: Signal<Option<String>>,
}

impl Line {
    fn new(mode: Memo<Mode>, at: Signal<Option<String>>) -> Self {
        Self {
            mode,
            health: RwSignal::new(Health::Sent),
            next_try: RwSignal::new(None),
            zone: RwSignal::new(None),
            updates: RwSignal::new(0),
            announcement: RwSignal::new(String::new()),
            urge: Trigger::new(),
            at,
        }
    }

    /// The time of the newest data as the reader's clock shows it.
    pub fn time(self) -> Signal<String> {
        Signal::derive(move || words::time_in(self.zone.get(), &self.at.get().unwrap_or_default()))
    }
}

/// The state that the parts of the board share.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// What the address asks for.
    pub view: Memo<View>,
    /// The newest board that has come. It stays when nothing newer comes.
    pub shown: RwSignal<Shown>,
    /// Whose counts it shows, which may not yet be what the address asks for.
    pub origin: Memo<Origin>,
    /// By what its rows are ordered.
    pub by: Memo<Ranking>,
    /// The newest board, where the page is paused and does not show it.
    pub kept: RwSignal<Option<Shown>>,
    /// What the reader has done to the rows.
    pub arranged: Arranged,
    /// The newest alerts but of tags that the reader has muted.
    pub alerts: Memo<Vec<Notice>>,
    /// The rows of the board without those that the reader has muted.
    pub ranked: Memo<Vec<Row>>,
    /// Those that are shown, as they stand from above.
    pub rows: Memo<Vec<Row>>,
    pub line: Line,
}

/// A board and the view that it was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    pub of: View,
    /// `None` while the server has none yet.
    pub board: Option<Arc<Board>>,
}

impl Live {
    pub fn new(view: Memo<View>, mode: Memo<Mode>, first: Option<Told>) -> Self {
        let board = match first {
            Some(Told::Board(Answer::Board(board))) => Some(Arc::new(board)),
            _ => None,
        };
        let shown = RwSignal::new(Shown {
            of: view.get_untracked(),
            board,
        });
        let arranged = Arranged::new();
        let ranked = Memo::new(move |_| {
            shown.with(|shown| {
                let rows = shown.board.as_ref().map(|board| &board.top.rows[..]);
                arranged.unmuted(rows.unwrap_or_default())
            })
        });
        let rows = Memo::new(move |before: Option<&Vec<Row>>| {
            ranked.with(|rows| arranged.rows(before.map_or(&[], Vec::as_slice), rows))
        });
        let alerts = Memo::new(move |_| {
            let of = |board: &Arc<Board>| board.alerts.clone();
            let mut alerts = shown.with(|shown| shown.board.as_ref().map(of).unwrap_or_default());
            alerts.retain(|notice| !arranged.is_muted(&notice.tag));
            alerts
        });
        let at = Memo::new(move |_| {
            shown.with(|shown| shown.board.as_ref().map(|board| board.top.at.clone()))
        });
        Self {
            view,
            shown,
            origin: Memo::new(move |_| shown.with(|shown| shown.of.origin)),
            by: Memo::new(move |_| shown.with(|shown| shown.of.by)),
            kept: RwSignal::default(),
            arranged,
            alerts,
            ranked,
            rows,
            line: Line::new(mode, at.into()),
        }
    }

    /// A part of the newest board, and news only where that part is new.
    pub fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        part: fn(&Board) -> T,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.shown.with(|shown| shown.board.as_deref().map(part)))
    }
}

/// The state that the parts of a tag's page share.
#[derive(Clone, Copy, Debug)]
pub struct LiveTag {
    /// What the address asks for.
    pub view: Memo<TagView>,
    pub shown: RwSignal<ShownTag>,
    pub line: Line,
}

/// What is known of a tag, and the view that it was asked for.
#[derive(Clone, Debug)]
pub struct ShownTag {
    pub of: TagView,
    pub tag: Known,
}

#[derive(Clone, Debug)]
pub enum Known {
    /// The server has not answered yet, or is starting.
    NotYet,
    Never,
    Blocked,
    Tag(Arc<TagDetail>),
}

impl LiveTag {
    pub fn new(view: Memo<TagView>, mode: Memo<Mode>, first: Option<Told>) -> Self {
        let tag = match first {
            Some(Told::Tag(TagAnswer::Tag(detail))) => Known::Tag(Arc::new(detail)),
            Some(Told::Tag(TagAnswer::NeverSeen)) => Known::Never,
            Some(Told::Tag(TagAnswer::Blocked)) => Known::Blocked,
            _ => Known::NotYet,
        };
        let of = view.get_untracked();
        let shown = RwSignal::new(ShownTag { of, tag });
        let at = Memo::new(move |_| {
            shown.with(|shown| match &shown.tag {
                Known::Tag(detail) => Some(detail.at.clone()),
                Known::NotYet | Known::Never | Known::Blocked => None,
            })
        });
        Self {
            view,
            shown,
            line: Line::new(mode, at.into()),
        }
    }
}
