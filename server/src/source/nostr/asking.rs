//! What a relay is asked for, one thing after the other.
//!
//! A relay gives of what it has stored the newest first, and only so many events at a time. So what was
//! written while nobody was connected is asked for from its beginning, a window of time after the other,
//! and each window page by page, back to its beginning. When little is left, the rest is asked for together
//! with all that is still to come, which is live.
//!
//! Times are seconds of the Unix epoch by the clocks of authors. Those may be wrong, and an event may come
//! long after it was written: that is what [`OVERLAP`] is for.
//!
//! **Invariants:** [`Asking::since`] is never later than what was not asked for, and never later than now.
//! Whatever a relay gives, it is asked a bounded number of times for a window.

use serde_json::json;

use super::super::decode::nostr::KINDS;

/// Before the newest event that was had, others are still to be expected for so long.
pub(super) const OVERLAP: u64 = 120;

/// So much at a time, and more where that brings but few events.
const WINDOW: u64 = 300;
const FEW: u64 = 100;

/// What is older is not asked for any more: it is not what is trending.
const LONGEST: u64 = 24 * 60 * 60;

/// By the usual rule of relays, what is dated later than this has a wrong date.
const AHEAD: u64 = 900;

/// What comes live so long after it was written is a copy of an old event.
const COPY: u64 = 3600;

const LIVE: &str = "live";
const PAST: &str = "past";

/// An event that was not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAsked {
    #[error("an event of another subscription")]
    Subscription,
    #[error("an event that is dated later than now")]
    Future,
    #[error("an event of a time that was not asked for")]
    Past,
}

#[derive(Debug)]
pub(super) struct Asking {
    since: u64,
    /// What is being asked for begins here.
    from: u64,
    /// And ends here; `None` where it goes on live.
    to: Option<u64>,
    /// Seconds of the next window.
    window: u64,
    /// Events in it so far, some of them perhaps twice.
    brought: u64,
    /// What is being waited for; `None` where everything was had, and what comes is new.
    page: Option<Page>,
    /// Whether there was a subscription to something past.
    has_past: bool,
    /// Of the newest event.
    newest: u64,
}

/// A part of what is stored, from [`Asking::from`] on.
#[derive(Debug)]
struct Page {
    subscription: &'static str,
    until: Option<u64>,
    brought: u64,
    oldest: Option<u64>,
}

impl Page {
    /// Until when there may be more, where there may.
    fn rest(&self) -> Option<u64> {
        // The one event of a page is the last of the one before.
        let oldest = self.oldest.filter(|_| self.brought > 1)?;
        match self.until {
            // Of a single second, nothing more can be had.
            Some(until) if oldest == until => oldest.checked_sub(1),
            _ => Some(oldest),
        }
    }
}

impl Asking {
    /// Goes on from `place`, the [`since`](Self::since) of before.
    pub(super) fn new(place: u64, now: u64) -> Self {
        let since = if place > now {
            // The clock was set back; nobody knows by how much.
            now.saturating_sub(OVERLAP)
        } else {
            place.max(now.saturating_sub(LONGEST))
        };
        let mut asking = Self {
            since,
            from: since,
            to: None,
            window: WINDOW,
            brought: 0,
            page: None,
            has_past: false,
            newest: since,
        };
        asking.begin(now);
        asking
    }

    /// What was written before was given, or will not be.
    pub(super) fn since(&self) -> u64 {
        self.since
    }

    /// Whether an answer is waited for.
    pub(super) fn waits(&self) -> bool {
        self.page.is_some()
    }

    /// Whether something is still expected of this subscription.
    pub(super) fn needs(&self, subscription: &str) -> bool {
        let live = self.to.is_none().then_some(LIVE);
        let page = self.page.as_ref().map(|page| page.subscription);
        [live, page].contains(&Some(subscription))
    }

