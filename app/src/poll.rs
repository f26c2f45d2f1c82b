//! When the page asks for the board again, and what it may say of its data meanwhile.
//!
//! Pure: it is told what happened and when, and orders the next thing. The driver in
//! `page::live` does as ordered and nothing else. What must stay true:
//!
//! * one thing at a time: an order ends what went on before it, so two questions are never open;
//! * a page in sight always asks or sleeps, so it comes back by itself whatever has happened;
//! * while all is well, questions start at least [`PERIOD`] apart.

use std::time::Duration;

/// From one question to the next while all is well.
pub const PERIOD: Duration = Duration::from_secs(1);

/// A question that takes longer has failed: a server that hangs is as far away as one that is off.
pub const LIMIT: Duration = Duration::from_secs(4);

/// The longest sleep after failures.
pub const LONGEST: Duration = Duration::from_secs(10);

/// From this failure in a row on, the page says that it is cut off.
const OFFLINE_AFTER: u32 = 2;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The sleep is over.
    Woke,
    /// The server has answered; `news` when what is shown has changed, `late` when by its own word
    /// the counts are behind, or not there yet.
    Answered { news: bool, late: bool },
    /// It has not: refused, cut off, over the limit, or not understood.
    Failed,
    /// Nobody can see the page.
    Hidden,
    /// It is in sight again.
    Shown,
    /// There is a reason not to wait: another view, the network is back, the reader says so.
    Urged,
}

/// What to do now. Each but [`Order::Carry`] ends what is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ask; give up after this long.
    Ask(Duration),
    Sleep(Duration),
    /// Nothing until the page is shown.
    Rest,
    /// Go on.
    Carry,
}

/// How far what is shown can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// As the server sent it with the page; nothing has been asked yet.
    #[default]
    Sent,
    Live,
    /// One question failed, or the server answers and its counts are late or stand still; what is
    /// shown has not changed for so many seconds.
    Delayed(u32),
    Offline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Asking { since: Duration },
    Sleeping,
    Resting,
}

#[derive(Clone, Debug)]
pub struct Poll {
    doing: Doing,
    /// In a row.
    failures: u32,
    answered: bool,
    /// By the server's last answer the counts are behind, or not there yet.
    late: bool,
    /// When the shown data last changed.
    moved: Duration,
}

impl Poll {
    /// The page has just arrived with its data, so the first question can wait a period.
    pub fn new(now: Duration, hidden: bool) -> (Self, Order) {
        let (doing, order) = if hidden {
            (Doing::Resting, Order::Rest)
        } else {
            (Doing::Sleeping, Order::Sleep(PERIOD))
        };
        (
            Self {
                doing,
                failures: 0,
                answered: false,
                late: false,
                moved: now,
            },
            order,
        )
    }

    /// `now` is any clock that never goes back, `luck` a random number from 0 to 1: a thousand
    /// pages that lost the same server must not come back in the same instant.
    pub fn on(&mut self, event: Event, now: Duration, luck: f64) -> Order {
        match (event, self.doing) {
            (Event::Hidden, _) => {
                self.doing = Doing::Resting;
                Order::Rest
            }
            (Event::Shown, Doing::Resting) => {
                // Standing still while nobody asked is not the server's delay.
                self.moved = now;
                self.ask(now)
            }
            (Event::Woke, Doing::Sleeping)
            | (Event::Urged, Doing::Sleeping | Doing::Asking { .. }) => self.ask(now),
            (Event::Answered { news, late }, Doing::Asking { since }) => {
                self.failures = 0;
                self.answered = true;
                self.late = late;
                if news {
                    self.moved = now;
                }
                self.sleep(PERIOD.saturating_sub(now.saturating_sub(since)))
            }
            (Event::Failed, Doing::Asking { .. }) => {
                self.failures = self.failures.saturating_add(1);
                self.sleep(backoff(self.failures, luck))
            }
            _ => Order::Carry,
        }
    }

    /// `patience`: how long the counts may stand still; `None` where they have every reason to.
    pub fn health(&self, now: Duration, patience: Option<Duration>) -> Health {
        let still = now.saturating_sub(self.moved);
        let delayed = Health::Delayed(u32::try_from(still.as_secs()).unwrap_or(u32::MAX));
        match self.failures {
            0 if self.late => delayed,
            0 if patience.is_some_and(|patience| still > patience) => delayed,
            0 if self.answered => Health::Live,
            0 => Health::Sent,
            failures if failures < OFFLINE_AFTER => delayed,
            _ => Health::Offline,
        }
    }

