//! Reads what the server has written.
//!
//! By hand: what serde makes for these types is an eighth of the page. Every field stands in a
//! struct's own expression here, so that none can be forgotten, and the tests read what serde has
//! written.

use model::{
    Answer, Board, Epoch, LangCount, Link, Notice, Pulse, Row, Source, SourceCount, SourceState,
    Spend, Step, TagAnswer, TagCount, TagDetail, Top, Unchanged,
};

use super::Told;

/// What a page arrives with: the outcome of the first question.
pub(super) fn told(text: &str) -> Option<Told> {
    let mut json = parse(text)?;
    if let Some(answer) = json.take("Board") {
        return read_answer(answer).map(Told::Board);
    }
    read_tag_answer(json.take("Tag")?).map(Told::Tag)
}

#[cfg_attr(not(any(test, feature = "hydrate")), expect(dead_code))]
pub(super) fn answer(text: &str) -> Option<Answer> {
    read_answer(parse(text)?)
}

#[cfg_attr(not(any(test, feature = "hydrate")), expect(dead_code))]
pub(super) fn tag_answer(text: &str) -> Option<TagAnswer> {
    read_tag_answer(parse(text)?)
}

fn read_answer(mut json: Json<'_>) -> Option<Answer> {
    if let Some(news) = json.take("Unchanged") {
        return unchanged(news).map(Answer::Unchanged);
    }
    if let Some(board) = json.take("Board") {
        return self::board(board).map(Answer::Board);
    }
    (json.text()? == "Starting").then_some(Answer::Starting)
}

fn read_tag_answer(mut json: Json<'_>) -> Option<TagAnswer> {
    if let Some(mut news) = json.take("Unchanged") {
        let behind = news.take("behind")?.truth()?;
        return Some(TagAnswer::Unchanged { behind });
    }
    if let Some(detail) = json.take("Tag") {
        return self::detail(detail).map(TagAnswer::Tag);
    }
    match &*json.text()? {
        "Starting" => Some(TagAnswer::Starting),
        "NeverSeen" => Some(TagAnswer::NeverSeen),
        "Blocked" => Some(TagAnswer::Blocked),
        _ => None,
    }
}

fn unchanged(mut json: Json<'_>) -> Option<Unchanged> {
    Some(Unchanged {
        epoch: Epoch(json.take("epoch")?.whole()?),
        external: json.take("external")?.truth()?,
        behind: json.take("behind")?.truth()?,
        sources: match json.take("sources") {
            Some(sources) => Some(sources.list(source)?),
            None => None,
        },
    })
}

fn board(mut json: Json<'_>) -> Option<Board> {
    Some(Board {
        top: top(json.take("top")?)?,
        batch_ms: json.take("batch_ms")?.whole()?,
        sources: json.take("sources")?.list(source)?,
        pulse: pulse(json.take("pulse")?)?,
        languages: json
            .take("languages")?
            .list(|lang| lang.text()?.parse().ok())?,
        kinds: json.take("kinds")?.list(|kind| kind.text()?.parse().ok())?,
        external: json.take("external")?.truth()?,
        behind: json.take("behind")?.truth()?,
        alerts: match json.take("alerts") {
            Some(alerts) => alerts.list(notice)?,
            None => Vec::new(),
        },
    })
}

fn notice(mut json: Json<'_>) -> Option<Notice> {
    Some(Notice {
        tag: json.take("tag")?.text()?,
        window: json.take("window")?.text()?.parse().ok()?,
        told: json.take("told")?.text()?,
        epoch: Epoch(json.take("epoch")?.whole()?),
        at: json.take("at")?.text()?,
    })
}

fn pulse(mut json: Json<'_>) -> Option<Pulse> {
    Some(Pulse {
        posts_per_second: json.take("posts_per_second")?.number()?,
        mentions_per_second: json.take("mentions_per_second")?.number()?,
        lag_ms: json.take("lag_ms")?.whole()?,
        recent: json.take("recent")?.list(Json::whole)?,
    })
}

fn top(mut json: Json<'_>) -> Option<Top> {
    Some(Top {
        window: json.take("window")?.text()?.parse().ok()?,
        by: json.take("by")?.text()?.parse().ok()?,
        epoch: Epoch(json.take("epoch")?.whole()?),
        at: json.take("at")?.text()?,
        posts: json.take("posts")?.whole()?,
        mentions: json.take("mentions")?.whole()?,
        tags: json.take("tags")?.whole()?,
        rows: json.take("rows")?.list(row)?,
    })
}

