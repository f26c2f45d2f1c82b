//! What a page shows now, and in the browser the driver that keeps it new.

use std::sync::Arc;

use leptos::prelude::*;
use model::{Answer, Board, Origin, Ranking, Row, TagAnswer, TagDetail, View};

use super::{arrange::Arranged, words};
use crate::{
    address::Mode,
    ask::{TagView, Told},
    poll::Health,
};

/// The line to the server, and how old what came over it is: the same on every page.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// How the address asks for the page to be shown.
    pub mode: Memo<Mode>,
    pub health: RwSignal<Health>,
    /// While cut off: when the server is asked again, in the reader's time.
    pub next_try: RwSignal<Option<String>>,
    /// Minutes from UTC to the reader's time; `None` until the browser has said it.
    pub zone: RwSignal<Option<i32>>,
    /// How many newer boards have come while the page is paused.
    pub updates: RwSignal<u32>,
    /// What is read out.
    pub announcement: RwSignal<String>,
    /// Set to ask without waiting.
    pub urge: Trigger,
    /// The time of the newest data, in full; `None` while there is none.
    pub at: Signal<Option<String>>,
}

impl Line {
    fn new(mode: Memo<Mode>, at: Signal<Option<String>>) -> Self {
        Self {
            mode,
            health: RwSignal::new(Health::Sent),
            next_try: RwSignal::new(None),
            zone: RwSignal::new(None),
            updates: RwSignal::new(0),
            announcement: RwSignal::new(String::new()),
            urge: Trigger::new(),
            at,
        }
    }

    /// The time of the newest data as the reader's clock shows it.
    pub fn time(self) -> Signal<String> {
        Signal::derive(move || words::time_in(self.zone.get(), &self.at.get().unwrap_or_default()))
    }
}

/// The state that the parts of the board share.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// What the address asks for.
    pub view: Memo<View>,
    /// The newest board that has come. It stays when nothing newer comes.
    pub shown: RwSignal<Shown>,
    /// Whose counts it shows, which may not yet be what the address asks for.
    pub origin: Memo<Origin>,
    /// By what its rows are ordered.
    pub by: Memo<Ranking>,
    /// The newest board, where the page is paused and does not show it.
    pub kept: RwSignal<Option<Shown>>,
    /// What the reader has done to the rows.
    pub arranged: Arranged,
    /// The rows of the board without those that the reader has muted.
    pub ranked: Memo<Vec<Row>>,
    /// Those that are shown, as they stand from above.
    pub rows: Memo<Vec<Row>>,
    pub line: Line,
}

/// A board and the view that it was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    pub of: View,
    /// `None` while the server has none yet.
    pub board: Option<Arc<Board>>,
}

impl Live {
    pub fn new(view: Memo<View>, mode: Memo<Mode>, first: Option<Told>) -> Self {
        let board = match first {
            Some(Told::Board(Answer::Board(board))) => Some(Arc::new(board)),
            _ => None,
        };
        let shown = RwSignal::new(Shown {
            of: view.get_untracked(),
            board,
        });
        let arranged = Arranged::new();
        let ranked = Memo::new(move |_| {
            shown.with(|shown| {
                let rows = shown.board.as_ref().map(|board| &board.top.rows[..]);
                arranged.unmuted(rows.unwrap_or_default())
            })
        });
        let rows = Memo::new(move |before: Option<&Vec<Row>>| {
            ranked.with(|rows| arranged.rows(before.map_or(&[], Vec::as_slice), rows))
        });
        let at = Memo::new(move |_| {
            shown.with(|shown| shown.board.as_ref().map(|board| board.top.at.clone()))
        });
        Self {
            view,
            shown,
            origin: Memo::new(move |_| shown.with(|shown| shown.of.origin)),
            by: Memo::new(move |_| shown.with(|shown| shown.of.by)),
            kept: RwSignal::default(),
            arranged,
            ranked,
            rows,
            line: Line::new(mode, at.into()),
        }
    }

    /// A part of the newest board, and news only where that part is new.
    pub fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        part: fn(&Board) -> T,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.shown.with(|shown| shown.board.as_deref().map(part)))
    }
}

/// The state that the parts of a tag's page share.
#[derive(Clone, Copy, Debug)]
pub struct LiveTag {
    /// What the address asks for.
    pub view: Memo<TagView>,
    pub shown: RwSignal<ShownTag>,
    pub line: Line,
}

/// What is known of a tag, and the view that it was asked for.
#[derive(Clone, Debug)]
pub struct ShownTag {
    pub of: TagView,
    pub tag: Known,
}

#[derive(Clone, Debug)]
pub enum Known {
    /// The server has not answered yet, or is starting.
    NotYet,
    Never,
    Blocked,
    Tag(Arc<TagDetail>),
}