    /// What to say to the relay now, in the words of the protocol: at the beginning, and when a page is over.
    pub(super) fn says(&self) -> Option<String> {
        let Some(page) = &self.page else {
            return self.has_past.then(|| json!(["CLOSE", PAST]).to_string());
        };
        let mut filter = json!({ "kinds": KINDS, "since": self.from });
        if let Some(until) = page.until {
            filter["until"] = json!(until);
        }
        Some(json!(["REQ", page.subscription, filter]).to_string())
    }

    /// An event came. False where it is not to be counted as a new one.
    pub(super) fn takes(
        &mut self,
        subscription: &str,
        created_at: u64,
        now: u64,
    ) -> Result<bool, NotAsked> {
        if ![LIVE, PAST].contains(&subscription) {
            return Err(NotAsked::Subscription);
        }
        if created_at > now.saturating_add(AHEAD) {
            return Err(NotAsked::Future);
        }
        if created_at < self.from {
            return Err(NotAsked::Past);
        }
        if let Some(page) = &mut self.page
            && page.subscription == subscription
            && page.until.is_none_or(|until| created_at <= until)
        {
            page.brought += 1;
            page.oldest = Some(page.oldest.map_or(created_at, |at| at.min(created_at)));
        }
        self.newest = self.newest.max(created_at.min(now));
        if self.page.is_none() {
            self.advance();
        }
        Ok(created_at.saturating_add(COPY) >= self.since)
    }

    /// What a subscription had stored is over. Gives what to say to that.
    pub(super) fn ended(&mut self, subscription: &str, now: u64) -> Option<String> {
        let page = self
            .page
            .take_if(|page| page.subscription == subscription)?;
        self.brought += page.brought;
        if let Some(until) = page.rest().filter(|until| *until >= self.from) {
            self.read(PAST, Some(until));
        } else if let Some(to) = self.to {
            self.since = to;
            self.widen();
            self.begin(now);
        } else {
            self.advance();
        }
        self.says()
    }

    /// Where little was written, more of it is asked for at a time.
    fn widen(&mut self) {
        self.window = if self.brought < FEW {
            self.window * 2
        } else {
            WINDOW
        };
    }

    /// The next window, or, where that would be the last, all from there on.
    fn begin(&mut self, now: u64) {
        self.from = self.since;
        self.brought = 0;
        let complete = now.saturating_sub(OVERLAP);
        let is_long = self.since + WINDOW < complete;
        self.to = is_long.then(|| complete.min(self.since + self.window));
        self.read(if is_long { PAST } else { LIVE }, self.to);
    }

    fn read(&mut self, subscription: &'static str, until: Option<u64>) {
        self.has_past |= subscription == PAST;
        self.page = Some(Page {
            subscription,
            until,
            brought: 0,
            oldest: None,
        });
    }

