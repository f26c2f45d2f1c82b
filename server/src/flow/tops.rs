//! Merged parts as the tops that people read.

use std::time::Duration;

use engine::{count::Partial, grammar::Grammar};
use jiff::Timestamp;
use model::{Epoch, Ranking, Row, Top, Window};

use crate::{epoch::end_of, results::Results};

pub(super) fn results(epoch: Epoch, merged: Partial, batch: Duration, grammar: Grammar) -> Results {
    let at = i64::try_from(end_of(epoch, batch))
        .ok()
        .map(Timestamp::from_millisecond);
    let at = at
        .and_then(Result::ok)
        .unwrap_or(Timestamp::MAX)
        .to_string();
    let tops = Window::ALL
        .into_iter()
        .zip(merged.parts)
        .map(|(window, part)| {
            let mentions = part.mentions;
            let row = |(leader, rank): (engine::count::Leader, u32)| {
                let tag = grammar.shown(&leader.spelling);
                Row::counted(rank, tag, leader.count, mentions)
            };
            Top {
                window,
                by: Ranking::Count,
                epoch,
                at: at.clone(),
                posts: part.posts,
                mentions,
                tags: part.tags,
                rows: part.leaders.into_iter().zip(1..).map(row).collect(),
            }
        });
    Results::new(epoch, tops.collect())
}
