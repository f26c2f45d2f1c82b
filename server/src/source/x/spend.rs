//! What reading costs, and the end of it before the budget is overrun.
//!
//! X charges each post that it delivers, $0.005, also an original that comes with a repost, and each account,
//! $0.010; one that it delivers again on the same day (UTC) it may not charge again. Here each is charged:
//! what is told is never too little.
//!
//! **Invariant:** what has been spent survives the process. What it is when the process dies is known but
//! for the posts since the last seal: so each cursor holds a reserve for these as well, which a restart
//! takes for spent, unless the end was a clean one. The stream is ended while there is still as much
//! left, for the posts that are on their way.

use std::time::Instant;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::super::{Cursor, Dollars, Status};

const POST: u64 = 5_000;
const ACCOUNT: u64 = 10_000;

/// The reserve is that many posts at least, and as many as come in [`RESERVE_SECONDS`] at their fastest.
const RESERVE_POSTS: u64 = 20;
const RESERVE_SECONDS: u64 = 5;

/// What a line of the stream is charged for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Delivered {
    posts: u64,
    accounts: u64,
}

impl Delivered {
    /// `is_post`: it was read as one, in whatever form.
    pub(super) fn in_line(line: &[u8], is_post: bool) -> Self {
        #[derive(Deserialize)]
        struct Line {
            data: Option<IgnoredAny>,
            #[serde(default)]
            includes: Includes,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Includes {
            tweets: Vec<IgnoredAny>,
            users: Vec<IgnoredAny>,
        }
        match serde_json::from_slice::<Line>(line) {
            Ok(line) => Self {
                posts: u64::from(line.data.is_some() || is_post)
                    + line.includes.tweets.len() as u64,
                accounts: line.includes.users.len() as u64,
            },
            // Who knows what it was: a post is what it may have been.
            Err(_) => Self {
                posts: 1,
                accounts: 0,
            },
        }
    }
}

/// Of one data directory, since its beginning.
#[derive(Debug)]
pub(super) struct Spend {
    spent: Dollars,
    budget: Option<Dollars>,
    /// When the second that is being looked at began, and the posts in it.
    second: (Instant, u64),
    busiest_second: u64,
}

/// What is stored.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    spent: Dollars,
    reserve: Dollars,
    busiest_second: u64,
}

impl Spend {
    pub(super) fn of(cursor: Option<&Cursor>, budget: Option<Dollars>) -> Result<Self, String> {
        let stored = match cursor {
            None => Stored::default(),
            Some(Cursor(text)) => serde_json::from_str(text)
                .map_err(|_| format!("the stored spend {text:?} is none; use another --data"))?,
        };
        Ok(Self {
            spent: Dollars(stored.spent.0.saturating_add(stored.reserve.0)),
            budget,
            second: (Instant::now(), 0),
            busiest_second: stored.busiest_second,
        })
    }

    pub(super) fn charge(&mut self, delivered: &Delivered) {
        self.spent.0 += delivered.posts * POST + delivered.accounts * ACCOUNT;
        let (begun, posts) = &mut self.second;
        if begun.elapsed().as_secs() >= 1 {
            (*begun, *posts) = (Instant::now(), 0);
        }
        *posts += delivered.posts + 2 * delivered.accounts;
        self.busiest_second = self.busiest_second.max(*posts);
    }

    fn reserve(&self) -> Dollars {
        Dollars(POST * RESERVE_POSTS.max(RESERVE_SECONDS * self.busiest_second))
    }

    /// Nothing more may be read.
    pub(super) fn is_used_up(&self) -> bool {
        let budget = self.budget;
        budget.is_some_and(|budget| self.spent.0 + self.reserve().0 > budget.0)
    }

    /// Why nothing more is read.
    pub(super) fn sentence(&self) -> String {
        let budget = self.budget.unwrap_or_default();
        let (spent, reserve) = (self.spent, self.reserve());
        format!(
            "the budget of {budget} is used up: {spent} is spent, and up to {reserve} may be on its way; \
             give a higher --x-budget to go on"
        )
    }

    /// What may have been spent when no later cursor comes.
    pub(super) fn cursor(&self) -> Cursor {
        self.stored(self.reserve())
    }

    /// What was spent when nothing more is read.
    pub(super) fn cursor_at_rest(&self) -> Cursor {
        self.stored(Dollars::default())
    }

    fn stored(&self, reserve: Dollars) -> Cursor {
        let stored = Stored {
            spent: self.spent,
            reserve,
            busiest_second: self.busiest_second,
        };
        Cursor(serde_json::json!(stored).to_string())
    }

    pub(super) fn show(&self, status: &Status) {
        status.spent(self.spent.0);
        if let Some(budget) = self.budget {
            status.budget(budget.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> Dollars {
        text.parse().unwrap()
    }

    fn posts(posts: u64) -> Delivered {
        Delivered { posts, accounts: 0 }
    }

    #[test]
    fn all_that_a_line_brings_is_charged() {
        let of = |line: &str| Delivered::in_line(line.as_bytes(), false);
        assert_eq!(of(r#"{"data":{"id":"1"}}"#), posts(1));
        let line = r#"{"data":{"id":"1"},"includes":{"tweets":[{"id":"2"},{"id":"3"}],"users":[{"id":"4"}]}}"#;
        let expected = Delivered {
            posts: 3,
            accounts: 1,
        };
        assert_eq!(of(line), expected);
        assert_eq!(of(r#"{"errors":[]}"#), posts(0));
        assert_eq!(of("{\"data\""), posts(1));
        let other = br#"{"id":"2","text":"a post in a form that is not X's"}"#;
        assert_eq!(Delivered::in_line(other, true), posts(1));
    }

    #[test]
    fn it_ends_before_the_budget_is_overrun() {
        let mut spend = Spend::of(None, Some(dollars("1"))).unwrap();
        let mut read = 0;
        while !spend.is_used_up() {
            spend.charge(&posts(1));
            read += 1;
        }
        // What was spent and what may come before the connection is closed.
        assert!(spend.spent.0 <= 1_000_000, "{read}");
        assert!(read >= 18, "{read}");
        assert!(spend.sentence().contains("--x-budget"));
    }

    #[test]
    fn what_was_spent_is_known_after_a_crash_and_after_a_clean_end() {
        let mut spend = Spend::of(None, None).unwrap();
        spend.charge(&posts(100));
        assert!(!spend.is_used_up(), "there is no budget");
        let crashed = Spend::of(Some(&spend.cursor()), None).unwrap();
        assert!(crashed.spent >= Dollars(spend.spent.0 + POST * RESERVE_POSTS));
        let ended = Spend::of(Some(&spend.cursor_at_rest()), None).unwrap();
        assert_eq!(ended.spent, spend.spent);
        assert!(Spend::of(Some(&Cursor("7".into())), None).is_err());
    }
}
