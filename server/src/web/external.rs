//! The board that another program posts: the tutorial's Spark job, or a tagtide elsewhere.
//!
//! What was posted is given back as it was. The page needs text and whole numbers, so it shows of it
//! what is: a label that is text or a number, beside a number that is not negative. It is kept in
//! memory only, as in the tutorial: the next post replaces it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use model::{Epoch, Ranking, Row, Top, Window};

use crate::tutorial::literal::{Literal, unwrap_bytearray};

/// Characters of a label that the page shows: as many as a tag of ours can have, and its `#`.
const LABEL: usize = 101;

/// What the other program posted last.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExternalBoard(Arc<Mutex<Option<Arc<Posted>>>>);

/// One post.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) labels: Vec<Literal>,
    pub(crate) values: Vec<Literal>,
    /// What the page can show of it, in the order it was posted.
    pub(crate) top: Top,
}

impl ExternalBoard {
    pub(crate) fn newest(&self) -> Option<Arc<Posted>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn post(&self, labels: Vec<Literal>, values: Vec<Literal>) {
        let labels: Vec<Literal> = labels.into_iter().map(unwrapped).collect();
        let pairs = pairs(&labels, &values);
        let now = Timestamp::now();
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // By the clock, so that a page that was left open does not take the first post after a
        // restart for one that it has.
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let last = newest.as_ref().map_or(0, |posted| posted.top.epoch.0);
        let top = top(Epoch(millis.max(last + 1)), now, pairs);
        *newest = Some(Arc::new(Posted {
            labels,
            values,
            top,
        }));
    }
}

/// The empty board before the first post.
pub(super) fn nothing_posted() -> Top {
    top(Epoch(0), Timestamp::now(), Vec::new())
}

fn top(epoch: Epoch, at: Timestamp, pairs: Vec<(String, u64)>) -> Top {
    let mentions = pairs
        .iter()
        .fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let rows: Vec<Row> = pairs
        .into_iter()
        .zip(1..)
        .map(|((tag, count), rank)| Row::counted(rank, tag, count, mentions))
        .collect();
    Top {
        window: Window::All,
        by: Ranking::Count,
        epoch,
        at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        // Not known: only the counts are posted.
        posts: 0,
        mentions,
        tags: rows.len() as u64,
        rows,
    }
}

fn unwrapped(label: Literal) -> Literal {
    match label {
        Literal::Text(text) => Literal::Text(unwrap_bytearray(text)),
        other => other,
    }
}

/// The pairs that can be shown; without a partner or with an unfit one a label is left out.
fn pairs(labels: &[Literal], values: &[Literal]) -> Vec<(String, u64)> {
    let pairs = labels.iter().zip(values);
    let shown = pairs.filter_map(|(label, value)| Some((text(label)?, count(value)?)));
    shown.collect()
}

fn text(label: &Literal) -> Option<String> {
    let text = match label {
        Literal::Text(text) => text.clone(),
        Literal::Int(number) => number.to_string(),
        Literal::Float(number) if number.is_finite() => number.to_string(),
        _ => return None,
    };
    if text.chars().count() <= LABEL {
        return Some(text);
    }
    Some(text.chars().take(LABEL).chain(['…']).collect())
}

fn count(value: &Literal) -> Option<u64> {
    match value {
        Literal::Int(number) => u64::try_from(*number).ok(),
        // The cast saturates.
        Literal::Float(number) if number.is_finite() && *number >= 0.0 => {
            Some(number.round() as u64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tutorial::literal::parse;

    fn list(source: &str) -> Vec<Literal> {
        match parse(source) {
            Ok(Literal::List(items)) => items,
            other => panic!("no list: {other:?}"),
        }
    }

    #[test]
    fn what_can_be_shown_is_shown_and_the_rest_is_given_back() {
        let board = ExternalBoard::default();
        let labels = r#"["bytearray(b'#caf\\xc3\\xa9')", '#b', '#c', None, 5, '#f', '#g', '#h']"#;
        board.post(list(labels), list("[3, -1, None, 4, 2.5, True, 1e999]"));
        let posted = board.newest().unwrap();
        assert_eq!(posted.labels[0], Literal::Text("#café".to_owned()));
        assert_eq!(posted.labels.len(), 8);
        assert_eq!(posted.values.len(), 7);
        let shown: Vec<_> = posted
            .top
            .rows
            .iter()
            .map(|row| (row.rank, row.tag.as_str(), row.count))
            .collect();
        assert_eq!(shown, [(1, "#café", 3), (2, "5", 3)]);
        assert_eq!(posted.top.mentions, 6);
        assert!((posted.top.rows[0].share - 0.5).abs() < 1e-9);
    }

    #[test]
    fn every_post_is_a_new_epoch() {
        let board = ExternalBoard::default();
        board.post(Vec::new(), Vec::new());
        let first = board.newest().unwrap().top.epoch;
        board.post(Vec::new(), Vec::new());
        assert!(board.newest().unwrap().top.epoch > first);
    }

    #[test]
    fn nothing_overflows() {
        let board = ExternalBoard::default();
        let most = "[18446744073709551615, 18446744073709551615, 1e300, 18446744073709551616]";
        board.post(list("['a', 'b', 'c', 'd']"), list(most));
        assert_eq!(board.newest().unwrap().top.mentions, u64::MAX);
        assert_eq!(board.newest().unwrap().top.rows.len(), 3);
        board.post(vec![Literal::Text("é".repeat(1000))], list("[0]"));
        assert_eq!(
            board.newest().unwrap().top.rows[0].tag.chars().count(),
            LABEL + 1
        );
    }
}
