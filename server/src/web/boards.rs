//! What the pages are answered.

use std::time::Duration;

use app::{Boards, Held, Pending, TagView};
use model::{Answer, Board, Epoch, Origin, Pulse, Row, TagAnswer, Top, Unchanged, View};

use super::{
    Web,
    answers::{Form, Question, Version},
    error::ApiError,
    etag::Tagged,
};
use crate::live::NoTag;

impl Boards for Web {
    fn board(&self, view: View, held: Held) -> Pending<Answer> {
        let web = self.clone();
        Box::pin(async move { web.answer(view, held).await })
    }

    fn tag(&self, view: TagView, after: Option<Epoch>) -> Pending<TagAnswer> {
        let web = self.clone();
        Box::pin(async move { web.tag_answer(&view, after).await })
    }
}

impl Web {
    /// What a view shows now, with as many rows as it has; `None` while the program is starting or
    /// ending.
    pub(super) async fn top(&self, view: View) -> Option<Top> {
        let rows = usize::from(view.rows);
        Some(match view.origin {
            Origin::Counted(filter) => {
                let results = self.live.of(filter).await?;
                self.first_rows(results.top(view.window, view.by), rows)
            }
            Origin::External => match self.external.newest() {
                Some(posted) => self.first_rows(&posted.top, rows),
                None => super::external::nothing_posted(),
            },
        })
    }

    /// What a view shows now, as `make` writes it: for all who ask for this form of it in its epoch once.
    /// A board that another program posts is written anew for each.
    pub(super) async fn made(
        &self,
        view: View,
        form: Form,
        make: impl FnOnce(&Top) -> Option<Vec<u8>>,
    ) -> Result<Tagged, ApiError> {
        let made = match view.origin {
            Origin::Counted(filter) => {
                let results = self.live.of(filter).await;
                let results = results.ok_or_else(ApiError::starting)?;
                let top = results.top(view.window, view.by);
                let rows = usize::from(view.rows);
                let make = || make(&self.first_rows(top, rows));
                self.kept(view, form, results.epoch, make)
            }
            Origin::External => {
                let top = self.top(view).await.ok_or_else(ApiError::starting)?;
                make(&top).map(Tagged::of)
            }
        };
        made.ok_or_else(ApiError::internal)
    }