    fn advance(&mut self) {
        let had = self.newest.saturating_sub(OVERLAP);
        self.since = self.since.max(had);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// Subscription, `since` and `until` of a request.
    fn asked(request: Option<String>) -> (String, u64, Option<u64>) {
        let request: Value = serde_json::from_str(&request.unwrap()).unwrap();
        assert_eq!(request[0], "REQ");
        let filter = &request[2];
        (
            request[1].as_str().unwrap().to_owned(),
            filter["since"].as_u64().unwrap(),
            filter["until"].as_u64(),
        )
    }

    fn live(since: u64) -> (String, u64, Option<u64>) {
        (LIVE.to_owned(), since, None)
    }

    fn past(since: u64, until: u64) -> (String, u64, Option<u64>) {
        (PAST.to_owned(), since, Some(until))
    }

    #[test]
    fn what_is_near_is_asked_for_with_what_is_to_come() {
        let mut asking = Asking::new(NOW - 200, NOW);
        assert_eq!(asked(asking.says()), live(NOW - 200));
        let kinds = serde_json::from_str::<Value>(&asking.says().unwrap()).unwrap();
        assert_eq!(kinds[2]["kinds"], json!(KINDS));
        assert!(asking.waits() && asking.needs(LIVE) && !asking.needs(PAST));
        assert_eq!(asking.takes(LIVE, NOW - 10, NOW), Ok(true));
        assert_eq!(asking.since(), NOW - 200, "not all of it was given yet");
        assert_eq!(asking.ended(LIVE, NOW), None);
        assert_eq!(asking.since(), NOW - 10 - OVERLAP);
        assert!(!asking.waits());
        assert_eq!(asking.takes(LIVE, NOW, NOW), Ok(true));
        assert_eq!(asking.since(), NOW - OVERLAP);
        assert_eq!(asking.takes(LIVE, NOW - 100, NOW), Ok(true));
        assert_eq!(asking.since(), NOW - OVERLAP, "it never goes back");
    }

    #[test]
    fn of_what_a_relay_does_not_give_at_once_the_rest_is_asked_for() {
        let since = NOW - 200;
        let mut asking = Asking::new(since, NOW);
        for at in [NOW - 1, NOW - 2, NOW - 3] {
            asking.takes(LIVE, at, NOW).unwrap();
        }
        assert_eq!(asked(asking.ended(LIVE, NOW)), past(since, NOW - 3));
        assert!(asking.needs(LIVE) && asking.needs(PAST));
        // What comes meanwhile is no part of the page.
        asking.takes(LIVE, NOW - 100, NOW).unwrap();
        for at in [NOW - 3, NOW - 4, NOW - 4] {
            asking.takes(PAST, at, NOW).unwrap();
        }
        assert_eq!(asking.ended(LIVE, NOW), None, "that was over before");
        assert_eq!(asked(asking.ended(PAST, NOW)), past(since, NOW - 4));
        // Nothing but that second: what it gives no more of cannot be had.
        for _ in 0..3 {
            asking.takes(PAST, NOW - 4, NOW).unwrap();
        }
        assert_eq!(asked(asking.ended(PAST, NOW)), past(since, NOW - 5));
        assert_eq!(asking.since(), since);
        let close = asking.ended(PAST, NOW);
        assert_eq!(close.as_deref(), Some(r#"["CLOSE","past"]"#));
        assert_eq!(asking.since(), NOW - 1 - OVERLAP);
        assert!(asking.needs(LIVE) && !asking.needs(PAST));
    }

    #[test]
    fn what_is_long_ago_is_asked_for_from_its_beginning() {
        let since = NOW - 2000;
        let mut asking = Asking::new(since, NOW);
        assert_eq!(asked(asking.says()), past(since, since + 300));
        assert!(!asking.needs(LIVE));
        assert_eq!(asking.since(), since);
        for n in 0..FEW {
            asking.takes(PAST, since + 300 - n, NOW).unwrap();
        }
        let rest = since + 300 - (FEW - 1);
        assert_eq!(asked(asking.ended(PAST, NOW)), past(since, rest));
        assert_eq!(asking.since(), since);
        assert_eq!(
            asked(asking.ended(PAST, NOW)),
            past(since + 300, since + 600)
        );
        assert_eq!(asking.since(), since + 300);
        // Little was written: more at a time.
        assert_eq!(
            asked(asking.ended(PAST, NOW)),
            past(since + 600, since + 1200)
        );
        let all = past(since + 1200, NOW - OVERLAP);
        assert_eq!(
            asked(asking.ended(PAST, NOW)),
            all,
            "up to what may still come"
        );
        assert_eq!(asked(asking.ended(PAST, NOW)), live(NOW - OVERLAP));
        assert!(asking.ended(LIVE, NOW).unwrap().contains("CLOSE"));
    }

    #[test]
    fn more_than_a_day_is_not_asked_for() {
        let asking = Asking::new(0, NOW);
        assert_eq!(asking.since(), NOW - LONGEST);
    }

    #[test]
    fn a_clock_that_was_set_back_asks_for_what_is_now() {
        let asking = Asking::new(NOW + 5, NOW);
        assert_eq!(asked(asking.says()), live(NOW - OVERLAP));
    }

    #[test]
    fn wrong_dates_move_it_nowhere() {
        let mut asking = Asking::new(NOW - 200, NOW);
        assert_eq!(asking.takes(LIVE, NOW + AHEAD, NOW), Ok(true));
        let future = NOW + AHEAD + 1;
        assert_eq!(asking.takes(LIVE, future, NOW), Err(NotAsked::Future));
        assert_eq!(asking.takes(LIVE, u64::MAX, NOW), Err(NotAsked::Future));
        assert_eq!(asking.takes(LIVE, 0, NOW), Err(NotAsked::Past));
        assert_eq!(asking.takes(LIVE, NOW - 201, NOW), Err(NotAsked::Past));
        assert_eq!(asking.takes("x", NOW, NOW), Err(NotAsked::Subscription));
        assert_eq!(asking.ended("x", NOW), None);
        asking.ended(LIVE, NOW);
        assert_eq!(asking.since(), NOW - OVERLAP, "no later than now");
    }

    #[test]
    fn a_copy_of_an_old_event_is_no_new_one() {
        let mut asking = Asking::new(NOW - 200, NOW);
        asking.ended(LIVE, NOW);
        let later = NOW + 3 * COPY;
        assert_eq!(asking.takes(LIVE, later, later), Ok(true));
        assert_eq!(asking.takes(LIVE, later - COPY, later), Ok(true));
        assert_eq!(asking.takes(LIVE, NOW, later), Ok(false));
    }

    #[test]
    fn a_relay_that_knows_nothing_of_until_is_asked_no_more_than_twice() {
        let mut asking = Asking::new(NOW - 200, NOW);
        let gives = |asking: &mut Asking, subscription| {
            for at in [NOW - 1, NOW - 2, NOW - 3] {
                asking.takes(subscription, at, NOW).unwrap();
            }
            asking.ended(subscription, NOW)
        };
        assert_eq!(asked(gives(&mut asking, LIVE)), past(NOW - 200, NOW - 3));
        assert!(gives(&mut asking, PAST).unwrap().contains("CLOSE"));
    }

    /// What a relay gives that has `times`, at most `most` at a time.
    fn stored(
        times: &BTreeMap<u64, u64>,
        most: usize,
        (_, since, until): (String, u64, Option<u64>),
    ) -> Vec<(u64, u64)> {
        let all = times.range(since..=until.unwrap_or(u64::MAX));
        let all = all.flat_map(|(at, count)| (0..*count).map(|n| (*at, n)));
        let mut all: Vec<_> = all.collect();
        all.reverse();
        all.truncate(most);
        all
    }

    proptest! {
        /// As long as no second has more than it gives at a time.
        #[test]
        fn whatever_a_relay_has_is_had(
            times in prop::collection::btree_map(NOW - 3000..=NOW, 1..4_u64, 0..300),
            most in 4..40_usize,
            place in NOW - 3100..=NOW,
        ) {
            let all: BTreeSet<_> = stored(&times, usize::MAX, live(place)).into_iter().collect();
            let mut asking = Asking::new(place, NOW);
            let mut had = BTreeSet::new();
            let mut says = asking.says();
            while asking.waits() {
                let request = asked(says);
                let subscription = request.0.clone();
                for (at, n) in stored(&times, most, request) {
                    prop_assert_eq!(asking.takes(&subscription, at, NOW), Ok(true));
                    had.insert((at, n));
                }
                says = asking.ended(&subscription, NOW);
                let mut before = all.range(..(asking.since(), 0));
                prop_assert!(before.all(|event| had.contains(event)), "before {}", asking.since());
                prop_assert!(asking.since() <= NOW);
            }
            prop_assert_eq!(had, all);
        }
    }
}
