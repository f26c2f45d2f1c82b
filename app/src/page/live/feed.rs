//! How each page asks, and what it makes of the answers.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use model::{Answer, Board, Origin, SourceState, TagAnswer, View};

use super::{Known, Live, LiveTag, Shown, ShownTag};
use crate::{
    ask::{Asked, Held, Told},
    page::alerts,
    poll::Event,
};

/// A page that is kept new.
pub(crate) trait Feed {
    /// Wakes the effect that this is called in when another view is wanted.
    fn track(&self);
    /// The page has come alive: from here on it may differ from what was sent.
    fn begin(&self) {}
    /// There is nothing to show yet.
    fn is_empty(&self) -> bool;
    /// What to ask now.
    fn asked(&self) -> Asked;
    /// Shows what it was told when it asked that.
    fn show(&self, asked: Asked, told: Told) -> Event;
    /// How long counts may stand still; `None` where they have every reason to.
    fn patience(&self) -> Option<Duration>;
    /// Who leads what is shown, where that is worth saying.
    fn leader(&self) -> Option<String>;
    /// The newest alert in a sentence.
    fn alert(&self) -> Option<String>;
}

fn answered(news: bool, late: bool) -> Event {
    Event::Answered { news, late }
}

impl Feed for Live {
    fn track(&self) {
        self.view.track();
        if !self.line.mode.get().paused {
            self.go_on();
        }
    }

    fn begin(&self) {
        self.arranged.remember();
    }

    fn is_empty(&self) -> bool {
        self.shown.with_untracked(|shown| shown.board.is_none())
    }

    fn asked(&self) -> Asked {
        Asked::Board(self.view.get_untracked(), self.held())
    }

    fn show(&self, asked: Asked, told: Told) -> Event {
        match (asked, told) {
            (Asked::Board(of, _), Told::Board(answer)) => self.show_board(of, answer),
            _ => Event::Failed,
        }
    }

    /// Where no source is live the counts have reason to stand still, and another program's
    /// board comes when it comes. Where one has ended, it may have been a replay, after which
    /// time stands still until a post comes; then the server's word holds alone.
    fn patience(&self) -> Option<Duration> {
        self.shown.with_untracked(|shown| {
            let board = shown.board.as_ref()?;
            let any = |state| board.sources.iter().any(|source| source.state == state);
            let flows = matches!(shown.of.origin, Origin::Counted(_))
                && any(SourceState::Live)
                && !any(SourceState::Ended);
            let batches = Duration::from_millis(board.batch_ms.saturating_mul(5));
            flows.then(|| batches.max(Duration::from_secs(10)))
        })
    }

    fn leader(&self) -> Option<String> {
        self.ranked
            .with_untracked(|rows| rows.first().map(|row| row.tag.clone()))
    }

    fn alert(&self) -> Option<String> {
        self.alerts
            .with_untracked(|alerts| alerts.first().map(alerts::spoken))
    }
}

impl Live {
    /// What is held of the view that is asked for: nothing where another one is shown.
    fn held(self) -> Held {
        let held = |shown: &Shown| {
            let board = shown
                .board
                .as_ref()
                .filter(|_| shown.of == self.view.get_untracked());
            Held {
                epoch: board.map(|board| board.top.epoch),
                states: board.map(|board| model::states(&board.sources)),
            }
        };
        let newest = self.kept.with_untracked(|kept| kept.as_ref().map(held));
        newest.unwrap_or_else(|| self.shown.with_untracked(held))
    }

    /// Whether news of this view waits until the page goes on. Of another view than the one that
    /// is shown, the first board is shown at once: that is what the reader asked for.
    fn is_paused(self, of: View) -> bool {
        let same = |shown: &Shown| shown.of == of && shown.board.is_some();
        self.line.mode.get_untracked().paused && self.shown.with_untracked(same)
    }

    /// Shows what has come meanwhile.
    fn go_on(self) {
        if let Some(newest) = self.kept.try_update(Option::take).flatten() {
            self.shown.set(newest);
        }
        self.line.updates.set(0);
    }

    fn show_board(self, of: View, answer: Answer) -> Event {
        match answer {
            Answer::Board(board) => {
                let late = board.behind;
                let newest = Shown {
                    of,
                    board: Some(Arc::new(board)),
                };
                if self.is_paused(of) {
                    self.kept.set(Some(newest));
                    self.line.updates.update(|updates| *updates += 1);
                } else {
                    self.kept.set(None);
                    self.line.updates.set(0);
                    // Other rows have no place to keep.
                    if self.shown.with_untracked(|shown| shown.of != of) {
                        self.arranged.held.set(false);
                    }
                    self.shown.set(newest);
                }
                answered(true, late)
            }
            Answer::Unchanged(news) => {
                let late = news.behind;
                let external = self.part_is(|board| board.external);
                if news.sources.is_some() || external != Some(news.external) {
                    self.renew(|board| {
                        board.external = news.external;
                        if let Some(sources) = &news.sources {
                            board.sources.clone_from(sources);
                        }
                    });
                }
                answered(false, late)
            }
            // The last picture stays.
            Answer::Starting => answered(false, true),
        }
    }

    /// Changes the newest board there is, shown or not.
    fn renew(self, mut change: impl FnMut(&mut Board)) {
        let renew = |shown: &mut Shown| {
            if let Some(board) = shown.board.as_mut().map(Arc::make_mut) {
                change(board);
            }
        };
        if self.kept.with_untracked(Option::is_some) {
            self.kept.update(|kept| kept.iter_mut().for_each(renew));
        } else {
            self.shown.update(renew);
        }
    }

    fn part_is<T>(self, part: fn(&Board) -> T) -> Option<T> {
        let of = |shown: &Shown| shown.board.as_deref().map(part);
        let newest = self.kept.with_untracked(|kept| kept.as_ref().map(of));
        newest.unwrap_or_else(|| self.shown.with_untracked(of))
    }
}

impl Feed for LiveTag {
    fn track(&self) {
        self.view.track();
    }

    fn is_empty(&self) -> bool {
        let not_yet = |shown: &ShownTag| matches!(shown.tag, Known::NotYet);
        self.shown.with_untracked(not_yet)
    }

    fn asked(&self) -> Asked {
        let of = self.view.get_untracked();
        let held = self.shown.with_untracked(|shown| match &shown.tag {
            Known::Tag(detail) if shown.of == of => Some(detail.epoch),
            _ => None,
        });
        Asked::Tag(of, held)
    }

    fn show(&self, asked: Asked, told: Told) -> Event {
        let (Asked::Tag(of, _), Told::Tag(answer)) = (asked, told) else {
            return Event::Failed;
        };
        let tag = match answer {
            TagAnswer::Tag(detail) => Known::Tag(Arc::new(detail)),
            TagAnswer::NeverSeen => Known::Never,
            TagAnswer::Blocked => Known::Blocked,
            TagAnswer::Unchanged { behind } => return answered(false, behind),
            TagAnswer::Starting => return answered(false, true),
        };
        self.shown.set(ShownTag { of, tag });
        answered(true, false)
    }

    /// What the server says of itself holds: a page without sources cannot tell.
    fn patience(&self) -> Option<Duration> {
        None
    }

    fn leader(&self) -> Option<String> {
        None
    }

    fn alert(&self) -> Option<String> {
        None
    }
}