impl LiveTag {
    pub fn new(view: Memo<TagView>, mode: Memo<Mode>, first: Option<Told>) -> Self {
        let tag = match first {
            Some(Told::Tag(TagAnswer::Tag(detail))) => Known::Tag(Arc::new(detail)),
            Some(Told::Tag(TagAnswer::NeverSeen)) => Known::Never,
            Some(Told::Tag(TagAnswer::Blocked)) => Known::Blocked,
            _ => Known::NotYet,
        };
        let of = view.get_untracked();
        let shown = RwSignal::new(ShownTag { of, tag });
        let at = Memo::new(move |_| {
            shown.with(|shown| match &shown.tag {
                Known::Tag(detail) => Some(detail.at.clone()),
                Known::NotYet | Known::Never | Known::Blocked => None,
            })
        });
        Self {
            view,
            shown,
            line: Line::new(mode, at.into()),
        }
    }
}

#[cfg(feature = "hydrate")]
pub(crate) use driver::keep;

#[cfg(feature = "hydrate")]
mod feed {
    //! How each page asks, and what it makes of the answers.

    use std::{sync::Arc, time::Duration};

    use leptos::prelude::*;
    use model::{Answer, Board, Origin, SourceState, TagAnswer, View};

    use super::{Known, Live, LiveTag, Shown, ShownTag};
    use crate::{
        ask::{Asked, Held, Told},
        poll::Event,
    };

    /// A page that is kept new.
    pub(crate) trait Feed {
        /// Wakes the effect that this is called in when another view is wanted.
        fn track(&self);
        /// The page has come alive: from here on it may differ from what was sent.
        fn begin(&self) {}
        /// There is nothing to show yet.
        fn is_empty(&self) -> bool;
        /// What to ask now.
        fn asked(&self) -> Asked;
        /// Shows what it was told when it asked that.
        fn show(&self, asked: Asked, told: Told) -> Event;
        /// How long counts may stand still; `None` where they have every reason to.
        fn patience(&self) -> Option<Duration>;
        /// Who leads what is shown, where that is worth saying.
        fn leader(&self) -> Option<String>;
    }

    fn answered(news: bool, late: bool) -> Event {
        Event::Answered { news, late }
    }

    impl Feed for Live {
        fn track(&self) {
            self.view.track();
            if !self.line.mode.get().paused {
                self.go_on();
            }
        }

        fn begin(&self) {
            self.arranged.remember();
        }

        fn is_empty(&self) -> bool {
            self.shown.with_untracked(|shown| shown.board.is_none())
        }

        fn asked(&self) -> Asked {
            Asked::Board(self.view.get_untracked(), self.held())
        }

        fn show(&self, asked: Asked, told: Told) -> Event {
            match (asked, told) {
                (Asked::Board(of, _), Told::Board(answer)) => self.show_board(of, answer),
                _ => Event::Failed,
            }
        }

        /// Where no source is live the counts have reason to stand still, and another program's
        /// board comes when it comes. Where one has ended, it may have been a replay, after which
        /// time stands still until a post comes; then the server's word holds alone.
        fn patience(&self) -> Option<Duration> {
            self.shown.with_untracked(|shown| {
                let board = shown.board.as_ref()?;
                let any = |state| board.sources.iter().any(|source| source.state == state);
                let flows = matches!(shown.of.origin, Origin::Counted(_))
                    && any(SourceState::Live)
                    && !any(SourceState::Ended);
                let batches = Duration::from_millis(board.batch_ms.saturating_mul(5));
                flows.then(|| batches.max(Duration::from_secs(10)))
            })
        }

        fn leader(&self) -> Option<String> {
            self.ranked
                .with_untracked(|rows| rows.first().map(|row| row.tag.clone()))
        }
    }

    impl Live {
        /// What is held of the view that is asked for: nothing where another one is shown.
        fn held(self) -> Held {
            let held = |shown: &Shown| {
                let board = shown
                    .board
                    .as_ref()
                    .filter(|_| shown.of == self.view.get_untracked());
                Held {
                    epoch: board.map(|board| board.top.epoch),
                    states: board.map(|board| model::states(&board.sources)),
                }
            };
            let newest = self.kept.with_untracked(|kept| kept.as_ref().map(held));
            newest.unwrap_or_else(|| self.shown.with_untracked(held))
        }

        /// Whether news of this view waits until the page goes on. Of another view than the one that
        /// is shown, the first board is shown at once: that is what the reader asked for.
        fn is_paused(self, of: View) -> bool {
            let same = |shown: &Shown| shown.of == of && shown.board.is_some();
            self.line.mode.get_untracked().paused && self.shown.with_untracked(same)
        }

