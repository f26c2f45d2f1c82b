//! What the page shows now, and in the browser the driver that keeps it new.

use std::sync::Arc;

use leptos::prelude::*;
use model::{Answer, Board, Origin, Row, View};

use super::words;
use crate::{board_fn::Refusal, poll::Health};

/// The state that the parts of the page share.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// What the address asks for.
    pub view: Memo<View>,
    /// The newest board that has come. It stays when nothing newer comes.
    pub shown: RwSignal<Shown>,
    /// Whose counts it shows, which may not yet be what the address asks for.
    pub origin: Memo<Origin>,
    /// Its rows.
    pub rows: Memo<Vec<Row>>,
    pub health: RwSignal<Health>,
    /// While cut off: when the server is asked again, in the reader's time.
    pub next_try: RwSignal<Option<String>>,
    /// Minutes from UTC to the reader's time; `None` until the browser has said it.
    pub zone: RwSignal<Option<i32>>,
    /// What is read out.
    pub announcement: RwSignal<String>,
    /// Set to ask without waiting.
    pub urge: Trigger,
}

/// A board and the view that it was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    pub of: View,
    /// `None` while the server has none yet.
    pub board: Option<Arc<Board>>,
}

impl Live {
    pub fn new(view: Memo<View>, first: Result<Answer, Refusal>) -> Self {
        let board = match first {
            Ok(Answer::Board(board)) => Some(Arc::new(board)),
            Ok(Answer::Starting | Answer::Unchanged(_)) | Err(_) => None,
        };
        let shown = RwSignal::new(Shown {
            of: view.get_untracked(),
            board,
        });
        let rows = Memo::new(move |_| {
            shown.with(|shown| {
                shown
                    .board
                    .as_ref()
                    .map(|board| board.top.rows.clone())
                    .unwrap_or_default()
            })
        });
        Self {
            view,
            shown,
            origin: Memo::new(move |_| shown.with(|shown| shown.of.origin)),
            rows,
            health: RwSignal::new(Health::Sent),
            next_try: RwSignal::new(None),
            zone: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            urge: Trigger::new(),
        }
    }

    /// A part of the newest board, and news only where that part is new.
    pub fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        part: fn(&Board) -> T,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.shown.with(|shown| shown.board.as_deref().map(part)))
    }

    /// The time of the newest data: for people, and in full.
    pub fn time(self) -> Signal<(String, String)> {
        let at = self.part(|board| board.top.at.clone());
        Signal::derive(move || {
            let at = at.get().unwrap_or_default();
            (words::time_in(self.zone.get(), &at), at)
        })
    }
}

#[cfg(feature = "hydrate")]
pub use driver::keep;

#[cfg(feature = "hydrate")]
mod driver {
    //! Does what [`Poll`] orders, and tells it what came of it.

    use std::{cell::RefCell, pin::pin, rc::Rc, sync::Arc, time::Duration};

    use futures::future::{AbortHandle, Abortable, Either, select};
    use gloo_timers::future::TimeoutFuture;
    use leptos::{
        leptos_dom::helpers::window_event_listener_untyped, prelude::*, task::spawn_local,
    };
    use model::{Answer, Epoch, Origin, SourceState, View};

    use super::{Live, Shown};
    use crate::{
        board_fn,
        page::{announce::Announcer, words},
        poll::{Event, Health, Order, Poll},
    };

    /// Keeps `live` new for as long as the component lives that calls this.
    pub fn keep(live: Live) {
        // Out here, since all that an effect makes goes when it runs again.
        let driver = StoredValue::new_local(None::<Rc<Driver>>);
        let on = move |event| {
            let driver = driver.try_get_value().flatten();
            if let Some(driver) = driver {
                driver.on(event);
            }
        };
        // An effect runs when the page is hydrated: from here on it may differ from what was sent.
        Effect::new(move || {
            let _ = live.view.get();
            live.urge.track();
            if driver.with_value(Option::is_none) {
                driver.set_value(Some(Driver::start(live)));
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
        live: Live,
        poll: RefCell<Poll>,
        announcer: RefCell<Announcer>,
        /// Ends the open question or the sleep.
        doing: RefCell<Option<AbortHandle>>,
    }

    impl Driver {
        fn start(live: Live) -> Rc<Self> {
            let (poll, order) = Poll::new(now(), hidden());
            let driver = Rc::new(Self {
                live,
                poll: RefCell::new(poll),
                announcer: RefCell::default(),
                doing: RefCell::default(),
            });
            live.zone.set(Some(zone()));
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
                    let view = driver.live.view.get_untracked();
                    let question = pin!(board_fn::ask(view, driver.held(view)));
                    let event = match select(question, timeout(limit)).await {
                        Either::Left((Ok(answer), _)) => driver.show(view, answer),
                        Either::Left((Err(_), _)) | Either::Right(_) => Event::Failed,
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

        /// The epoch of the board that is shown, if it is a board of `view`.
        fn held(&self, view: View) -> Option<Epoch> {
            self.live.shown.with_untracked(|shown| {
                let board = shown.board.as_ref().filter(|_| shown.of == view)?;
                Some(board.top.epoch)
            })
        }

        fn show(&self, of: View, answer: Answer) -> Event {
            match answer {
                Answer::Board(board) => {
                    self.live.shown.set(Shown {
                        of,
                        board: Some(Arc::new(board)),
                    });
                    Event::Answered { news: true }
                }
                Answer::Unchanged(_) => Event::Answered { news: false },
                // The last picture stays.
                Answer::Starting => Event::Starting,
            }
        }

        /// Sets the signals that say how things are.
        fn tell(&self, order: Order) {
            let live = self.live;
            let health = self.poll.borrow().health(now(), self.patience());
            set(live.health, health);
            set(live.zone, Some(zone()));
            let next_try = match order {
                Order::Sleep(time) if health == Health::Offline => Some(Some(local_time(time))),
                Order::Carry => None,
                _ => Some(None),
            };
            if let Some(next_try) = next_try {
                set(live.next_try, next_try);
            }
            let leader = live
                .rows
                .with_untracked(|rows| rows.first().map(|row| row.tag.clone()));
            let said = self
                .announcer
                .borrow_mut()
                .say(now(), health, leader.as_deref());
            if let Some(said) = said {
                live.announcement.set(said);
            }
        }

        /// How long counts may stand still. Where no source is live they have reason to, and
        /// another program's board comes when it comes.
        fn patience(&self) -> Option<Duration> {
            self.live.shown.with_untracked(|shown| {
                let board = shown.board.as_ref()?;
                let flows = matches!(shown.of.origin, Origin::Counted(_))
                    && board
                        .sources
                        .iter()
                        .any(|source| source.state == SourceState::Live);
                let batches = Duration::from_millis(board.batch_ms.saturating_mul(5));
                flows.then(|| batches.max(Duration::from_secs(10)))
            })
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
