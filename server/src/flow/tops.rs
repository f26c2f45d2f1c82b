//! What the count gives as what people read.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use engine::{
    alerts::{RISING, Seen},
    count::{Detail, Leader, Leaders, Part, Partial, Sampled, Trend, day_of},
    grammar::Grammar,
    key::Key,
};
use jiff::Timestamp;
use model::{
    Epoch, Kind, Lang, LangCount, Link, Pulse, Ranking, Row, SourceCount, Step, TagCount,
    TagDetail, Top, Window,
};

use crate::{
    epoch::end_of,
    results::{Pending, Queue, Results, Trending, Trends, Watched, Whole},
};

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
    let mut results = Results::new(epoch, tops, whole(merged, batch));
    results.watched = watched(merged, grammar);
    results
}

/// What alerts are decided by.
fn watched(merged: &Partial, grammar: Grammar) -> Watched {
    let seen = |window: Window, leader: &Leader| Seen {
        key: leader.key.clone(),
        window,
        tag: grammar.shown(&leader.spelling),
        count: leader.count,
        error: leader.error,
        people: leader.people,
        score: leader.score,
    };
    let rising = merged.first(RISING, Ranking::Rising);
    Watched {
        rising: each(rising, |leader| seen(RISING, leader)),
        tags: each(&merged.watched, |(window, leader)| seen(*window, leader)),
    }
}

/// Languages that can be chosen from are so many at most.
const MOST_LANGUAGES: usize = 60;

fn whole(merged: &Partial, batch: Duration) -> Whole {
    let mut languages: BTreeMap<&str, (Lang, u64)> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, (Kind, u64)> = BTreeMap::new();
    for (slice, mentions) in &merged.slices {
        kinds
            .entry(slice.source.name())
            .or_insert((slice.source, 0))
            .1 += mentions;
        if let Some(lang) = &slice.lang {
            languages.entry(lang.as_str()).or_insert((*lang, 0)).1 += mentions;
        }
    }
    let pulse = &merged.pulse;
    let seconds = pulse.epochs as f64 * batch.as_secs_f64();
    let rate = |number: u64| (number as f64 / seconds.max(0.1) * 10.0).round() / 10.0;
    Whole {
        pulse: Pulse {
            posts_per_second: rate(pulse.posts),
            mentions_per_second: rate(pulse.mentions),
            lag_ms: 0,
            recent: pulse.recent.clone(),
        },
        languages: most_first(languages, MOST_LANGUAGES),
        kinds: most_first(kinds, Kind::ALL.len()),
    }
}

/// Those with mentions; equal ones by name.
fn most_first<T: Copy>(by_name: BTreeMap<&str, (T, u64)>, most: usize) -> Vec<T> {
    let mut found: Vec<(T, u64)> = by_name.into_values().filter(|(_, n)| *n > 0).collect();
    // Stable: equal ones stay in their order.
    found.sort_by_key(|(_, mentions)| Reverse(*mentions));
    found.into_iter().take(most).map(|(it, _)| it).collect()
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
        rising_since: found
            .rising_since
            .map(|first| time(end_of(before(first), batch))),
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

pub(super) fn trends(epoch: Epoch, found: &[Trend], batch: Duration, grammar: Grammar) -> Trends {
    Trends {
        epoch,
        today: day_of(epoch, batch.as_millis() as u64),
        tags: each(found, |Trend { leader, beside }| Trending {
            tag: grammar.shown(&leader.spelling),
            key: leader.key.to_string(),
            days: *beside,
        }),
    }
}

pub(super) fn pending(epoch: Epoch, found: &[Sampled], grammar: Grammar) -> Queue {
    Queue {
        epoch,
        tags: each(found, |Sampled { leader, beside }| Pending {
            key: leader.key.clone(),
            tag: grammar.shown(&leader.spelling),
            count: leader.count,
            people: leader.people,
            link: beside.url().map(str::to_owned),
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

#[cfg(test)]
mod tests {
    use engine::count;
    use model::Slice;

    use super::*;

    #[test]
    fn the_pulse_is_a_rate_to_a_tenth() {
        let merged = Partial {
            pulse: count::Pulse {
                epochs: 3,
                posts: 100,
                mentions: 7,
                recent: vec![1, 2],
            },
            ..Partial::default()
        };
        let pulse = whole(&merged, Duration::from_secs(2)).pulse;
        let rates = (pulse.posts_per_second, pulse.mentions_per_second);
        assert_eq!((rates, pulse.recent), ((16.7, 1.2), vec![1, 2]));
        let none = whole(&Partial::default(), Duration::from_secs(2)).pulse;
        assert_eq!(none, Pulse::default());
    }

    #[test]
    fn choices_are_those_with_most_mentions_and_equal_ones_by_name() {
        let slice = |source, lang: &str| Slice {
            source,
            lang: Lang::of_tag(lang),
        };
        let mut slices = BTreeMap::from([
            (slice(Kind::Tcp, "pt"), 5),
            (slice(Kind::Tcp, "de"), 5),
            (slice(Kind::Tcp, ""), 9),
            (slice(Kind::Tcp, "fr"), 0),
            (slice(Kind::File, "en"), 4),
            (slice(Kind::Bluesky, "en"), 15),
            (slice(Kind::X, ""), 0),
        ]);
        let of = |slices: &BTreeMap<Slice, u64>| {
            let merged = Partial {
                slices: slices.clone(),
                ..Partial::default()
            };
            whole(&merged, Duration::from_secs(2))
        };
        let some = of(&slices);
        assert_eq!(some.kinds, [Kind::Tcp, Kind::Bluesky, Kind::File]);
        let names: Vec<_> = some.languages.iter().map(Lang::as_str).collect();
        assert_eq!(names, ["en", "de", "pt"]);
        for letters in 0..100_u8 {
            let name = [b'a' + letters / 10, b'a' + letters % 10, b'x'].map(char::from);
            let name: String = name.iter().collect();
            slices.insert(slice(Kind::File, &name), 1);
        }
        let many = of(&slices).languages;
        assert_eq!((many.len(), many[0].as_str()), (60, "en"));
    }
}
