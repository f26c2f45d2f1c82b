//! Does what [`Poll`] orders, and tells it what came of it.

use std::{cell::RefCell, pin::pin, rc::Rc, time::Duration};

use futures::future::{AbortHandle, Abortable, Either, select};
use gloo_timers::future::TimeoutFuture;
use leptos::{leptos_dom::helpers::window_event_listener_untyped, prelude::*, task::spawn_local};

use super::{Line, feed::Feed};
use crate::{
    ask,
    page::announce::Announcer,
    poll::{Event, Health, Order, Poll},
    words,
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
        let (leader, alert) = (self.feed.leader(), self.feed.alert());
        let (leader, alert) = (leader.as_deref(), alert.as_deref());
        let said = self
            .announcer
            .borrow_mut()
            .say(now(), health, leader, alert);
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