    fn kept(
        &self,
        view: View,
        form: Form,
        epoch: Epoch,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Tagged> {
        let version = Version {
            epoch,
            rules: self.live.rules(),
        };
        self.answers.get(Question { view, form }, version, make)
    }

    /// [`Web::answer`] as JSON. A whole board is made once for all who ask for it within a moment, so
    /// what it says of sources and of the lag may be as old as that.
    pub(super) async fn answer_json(&self, view: View, held: Held) -> Option<Tagged> {
        let newest = self.live.newest().map(|results| results.epoch);
        // As in `answer`: who holds the newest board needs no count of it.
        if let Origin::Counted(filter) = view.origin
            && held.epoch != newest
            && let Some(results) = self.live.of(filter).await
            && held.epoch != Some(results.epoch)
        {
            let external = self.external.newest().is_some();
            let behind = self.live.is_behind();
            let form = Form::Board { external, behind };
            let make = || {
                let top = results.top(view.window, view.by);
                let whole = self.news(top, view.rows.into(), external, Held::default());
                serde_json::to_vec(&whole).ok()
            };
            return self.kept(view, form, results.epoch, make);
        }
        let answer = self.answer(view, held).await;
        serde_json::to_vec(&answer).ok().map(Tagged::of)
    }

    pub(super) async fn answer(&self, view: View, held: Held) -> Answer {
        let posted = self.external.newest();
        let external = posted.is_some();
        let rows = usize::from(view.rows);
        match view.origin {
            Origin::Counted(filter) => {
                let Some(newest) = self.live.newest() else {
                    return Answer::Starting;
                };
                // An epoch has one result: who holds its board needs no count of it.
                if held.epoch == Some(newest.epoch) {
                    return self.unchanged(newest.epoch, external, held);
                }
                let Some(results) = self.live.of(filter).await else {
                    return Answer::Starting;
                };
                self.news(results.top(view.window, view.by), rows, external, held)
            }
            Origin::External => match posted {
                Some(posted) => self.news(&posted.top, rows, external, held),
                None => self.news(&super::external::nothing_posted(), rows, external, held),
            },
        }
    }

    /// `top` with at most `rows` rows; the rest is not copied. A tag that was blocked since, or that
    /// another program has posted, leaves its rank to the next one.
    fn first_rows(&self, top: &Top, rows: usize) -> Top {
        let is_hidden = self.live.is_hidden();
        let shown = top.rows.iter().filter(|row| !is_hidden(&row.tag));
        let ranked = (1..).zip(shown.take(rows));
        Top {
            window: top.window,
            by: top.by,
            epoch: top.epoch,
            at: top.at.clone(),
            posts: top.posts,
            mentions: top.mentions,
            tags: top.tags,
            rows: ranked
                .map(|(rank, row)| Row {
                    rank,
                    ..row.clone()
                })
                .collect(),
        }
    }

    fn news(&self, top: &Top, rows: usize, external: bool, held: Held) -> Answer {
        if held.epoch == Some(top.epoch) {
            return self.unchanged(top.epoch, external, held);
        }
        // Of everything, whatever the view leaves out, and on another program's board as well.
        let counted = self.live.newest();
        let whole = counted.as_ref().map(|results| &results.whole);
        Answer::Board(Board {
            top: self.first_rows(top, rows),
            batch_ms: millis(self.batch),
            sources: self.sources.all(),
            pulse: Pulse {
                lag_ms: millis(self.live.lag()),
                ..whole.map(|whole| whole.pulse.clone()).unwrap_or_default()
            },
            languages: whole.map_or_else(Vec::new, |whole| whole.languages.clone()),
            kinds: whole.map_or_else(Vec::new, |whole| whole.kinds.clone()),
            external,
            behind: self.live.is_behind(),
            alerts: counted.as_ref().map_or_else(Vec::new, |results| {
                let is_hidden = self.live.is_hidden();
                self.alerts.notices(results.epoch, self.batch, is_hidden)
            }),
        })
    }

    fn unchanged(&self, epoch: Epoch, external: bool, held: Held) -> Answer {
        let sources = self.sources.all();
        let known = held.states == Some(model::states(&sources));
        Answer::Unchanged(Unchanged {
            epoch,
            external,
            behind: self.live.is_behind(),
            sources: (!known).then_some(sources),
        })
    }

    pub(super) async fn tag_answer(&self, view: &TagView, after: Option<Epoch>) -> TagAnswer {
        let newest = self.live.newest().map(|results| results.epoch);
        if newest.is_some() && newest == after {
            return TagAnswer::Unchanged {
                behind: self.live.is_behind(),
            };
        }
        if is_too_long(&view.name) {
            return TagAnswer::NeverSeen;
        }
        match self.live.tag(&view.name, view.window).await {
            Ok(detail) => TagAnswer::Tag(detail),
            Err(NoTag::NeverSeen) => TagAnswer::NeverSeen,
            Err(NoTag::Blocked) => TagAnswer::Blocked,
            Err(NoTag::NotNow) => TagAnswer::Starting,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Bytes of a tag's name in a question. What is longer is some other text.
const LONGEST: usize = 4096;

/// Nobody needs to be asked for such a tag.
pub(super) fn is_too_long(name: &str) -> bool {
    name.len() > LONGEST
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use model::{Kind, Lang, SourceState, Window};

    use super::*;
    use crate::{tutorial::literal::Literal, web::testing::Counting};

    fn view(window: Window, origin: Origin) -> View {
        View {
            window,
            origin,
            ..View::default()
        }
    }

    fn board(answer: Answer) -> Board {
        match answer {
            Answer::Board(board) => board,
            other => panic!("no board: {other:?}"),
        }
    }

    fn unchanged(answer: Answer) -> Unchanged {
        match answer {
            Answer::Unchanged(unchanged) => unchanged,
            other => panic!("something new: {other:?}"),
        }
    }

    fn of(epoch: u64) -> Held {
        Held {
            epoch: Some(Epoch(epoch)),
            states: None,
        }
    }

    #[tokio::test]
    async fn starting_then_as_many_rows_as_asked_for_then_unchanged() {
        let counting = Counting::default();
        let web = counting.web();
        let all = view(Window::All, Origin::default());
        let first = web.answer(all, Held::default()).await;
        assert_eq!(first, Answer::Starting);

        let tags: Vec<String> = (0..12).map(|number| format!("#t{number}")).collect();
        let rows: Vec<_> = tags.iter().map(|tag| (tag.as_str(), 5)).collect();
        counting.show(3, &rows);
        let shown = board(web.answer(all, Held::default()).await);
        assert_eq!(shown.top.rows.len(), 10);
        assert_eq!(shown.batch_ms, 2000);
        assert!(!shown.external && !shown.behind);
        let more = View { rows: 11, ..all };
        let shown = board(web.answer(more, Held::default()).await);
        assert_eq!(shown.top.rows.len(), 11);

        assert_eq!(unchanged(web.answer(all, of(3)).await).epoch, Epoch(3));
        assert_eq!(board(web.answer(all, of(2)).await).top.epoch, Epoch(3));
    }

    #[tokio::test]
    async fn the_states_of_sources_are_current_while_the_counts_stand_still() {
        let counting = Counting::default();
        let web = counting.web();
        let source = web.sources.add("tcp:localhost:9009");
        counting.show(3, &[]);
        let view = View::default();
        let shown = board(web.answer(view, Held::default()).await);
        let held = |sources| Held {
            epoch: Some(Epoch(3)),
            states: Some(model::states(sources)),
        };
        let same = unchanged(web.answer(view, held(&shown.sources)).await);
        assert_eq!(same.sources, None);
        source.waiting("nobody there");
        let other = unchanged(web.answer(view, held(&shown.sources)).await);
        let sources = other.sources.unwrap();
        assert_eq!(sources[0].state, SourceState::Waiting);
        let same = unchanged(web.answer(view, held(&sources)).await);
        assert_eq!(same.sources, None);
        assert!(!same.behind);
        // A wait is over at another moment, and posts come again: each is news, once.
        source.waiting_until("nobody there", Duration::from_secs(3600));
        let until = unchanged(web.answer(view, held(&sources)).await);
        let sources = until.sources.unwrap();
        assert!(sources[0].next_try.is_some());
        source.posts(1000);
        let flowing = unchanged(web.answer(view, held(&sources)).await);
        let sources = flowing.sources.unwrap();
        source.posts(1000);
        let same = unchanged(web.answer(view, held(&sources)).await);
        assert_eq!(same.sources, None);
        counting.seal(4);
        assert!(unchanged(web.answer(view, held(&sources)).await).behind);
    }

    #[tokio::test]
    async fn an_external_board_shows_what_was_posted() {
        let web = Counting::default().web();
        let external = view(Window::FiveMinutes, Origin::External);
        let empty = board(web.answer(external, Held::default()).await);
        assert!(!empty.external && empty.top.rows.is_empty());

        web.external
            .post(vec![Literal::Text("C#".to_owned())], vec![Literal::Int(4)]);
        let shown = board(web.answer(external, of(empty.top.epoch.0)).await);
        assert!(shown.external);
        assert_eq!(shown.top.window, Window::All);
        assert_eq!(
            (shown.top.rows[0].tag.as_str(), shown.top.rows[0].count),
            ("C#", 4)
        );
        let epoch = shown.top.epoch;
        let same = unchanged(web.answer(external, of(epoch.0)).await);
        assert_eq!(same.epoch, epoch);
    }

    #[tokio::test]
    async fn every_board_tells_of_everything_that_comes_in() {
        let counting = Counting::default();
        let web = counting.web();
        let external = view(Window::All, Origin::External);
        let before = board(web.answer(external, Held::default()).await);
        assert_eq!((before.pulse, before.kinds), (Pulse::default(), Vec::new()));

        counting.show(3, &[("#a", 1)]);
        counting.seal(4);
        for view in [View::default(), external] {
            let shown = board(web.answer(view, Held::default()).await);
            assert_eq!(shown.pulse.posts_per_second, 0.7);
            assert_eq!(shown.languages, [Lang::of_tag("en").unwrap()]);
            assert_eq!(shown.kinds, [Kind::Tcp]);
        }
    }

    #[tokio::test]
    async fn the_pulse_tells_for_how_long_a_sealed_epoch_has_waited() {
        let counting = Counting::default();
        let web = counting.web();
        counting.show(3, &[]);
        let lag = async || {
            let shown = board(web.answer(View::default(), Held::default()).await);
            u128::from(shown.pulse.lag_ms)
        };
        assert_eq!(lag().await, 0);
        let begun = Instant::now();
        counting.seal(4);
        let mut told = 0;
        while told == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            told = lag().await;
        }
        assert!(told <= begun.elapsed().as_millis());
    }

    #[tokio::test]
    async fn a_tag_is_asked_for_only_where_there_is_something_to_know() {
        let counting = Counting::default();
        let web = counting.web();
        let view = |name: &str| TagView {
            name: name.to_owned(),
            window: Window::All,
        };
        counting.show(3, &[]);
        let held = Some(Epoch(3));
        assert_eq!(
            web.tag_answer(&view("#a"), held).await,
            TagAnswer::Unchanged { behind: false }
        );
        let long = "#".repeat(5000);
        assert_eq!(
            web.tag_answer(&view(&long), None).await,
            TagAnswer::NeverSeen
        );
    }
}