fn row(mut json: Json<'_>) -> Option<Row> {
    Some(Row {
        rank: json.take("rank")?.whole()? as u32,
        tag: json.take("tag")?.text()?,
        count: json.take("count")?.whole()?,
        error: json.take("error")?.whole()?,
        people: json.take("people").and_then(Json::whole),
        score: json.take("score").and_then(Json::number),
        share: json.take("share")?.number()?,
        change: json
            .take("change")
            .and_then(Json::number)
            .map(|change| change as i32),
        recent: json.take("recent")?.list(Json::whole)?,
    })
}

fn source(mut json: Json<'_>) -> Option<Source> {
    Some(Source {
        name: json.take("name")?.text()?,
        state: {
            let name = json.take("state")?.text()?;
            SourceState::ALL
                .into_iter()
                .find(|state| state.name() == name)?
        },
        detail: json.take("detail").and_then(Json::text),
        next_try: json.take("next_try").and_then(Json::text),
        posts: json.take("posts")?.whole()?,
        rate: json.take("rate")?.number()?,
        bots: json.take("bots")?.whole()?,
        spend: match json.take("spend") {
            Some(mut spend) => Some(Spend {
                spent: spend.take("spent")?.whole()?,
                budget: spend.take("budget").and_then(Json::whole),
            }),
            None => None,
        },
    })
}

fn detail(mut json: Json<'_>) -> Option<TagDetail> {
    Some(TagDetail {
        tag: json.take("tag")?.text()?,
        key: json.take("key")?.text()?,
        window: json.take("window")?.text()?.parse().ok()?,
        epoch: Epoch(json.take("epoch")?.whole()?),
        at: json.take("at")?.text()?,
        count: json.take("count")?.whole()?,
        error: json.take("error")?.whole()?,
        people: json.take("people").and_then(Json::whole),
        score: json.take("score").and_then(Json::number),
        rising_since: json.take("rising_since").and_then(Json::text),
        languages: json.take("languages")?.list(|mut part| {
            Some(LangCount {
                lang: match part.take("lang") {
                    Some(lang) => Some(lang.text()?.parse().ok()?),
                    None => None,
                },
                count: part.take("count")?.whole()?,
            })
        })?,
        sources: json.take("sources")?.list(|mut part| {
            Some(SourceCount {
                source: part.take("source")?.text()?.parse().ok()?,
                count: part.take("count")?.whole()?,
            })
        })?,
        spellings: json.take("spellings")?.list(tag_count)?,
        together: json.take("together")?.list(tag_count)?,
        series: json.take("series")?.list(|mut step| {
            Some(Step {
                at: step.take("at")?.text()?,
                count: step.take("count")?.whole()?,
            })
        })?,
        posts: json.take("posts")?.list(|mut post| {
            Some(Link {
                url: post.take("url")?.text()?,
                source: post.take("source")?.text()?.parse().ok()?,
                at: post.take("at")?.text()?,
            })
        })?,
    })
}

fn tag_count(mut json: Json<'_>) -> Option<TagCount> {
    Some(TagCount {
        tag: json.take("tag")?.text()?,
        count: json.take("count")?.whole()?,
    })
}