        /// Shows what has come meanwhile.
        fn go_on(self) {
            if let Some(newest) = self.kept.try_update(Option::take).flatten() {
                self.shown.set(newest);
            }
            self.line.updates.set(0);
        }

        fn show_board(self, of: View, answer: Answer) -> Event {
            match answer {
                Answer::Board(board) => {
                    let late = board.behind;
                    let newest = Shown {
                        of,
                        board: Some(Arc::new(board)),
                    };
                    if self.is_paused(of) {
                        self.kept.set(Some(newest));
                        self.line.updates.update(|updates| *updates += 1);
                    } else {
                        self.kept.set(None);
                        self.line.updates.set(0);
                        // Other rows have no place to keep.
                        if self.shown.with_untracked(|shown| shown.of != of) {
                            self.arranged.held.set(false);
                        }
                        self.shown.set(newest);
                    }
                    answered(true, late)
                }
                Answer::Unchanged(news) => {
                    let late = news.behind;
                    let external = self.part_is(|board| board.external);
                    if news.sources.is_some() || external != Some(news.external) {
                        self.renew(|board| {
                            board.external = news.external;
                            if let Some(sources) = &news.sources {
                                board.sources.clone_from(sources);
                            }
                        });
                    }
                    answered(false, late)
                }
                // The last picture stays.
                Answer::Starting => answered(false, true),
            }
        }

        /// Changes the newest board there is, shown or not.
        fn renew(self, mut change: impl FnMut(&mut Board)) {
            let renew = |shown: &mut Shown| {
                if let Some(board) = shown.board.as_mut().map(Arc::make_mut) {
                    change(board);
                }
            };
            if self.kept.with_untracked(Option::is_some) {
                self.kept.update(|kept| kept.iter_mut().for_each(renew));
            } else {
                self.shown.update(renew);
            }
        }

        fn part_is<T>(self, part: fn(&Board) -> T) -> Option<T> {
            let of = |shown: &Shown| shown.board.as_deref().map(part);
            let newest = self.kept.with_untracked(|kept| kept.as_ref().map(of));
            newest.unwrap_or_else(|| self.shown.with_untracked(of))
        }
    }

    impl Feed for LiveTag {
        fn track(&self) {
            self.view.track();
        }

        fn is_empty(&self) -> bool {
            let not_yet = |shown: &ShownTag| matches!(shown.tag, Known::NotYet);
            self.shown.with_untracked(not_yet)
        }

        fn asked(&self) -> Asked {
            let of = self.view.get_untracked();
            let held = self.shown.with_untracked(|shown| match &shown.tag {
                Known::Tag(detail) if shown.of == of => Some(detail.epoch),
                _ => None,
            });
            Asked::Tag(of, held)
        }

        fn show(&self, asked: Asked, told: Told) -> Event {
            let (Asked::Tag(of, _), Told::Tag(answer)) = (asked, told) else {
                return Event::Failed;
            };
            let tag = match answer {
                TagAnswer::Tag(detail) => Known::Tag(Arc::new(detail)),
                TagAnswer::NeverSeen => Known::Never,
                TagAnswer::Blocked => Known::Blocked,
                TagAnswer::Unchanged { behind } => return answered(false, behind),
                TagAnswer::Starting => return answered(false, true),
            };
            self.shown.set(ShownTag { of, tag });
            answered(true, false)
        }

        /// What the server says of itself holds: a page without sources cannot tell.
        fn patience(&self) -> Option<Duration> {
            None
        }

        fn leader(&self) -> Option<String> {
            None
        }
    }
}

#[cfg(feature = "hydrate")]
mod driver {
    //! Does what [`Poll`] orders, and tells it what came of it.

    use std::{cell::RefCell, pin::pin, rc::Rc, time::Duration};

    use futures::future::{AbortHandle, Abortable, Either, select};
    use gloo_timers::future::TimeoutFuture;
    use leptos::{
        leptos_dom::helpers::window_event_listener_untyped, prelude::*, task::spawn_local,
    };

    use super::{Line, feed::Feed};
    use crate::{
        ask,
        page::{announce::Announcer, words},
        poll::{Event, Health, Order, Poll},
    };

    /// Keeps a page new for as long as the component lives that calls this.
    pub(crate) fn keep(line: Line, feed: impl Feed + 'static) {
        keep_any(line, Rc::new(feed));
    }