    fn ask(&mut self, now: Duration) -> Order {
        self.doing = Doing::Asking { since: now };
        Order::Ask(LIMIT)
    }

    fn sleep(&mut self, time: Duration) -> Order {
        self.doing = Doing::Sleeping;
        Order::Sleep(time)
    }
}

/// Twice as long after each failure, up to [`LONGEST`], and between half of that and all of it.
fn backoff(failures: u32, luck: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = PERIOD.saturating_mul(1 << doublings).min(LONGEST);
    whole.mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEWS: Event = Event::Answered {
        news: true,
        late: false,
    };
    const SAME: Event = Event::Answered {
        news: false,
        late: false,
    };
    const LATE: Event = Event::Answered {
        news: false,
        late: true,
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn sleeps_what_is_left_of_the_second() {
        let (mut poll, order) = Poll::new(ms(0), false);
        assert_eq!(order, Order::Sleep(PERIOD));
        assert_eq!(poll.health(ms(0), None), Health::Sent);
        assert_eq!(poll.on(Event::Woke, ms(1000), 0.0), Order::Ask(LIMIT));
        assert_eq!(poll.on(NEWS, ms(1300), 0.0), Order::Sleep(ms(700)));
        assert_eq!(poll.on(Event::Woke, ms(2000), 0.0), Order::Ask(LIMIT));
        assert_eq!(poll.on(SAME, ms(4500), 0.0), Order::Sleep(ms(0)));
        assert_eq!(poll.health(ms(4500), None), Health::Live);
    }

    #[test]
    fn one_failure_is_a_delay_and_two_are_the_end_of_the_line() {
        let (mut poll, _) = Poll::new(ms(0), false);
        poll.on(Event::Woke, ms(1000), 0.0);
        assert_eq!(
            poll.on(Event::Failed, ms(1001), 1.0),
            Order::Sleep(ms(1000))
        );
        assert_eq!(poll.health(ms(1001), None), Health::Delayed(1));
        poll.on(Event::Woke, ms(2001), 0.0);
        assert_eq!(
            poll.on(Event::Failed, ms(2002), 0.0),
            Order::Sleep(ms(1000))
        );
        assert_eq!(poll.health(ms(2002), None), Health::Offline);
        poll.on(Event::Woke, ms(3002), 0.0);
        poll.on(SAME, ms(3010), 0.0);
        assert_eq!(poll.health(ms(3010), None), Health::Live);
    }

    #[test]
    fn a_hidden_page_rests_and_catches_up_at_once() {
        let (mut poll, _) = Poll::new(ms(0), false);
        poll.on(Event::Woke, ms(1000), 0.0);
        assert_eq!(poll.on(Event::Hidden, ms(1001), 0.0), Order::Rest);
        assert_eq!(poll.on(Event::Woke, ms(2000), 0.0), Order::Carry);
        assert_eq!(poll.on(Event::Urged, ms(2000), 0.0), Order::Carry);
        assert_eq!(poll.on(Event::Shown, ms(90_000), 0.0), Order::Ask(LIMIT));
        assert_eq!(poll.health(ms(90_000), Some(ms(10_000))), Health::Sent);
    }

    #[test]
    fn a_page_that_opens_out_of_sight_asks_when_it_is_seen() {
        let (mut poll, order) = Poll::new(ms(0), true);
        assert_eq!(order, Order::Rest);
        assert_eq!(poll.on(Event::Shown, ms(5000), 0.0), Order::Ask(LIMIT));
    }

    #[test]
    fn another_view_replaces_the_open_question() {
        let (mut poll, _) = Poll::new(ms(0), false);
        poll.on(Event::Woke, ms(1000), 0.0);
        assert_eq!(poll.on(Event::Urged, ms(1010), 0.0), Order::Ask(LIMIT));
        assert_eq!(poll.on(NEWS, ms(1110), 0.0), Order::Sleep(ms(900)));
    }

    #[test]
    fn a_server_that_says_that_it_is_late_is_near_but_late() {
        let (mut poll, _) = Poll::new(ms(0), false);
        poll.on(Event::Woke, ms(1000), 0.0);
        assert_eq!(poll.on(LATE, ms(1400), 0.0), Order::Sleep(ms(600)));
        assert_eq!(poll.health(ms(1400), None), Health::Delayed(1));
        poll.on(Event::Woke, ms(2000), 0.0);
        poll.on(SAME, ms(2010), 0.0);
        assert_eq!(poll.health(ms(2010), None), Health::Live);
    }

    #[test]
    fn counts_that_stand_still_are_delayed_where_they_should_move() {
        let (mut poll, _) = Poll::new(ms(0), false);
        poll.on(Event::Woke, ms(1000), 0.0);
        poll.on(NEWS, ms(1010), 0.0);
        for second in 2..20 {
            poll.on(Event::Woke, ms(second * 1000), 0.0);
            poll.on(SAME, ms(second * 1000 + 10), 0.0);
        }
        assert_eq!(
            poll.health(ms(19_010), Some(ms(10_000))),
            Health::Delayed(18)
        );
        assert_eq!(poll.health(ms(19_010), None), Health::Live);
    }

    /// A browser that does as ordered, with whatever luck and network.
    #[derive(Debug)]
    struct Browser {
        poll: Poll,
        now: Duration,
        asking: bool,
        wakes: Option<Duration>,
        visible: bool,
        asked_at: Option<Duration>,
    }

    impl Browser {
        fn obey(&mut self, order: Order) {
            match order {
                Order::Ask(_) => {
                    self.wakes = None;
                    self.asking = true;
                    self.asked_at = Some(self.now);
                }
                Order::Sleep(time) => {
                    assert!(time <= LONGEST, "{time:?}");
                    self.asking = false;
                    self.wakes = Some(self.now + time);
                }
                Order::Rest => {
                    self.asking = false;
                    self.wakes = None;
                }
                Order::Carry => {}
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Happening {
        /// The network lets the open question through, or not, after this many milliseconds.
        Network {
            ok: bool,
            after: u64,
        },
        Sight(bool),
        Urge,
        Stray(Event),
        Time(u64),
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => (any::<bool>(), 0_u64..5000).prop_map(|(ok, after)| Happening::Network { ok, after }),
            1 => any::<bool>().prop_map(Happening::Sight),
            1 => Just(Happening::Urge),
            1 => prop_oneof![Just(Event::Woke), Just(NEWS), Just(SAME), Just(Event::Failed), Just(Event::Shown)]
                .prop_map(Happening::Stray),
            4 => (0_u64..12_000).prop_map(Happening::Time),
        ]
    }

    proptest! {
        #[test]
        fn a_page_in_sight_asks_or_sleeps_whatever_happens(
            happenings in prop::collection::vec((happening(), 0.0_f64..=1.0), 1..80)
        ) {
            let (poll, order) = Poll::new(ms(0), false);
            let mut browser = Browser {
                poll, now: ms(0), asking: false, wakes: None, visible: true, asked_at: None,
            };
            browser.obey(order);
            let mut failures = 0;
            for (happening, luck) in happenings {
                let event = match happening {
                    Happening::Network { ok, after } if browser.asking => {
                        browser.now += ms(after);
                        if ok && after <= 4000 {
                            failures = 0;
                            SAME
                        } else {
                            failures += 1;
                            Event::Failed
                        }
                    }
                    Happening::Network { .. } => continue,
                    Happening::Sight(visible) => {
                        browser.visible = visible;
                        if visible { Event::Shown } else { Event::Hidden }
                    }
                    Happening::Urge => Event::Urged,
                    // What comes late from something already ended must change nothing; the
                    // driver drops such, and the states do not rely on it.
                    Happening::Stray(event) => {
                        let expected = match event {
                            Event::Woke => browser.wakes.is_none(),
                            Event::Answered { .. } | Event::Failed => !browser.asking,
                            _ => browser.visible,
                        };
                        if !expected {
                            continue;
                        }
                        let order = browser.poll.on(event, browser.now, luck);
                        prop_assert_eq!(order, Order::Carry);
                        continue;
                    }
                    Happening::Time(time) => {
                        browser.now += ms(time);
                        match browser.wakes {
                            Some(at) if at <= browser.now => Event::Woke,
                            _ => continue,
                        }
                    }
                };
                let urged = matches!(event, Event::Urged | Event::Shown);
                let before = browser.asked_at;
                let order = browser.poll.on(event, browser.now, luck);
                browser.obey(order);
                prop_assert_eq!(browser.asking || browser.wakes.is_some(), browser.visible);
                prop_assert!(!(browser.asking && browser.wakes.is_some()));
                if let (Order::Ask(_), Some(before), false, 0) = (order, before, urged, failures) {
                    prop_assert!(browser.now - before >= PERIOD);
                }
                if failures >= 2 {
                    prop_assert_eq!(browser.poll.health(browser.now, None), Health::Offline);
                }
            }
        }
    }
}