enum Json<'a> {
    Null,
    Truth(bool),
    Number(f64),
    Text(String),
    List(Vec<Json<'a>>),
    Object(Vec<(&'a str, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The part of an object that has this name and is not null.
    fn take(&mut self, name: &str) -> Option<Self> {
        let Self::Object(parts) = self else {
            return None;
        };
        let (_, part) = parts.iter_mut().find(|(known, _)| *known == name)?;
        match std::mem::replace(part, Self::Null) {
            Self::Null => None,
            part => Some(part),
        }
    }

    fn truth(self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    fn whole(self) -> Option<u64> {
        self.number().map(|number| number as u64)
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn list<T>(self, read: fn(Json<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self {
            Self::List(parts) => parts.into_iter().map(read).collect(),
            _ => None,
        }
    }
}

fn parse(text: &str) -> Option<Json<'_>> {
    let mut rest = Rest(text);
    let json = rest.value()?;
    rest.0.is_empty().then_some(json)
}

/// What is not read yet. Between the parts of what serde writes there is no space.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn value(&mut self) -> Option<Json<'a>> {
        match self.0.as_bytes().first()? {
            b'{' => self.parts(b'}', Self::named).map(Json::Object),
            b'[' => self.parts(b']', Self::value).map(Json::List),
            b'"' => self.text().map(Json::Text),
            b'n' => self.skip("null").map(|()| Json::Null),
            b't' => self.skip("true").map(|()| Json::Truth(true)),
            b'f' => self.skip("false").map(|()| Json::Truth(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn next(&mut self) -> Option<u8> {
        let next = *self.0.as_bytes().first()?;
        self.0 = self.0.get(1..)?;
        Some(next)
    }

    fn skip(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// Behind one more byte, up to the one that ends them.
    fn parts<T>(&mut self, end: u8, part: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut parts = Vec::new();
        self.next()?;
        if *self.0.as_bytes().first()? == end {
            self.next()?;
            return Some(parts);
        }
        loop {
            parts.push(part(self)?);
            match self.next()? {
                b',' => {}
                last => return (last == end).then_some(parts),
            }
        }
    }

    fn named(&mut self) -> Option<(&'a str, Json<'a>)> {
        self.skip("\"")?;
        let (name, rest) = self.0.split_once('"')?;
        self.0 = rest;
        self.skip(":")?;
        Some((name, self.value()?))
    }

    fn text(&mut self) -> Option<String> {
        self.skip("\"")?;
        let mut text = String::new();
        loop {
            let end = self
                .0
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\'))?;
            text.push_str(self.0.get(..end)?);
            self.0 = self.0.get(end..)?;
            if self.next()? == b'"' {
                return Some(text);
            }
            text.push(match self.next()? {
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'u' => {
                    let code = u32::from_str_radix(self.0.get(..4)?, 16).ok()?;
                    self.0 = self.0.get(4..)?;
                    char::from_u32(code)?
                }
                itself @ (b'"' | b'\\' | b'/') => char::from(itself),
                _ => return None,
            });
        }
    }

    /// Not by `str::parse`, whose table of powers is a twentieth of the page.
    fn number(&mut self) -> Option<f64> {
        let minus = self.skip("-").is_some();
        let mut digits = 0_u64;
        let mut power = 0_i32;
        let mut read = |rest: &mut Self, each: i32| {
            let start = rest.0.len();
            while let Some(digit @ b'0'..=b'9') = rest.0.as_bytes().first() {
                digits = digits
                    .checked_mul(10)?
                    .checked_add(u64::from(digit - b'0'))?;
                power += each;
                rest.next()?;
            }
            (rest.0.len() < start).then_some(())
        };
        read(self, 0)?;
        if self.skip(".").is_some() {
            read(self, -1)?;
        }
        if self.skip("e").is_some() {
            let small = self.skip("-").is_some();
            let mut exponent = 0_i32;
            while let Some(digit @ b'0'..=b'9') = self.0.as_bytes().first() {
                exponent = exponent
                    .checked_mul(10)?
                    .checked_add(i32::from(digit - b'0'))?;
                self.next()?;
            }
            power += if small { -exponent } else { exponent };
        }
        let mut scale = 1.0_f64;
        for _ in 0..power.unsigned_abs().min(400) {
            scale *= 10.0;
        }
        let number = digits as f64;
        let number = if power < 0 {
            number / scale
        } else {
            number * scale
        };
        Some(if minus { -number } else { number })
    }
}

#[cfg(test)]
mod tests {
    use model::{Kind, Lang, Ranking, Window};
    use proptest::prelude::*;

    use super::*;

    fn close(read: f64, written: f64) -> bool {
        (read - written).abs() <= written.abs() * 1e-15
    }

    fn sources() -> Vec<Source> {
        let source = |state| Source {
            posts: 1 << 50,
            rate: 12.5,
            bots: 7,
            ..Source::new("file:a\"b\\c\u{1}\n\u{8}\u{c}\t\r/é👩".to_owned(), state)
        };
        let mut sources: Vec<_> = SourceState::ALL.map(source).into();
        sources[2].next_try = Some("2026-11-22T18:30:24Z".to_owned());
        sources[3].spend = Some(Spend::default());
        sources[4].detail = Some("gone".to_owned());
        sources[4].spend = Some(Spend {
            spent: 5_000,
            budget: Some(5_000_000),
        });
        sources
    }

    #[test]
    fn reads_a_board_as_it_was_written() {
        let row = Row {
            people: Some(3),
            score: Some(8.25),
            share: 0.125,
            change: Some(-4),
            recent: vec![0, 7, 1 << 50],
            ..Row::counted(1, "#a".to_owned(), 50, 100)
        };
        let board = Board {
            top: Top {
                window: Window::OneDay,
                by: Ranking::Rising,
                epoch: Epoch(904_613_312),
                at: "2026-11-22T18:30:24Z".to_owned(),
                posts: 1,
                mentions: 2,
                tags: 3,
                rows: vec![row, Row::counted(2, "#b".to_owned(), 50, 100)],
            },
            batch_ms: 2000,
            sources: sources(),
            pulse: Pulse {
                posts_per_second: 12.5,
                mentions_per_second: 0.1,
                lag_ms: 40,
                recent: vec![1, 0],
            },
            languages: ["en", "fil"]
                .iter()
                .filter_map(|tag| Lang::of_tag(tag))
                .collect(),
            kinds: Kind::ALL.into(),
            external: true,
            behind: false,
            alerts: vec![Notice {
                tag: "#a".to_owned(),
                window: Window::OneHour,
                told: "has 50 mentions in the last hour".to_owned(),
                epoch: Epoch(904_613_300),
                at: "2026-11-22T18:30:00Z".to_owned(),
            }],
        };
        let unchanged = |sources| Unchanged {
            epoch: Epoch(1),
            external: false,
            behind: true,
            sources,
        };
        for written in [
            Answer::Board(board),
            Answer::Unchanged(unchanged(None)),
            Answer::Unchanged(unchanged(Some(Vec::new()))),
            Answer::Unchanged(unchanged(Some(sources()))),
            Answer::Starting,
        ] {
            let text = serde_json::to_string(&written).expect("JSON");
            assert_eq!(answer(&text).as_ref(), Some(&written));
            let first = serde_json::to_string(&Some(Told::Board(written.clone()))).expect("JSON");
            assert_eq!(told(&first), Some(Told::Board(written)));
        }
    }

    #[test]
    fn reads_a_tag_as_it_was_written() {
        let count = |lang| LangCount { lang, count: 2 };
        let tag_count = |tag: &str| TagCount {
            tag: tag.to_owned(),
            count: 7,
        };
        let detail = TagDetail {
            tag: "#A".to_owned(),
            key: "a".to_owned(),
            window: Window::All,
            epoch: Epoch(1),
            at: String::new(),
            count: 1,
            error: 2,
            people: Some(3),
            score: Some(0.5),
            rising_since: Some("2026-11-22T18:30:24Z".to_owned()),
            languages: vec![count(Lang::of_tag("fil")), count(None)],
            sources: Kind::ALL
                .map(|source| SourceCount { source, count: 1 })
                .into(),
            spellings: vec![tag_count("#A"), tag_count("#a")],
            together: vec![tag_count("#b")],
            series: vec![Step {
                at: "2026-11-22T18:30:24Z".to_owned(),
                count: 3,
            }],
            posts: vec![Link {
                url: "https://a.example/".to_owned(),
                source: Kind::Nostr,
                at: "2026-11-22T18:30:24Z".to_owned(),
            }],
        };
        for written in [
            TagAnswer::Tag(detail),
            TagAnswer::NeverSeen,
            TagAnswer::Blocked,
            TagAnswer::Starting,
            TagAnswer::Unchanged { behind: true },
        ] {
            let text = serde_json::to_string(&written).expect("JSON");
            assert_eq!(tag_answer(&text).as_ref(), Some(&written));
            let first = serde_json::to_string(&Some(Told::Tag(written.clone()))).expect("JSON");
            assert_eq!(told(&first), Some(Told::Tag(written)));
        }
        assert_eq!(told("null"), None);
    }

    #[test]
    fn what_is_cut_off_or_of_another_kind_is_not_understood() {
        let whole = serde_json::to_string(&Answer::Unchanged(Unchanged {
            epoch: Epoch(1),
            external: false,
            behind: true,
            sources: Some(sources()),
        }))
        .expect("JSON");
        for (end, _) in whole.char_indices() {
            assert_eq!(answer(&whole[..end]), None);
        }
        for other in ["{}", "[]", "7", "\"Ending\"", "<html>", "{\"Board\":{}}"] {
            assert_eq!(answer(other), None);
            assert_eq!(tag_answer(other), None);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number in prop_oneof![-1e12..1e12, 0.0..1.0]) {
            let text = serde_json::to_string(&number).expect("JSON");
            let read = parse(&text).and_then(Json::number);
            prop_assert!(read.is_some_and(|read| close(read, number)), "{text} {read:?}");
        }

        #[test]
        fn a_text_is_read_as_it_was_written(text in ".{0,30}") {
            let written = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(parse(&written).and_then(Json::text), Some(text));
        }

        #[test]
        fn no_text_is_too_bad_to_be_refused(text in "[\\[\\]{}\":,0-9eE.+\\-ntrué\\\\]{0,30}") {
            let _ = parse(&text);
        }
    }
}