    fn keep_any(line: Line, feed: Rc<dyn Feed>) {
        // Out here, since all that an effect makes goes when it runs again.
        let driver = StoredValue::new_local(None::<Rc<Driver>>);
        let on = move |event| {
            let driver = driver.try_get_value().flatten();
            if let Some(driver) = driver {
                driver.on(event);
            }
        };
        // An effect runs when the page is hydrated.
        Effect::new(move || {
            feed.track();
            line.urge.track();
            if driver.with_value(Option::is_none) {
                feed.begin();
                driver.set_value(Some(Driver::start(line, feed.clone())));
                // Who came here by a link has nothing to look at yet.
                if feed.is_empty() {
                    on(Event::Urged);
                }
            } else {
                on(Event::Urged);
            }
        });
        let seen = window_event_listener_untyped("visibilitychange", move |_| {
            on(if hidden() {
                Event::Hidden
            } else {
                Event::Shown
            });
        });
        let online = window_event_listener_untyped("online", move |_| on(Event::Urged));
        Owner::on_cleanup(move || {
            seen.remove();
            online.remove();
            if let Some(driver) = driver.try_get_value().flatten() {
                driver.stop();
            }
        });
    }

    struct Driver {
        line: Line,
        feed: Rc<dyn Feed>,
        poll: RefCell<Poll>,
        announcer: RefCell<Announcer>,
        /// Ends the open question or the sleep.
        doing: RefCell<Option<AbortHandle>>,
    }

    impl Driver {
        fn start(line: Line, feed: Rc<dyn Feed>) -> Rc<Self> {
            let (poll, order) = Poll::new(now(), hidden());
            let driver = Rc::new(Self {
                line,
                feed,
                poll: RefCell::new(poll),
                announcer: RefCell::default(),
                doing: RefCell::default(),
            });
            line.zone.set(Some(zone()));
            driver.obey(order);
            driver
        }

        fn on(self: &Rc<Self>, event: Event) {
            let order = self
                .poll
                .borrow_mut()
                .on(event, now(), js_sys::Math::random());
            self.obey(order);
            self.tell(order);
        }

        fn obey(self: &Rc<Self>, order: Order) {
            if order == Order::Carry {
                return;
            }
            self.stop();
            let driver = self.clone();
            match order {
                Order::Ask(limit) => self.begin(async move {
                    let asked = driver.feed.asked();
                    let answer = pin!(ask::ask(asked.clone()));
                    let event = match select(answer, timeout(limit)).await {
                        Either::Left((Some(told), _)) => driver.feed.show(asked, told),
                        Either::Left((None, _)) | Either::Right(_) => Event::Failed,
                    };
                    driver.on(event);
                }),
                Order::Sleep(time) => self.begin(async move {
                    timeout(time).await;
                    driver.on(Event::Woke);
                }),
                Order::Rest | Order::Carry => {}
            }
        }

        fn begin(&self, task: impl Future<Output = ()> + 'static) {
            let (handle, registration) = AbortHandle::new_pair();
            *self.doing.borrow_mut() = Some(handle);
            let task = Abortable::new(task, registration);
            spawn_local(async move {
                let _ = task.await;
            });
        }

        fn stop(&self) {
            if let Some(doing) = self.doing.take() {
                doing.abort();
            }
        }

        /// Sets the signals that say how things are.
        fn tell(&self, order: Order) {
            let line = self.line;
            let health = self.poll.borrow().health(now(), self.feed.patience());
            set(line.health, health);
            set(line.zone, Some(zone()));
            let next_try = match order {
                Order::Sleep(time) if health == Health::Offline => Some(Some(local_time(time))),
                Order::Carry => None,
                _ => Some(None),
            };
            if let Some(next_try) = next_try {
                set(line.next_try, next_try);
            }
            let leader = self.feed.leader();
            let said = self
                .announcer
                .borrow_mut()
                .say(now(), health, leader.as_deref());
            if let Some(said) = said {
                line.announcement.set(said);
            }
        }
    }

    /// Leaves a signal alone that already says so: nobody is woken for nothing.
    fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
        if signal.with_untracked(|held| *held != value) {
            signal.set(value);
        }
    }

    fn timeout(time: Duration) -> TimeoutFuture {
        TimeoutFuture::new(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
    }

    /// Since the page was opened; never goes back.
    fn now() -> Duration {
        let millis = window().performance().map_or(0.0, |clock| clock.now());
        Duration::from_secs_f64(millis.max(0.0) / 1000.0)
    }

    fn hidden() -> bool {
        document().hidden()
    }

    fn zone() -> i32 {
        -js_sys::Date::new_0().get_timezone_offset() as i32
    }

    fn local_time(after: Duration) -> String {
        let at = js_sys::Date::now() + after.as_secs_f64() * 1000.0;
        let at = js_sys::Date::new(&at.into());
        words::clock(at.get_hours(), at.get_minutes(), at.get_seconds())
    }
}
