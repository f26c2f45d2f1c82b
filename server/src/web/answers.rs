//! Answers as they are sent, kept for all who ask the same: each is made once for its view, its form and
//! what it was made of.
//!
//! **Invariant:** who asks is given nothing older than the epoch that is newest to him, nor anything that
//! was made by other rules of what is shown. There are [`MOST_KEPT`] at most; those of an epoch make room
//! as the next one is asked for. The lock is held to look one up, never to make one, and the count has no
//! part in it.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use app::address::Theme;
use model::{Epoch, View};

use super::etag::Tagged;
use crate::moderation::Rules;

/// As many views and forms of an epoch are kept; the one that was not asked for longest makes room.
const MOST_KEPT: usize = 256;

/// For how long a page's board is given out: how sources are doing, which is told with it, changes also
/// within an epoch.
const BOARD_HOLDS: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) view: View,
    pub(super) form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
    Svg(Theme),
    /// What a page is told, which is not of the epoch alone.
    Board {
        external: bool,
        behind: bool,
    },
}

/// What an answer is made of.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) epoch: Epoch,
    pub(super) rules: Option<Arc<Rules>>,
}

/// A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Mutex<Vec<Kept>>>);

#[derive(Debug)]
struct Kept {
    question: Question,
    version: Version,
    since: Instant,
    answer: Place,
}

/// Where an answer is, or will be as soon as the first who asked has made it.
type Place = Arc<OnceLock<Option<Tagged>>>;

impl Answers {
    /// The answer to `question`; `None` when `make` gives none.
    pub(super) fn get(
        &self,
        question: Question,
        version: Version,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Tagged> {
        let place = self.place(question, version);
        place.get_or_init(|| make().map(Tagged::of)).clone()
    }

    fn place(&self, question: Question, version: Version) -> Place {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that many ask for are the last.
        let known = all.iter().rposition(|kept| kept.question == question);
        let known = known.map(|known| all.remove(known));
        let kept = known.filter(|kept| kept.holds(&version, now));
        let kept = kept.unwrap_or_else(|| {
            all.retain(|kept| kept.version.epoch >= version.epoch);
            if all.len() == MOST_KEPT {
                all.remove(0);
            }
            Kept {
                question,
                version,
                since: now,
                answer: Place::default(),
            }
        });
        let answer = kept.answer.clone();
        all.push(kept);
        answer
    }
}

impl Kept {
    fn holds(&self, newest: &Version, now: Instant) -> bool {
        let same_rules = match (&self.version.rules, &newest.rules) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        };
        let is_young = match self.question.form {
            Form::Board { .. } => now.saturating_duration_since(self.since) < BOARD_HOLDS,
            Form::Json | Form::Csv | Form::Svg(_) => true,
        };
        same_rules && is_young && self.version.epoch >= newest.epoch
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        thread,
    };

    use model::{Filter, Kind, Origin, Ranking, Window};

    use super::*;

    const JSON: Question = Question {
        view: View {
            window: Window::FiveMinutes,
            by: Ranking::Count,
            origin: Origin::Counted(Filter {
                source: None,
                lang: None,
            }),
            rows: 10,
        },
        form: Form::Json,
    };

    fn of(epoch: u64) -> Version {
        Version {
            epoch: Epoch(epoch),
            rules: None,
        }
    }

    /// What is given out when `made` is what would be made now.
    fn told(answers: &Answers, question: Question, version: Version, made: &str) -> String {
        let answer = answers.get(question, version, || Some(made.into()));
        String::from_utf8(answer.unwrap().body.to_vec()).unwrap()
    }

    #[test]
    fn an_answer_holds_for_its_epoch_and_who_is_late_gets_the_newer_one() {
        let answers = Answers::default();
        assert_eq!(told(&answers, JSON, of(4), "four"), "four");
        assert_eq!(told(&answers, JSON, of(4), "again"), "four");
        assert_eq!(told(&answers, JSON, of(5), "five"), "five");
        assert_eq!(told(&answers, JSON, of(4), "late"), "five");
    }

    #[test]
    fn no_answer_outlives_the_rules_it_was_made_by() {
        let answers = Answers::default();
        let by = |rules: &Arc<Rules>| Version {
            rules: Some(rules.clone()),
            ..of(4)
        };
        // They are the same to look at.
        let (one, other) = (Arc::default(), Arc::default());
        assert_eq!(told(&answers, JSON, by(&one), "by one"), "by one");
        assert_eq!(told(&answers, JSON, by(&other), "by other"), "by other");
        assert_eq!(told(&answers, JSON, by(&other), "again"), "by other");
        assert_eq!(told(&answers, JSON, of(4), "by none"), "by none");
    }

    #[test]
    fn every_part_of_a_question_counts() {
        let view = JSON.view;
        let filter = Filter {
            source: Some(Kind::Demo),
            lang: None,
        };
        let views = [
            view,
            View { rows: 11, ..view },
            View {
                by: Ranking::Rising,
                ..view
            },
            View {
                window: Window::All,
                ..view
            },
            View {
                origin: Origin::Counted(filter),
                ..view
            },
        ];
        let board = |external, behind| Form::Board { external, behind };
        let forms = [
            Form::Json,
            Form::Csv,
            Form::Svg(Theme::Light),
            Form::Svg(Theme::Dark),
            board(false, false),
            board(false, true),
            board(true, false),
        ];
        let answers = Answers::default();
        for view in views {
            for form in forms {
                let made = format!("{view:?} {form:?}");
                let question = Question { view, form };
                assert_eq!(told(&answers, question, of(1), &made), made);
            }
        }
    }

    #[test]
    fn a_million_questions_are_not_kept() {
        let answers = Answers::default();
        let kept = || answers.0.lock().unwrap().len();
        for number in 0..1_000_000_u64 {
            let mut question = JSON;
            question.view.rows = (number % 100) as u8;
            question.view.window = Window::ALL[(number / 100 % 6) as usize];
            told(&answers, question, of(number / 600), "");
            assert!(kept() <= MOST_KEPT);
        }
        told(&answers, JSON, of(u64::MAX), "");
        assert_eq!(kept(), 1);
    }

    #[test]
    fn who_ask_at_once_wait_for_one_that_makes_it() {
        let answers = Answers::default();
        let (made, together) = (AtomicU32::new(0), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    let answer = answers.get(JSON, of(1), || {
                        made.fetch_add(1, Relaxed);
                        thread::yield_now();
                        Some(b"{}".to_vec())
                    });
                    assert!(answer.is_some());
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn a_pages_board_does_not_hold_for_the_whole_epoch() {
        let kept = |form, since| Kept {
            question: Question { form, ..JSON },
            version: of(1),
            since,
            answer: Place::default(),
        };
        let since = Instant::now();
        let board = Form::Board {
            external: false,
            behind: false,
        };
        let later = since + BOARD_HOLDS;
        assert!(kept(board, since).holds(&of(1), since));
        assert!(!kept(board, since).holds(&of(1), later));
        assert!(kept(Form::Json, since).holds(&of(1), later));
    }
}
