//! What the count gives as what people read.

use std::{collections::BTreeMap, time::Duration};

use engine::{
    count::{Detail, Leader, Leaders, Part, Partial},
    grammar::Grammar,
    key::Key,
};
use jiff::Timestamp;
use model::{
    Epoch, LangCount, Link, Ranking, Row, SourceCount, Step, TagCount, TagDetail, Top, Window,
};

use crate::{epoch::end_of, results::Results};

pub(super) fn results(
    epoch: Epoch,
    merged: &Partial,
    batch: Duration,
    grammar: Grammar,
) -> Results {
    let at = time(end_of(epoch, batch));
    let top = |window, by, part: &Part, leaders: &Leaders| Top {
        window,
        by,
        epoch,
        at: at.clone(),
        posts: part.posts,
        mentions: part.mentions,
        tags: part.tags,
        rows: rows(leaders, part.mentions, &merged.recent, grammar),
    };
    let mut tops = Vec::with_capacity(Window::ALL.len() * Ranking::ALL.len());
    for (window, part) in Window::ALL.into_iter().zip(&merged.parts) {
        for (by, leaders) in Ranking::ALL.into_iter().zip(&part.rankings) {
            tops.push(top(window, by, part, leaders));
        }
    }
    Results::new(epoch, tops)
}

fn rows(
    leaders: &Leaders,
    mentions: u64,
    recent: &BTreeMap<Key, Vec<u64>>,
    grammar: Grammar,
) -> Vec<Row> {
    let row = |((rank, leader), change): ((u32, &Leader), Option<i32>)| Row {
        rank,
        tag: grammar.shown(&leader.spelling),
        count: leader.count,
        error: leader.error,
        people: leader.people,
        score: leader.score,
        share: (leader.count as f64 / mentions.max(1) as f64).min(1.0),
        change,
        recent: recent.get(&leader.key).cloned().unwrap_or_default(),
    };
    let now = (1..).zip(&leaders.now);
    now.zip(leaders.changes()).map(row).collect()
}

pub(super) fn detail(
    epoch: Epoch,
    window: Window,
    found: &Detail,
    batch: Duration,
    grammar: Grammar,
) -> TagDetail {
    let leader = &found.leader;
    let tag = |spelling: &str, count: &u64| TagCount {
        tag: grammar.shown(spelling),
        count: *count,
    };
    let before = |epoch: Epoch| Epoch(epoch.0.saturating_sub(1));
    TagDetail {
        tag: grammar.shown(&leader.spelling),
        key: leader.key.to_string(),
        window,
        epoch,
        at: time(end_of(epoch, batch)),
        count: leader.count,
        error: leader.error,
        people: leader.people,
        score: leader.score,
        rising_since: None,
        languages: each(&found.languages, |(lang, count)| LangCount {
            lang: *lang,
            count: *count,
        }),
        sources: each(&found.sources, |(source, count)| SourceCount {
            source: *source,
            count: *count,
        }),
        spellings: each(&found.spellings, |(spelling, count)| tag(spelling, count)),
        together: each(&found.together, |(named, count)| {
            tag(&named.spelling, count)
        }),
        series: each(&found.series, |(first, count)| Step {
            // An epoch begins when the one before it ends.
            at: time(end_of(before(*first), batch)),
            count: *count,
        }),
        posts: each(&found.links, |(url, source, epoch)| Link {
            url: url.to_string(),
            source: *source,
            at: time(end_of(*epoch, batch)),
        }),
    }
}

fn each<A, B>(all: &[A], f: impl Fn(&A) -> B) -> Vec<B> {
    all.iter().map(f).collect()
}

/// RFC 3339, in UTC.
fn time(millis: u64) -> String {
    let at = i64::try_from(millis)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.unwrap_or(Timestamp::MAX).to_string()
}
