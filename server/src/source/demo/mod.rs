//! `demo`: posts that nobody wrote, at a steady rate, so that there is something to see at once.
//!
//! The cursor is the number of the next post, and each post is a function of the seed and its number
//! ([`posts`]): a restart goes on where the sealed posts end, with the posts that were to come.

use std::{num::NonZero, time::Duration};

use tokio::{
    select,
    task::coop,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    Context, Cursor, Event, Sink,
    connection::accept,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
};
use model::Kind;
use posts::Writer;

mod bursts;
mod posts;
mod vocabulary;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demo {
    /// Posts a second.
    rate: NonZero<u32>,
    seed: u64,
}

const DEFAULT_RATE: NonZero<u32> = NonZero::new(200).expect("not zero");
const MAX_RATE: u32 = 1_000_000;
const DEFAULT_SEED: u64 = 1;

/// How often posts are given: at few a second, each on its own.
const TICK: Duration = Duration::from_millis(20);

const CHUNK: u64 = 4096;

/// Where the sink lets it wait for longer, the posts of the time in between are never made: what comes
/// after is a steady stream again and no flood.
const MOST_BEHIND: Duration = Duration::from_secs(2);

impl Protocol for Demo {
    const KIND: Kind = Kind::Demo;
    const FORM: &'static str = "demo[:rate=N,seed=N]";
    type Ready = Self;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        let wrong = |why: String| SpecError::of::<Self>(rest, why);
        let mut demo = Self {
            rate: DEFAULT_RATE,
            seed: DEFAULT_SEED,
        };
        for option in rest.into_iter().flat_map(|options| options.split(',')) {
            match option.split_once('=') {
                Some(("rate", number)) => {
                    let rate = number.parse().ok();
                    demo.rate = rate
                        .filter(|rate: &NonZero<u32>| rate.get() <= MAX_RATE)
                        .ok_or_else(|| {
                            let range = format!("posts in a second, from 1 to {MAX_RATE}");
                            wrong(format!("`{number}` is no rate: {range}"))
                        })?;
                }
                Some(("seed", number)) => {
                    let seed = number.parse();
                    demo.seed =
                        seed.map_err(|_| wrong(format!("`{number}` is no seed: a whole number")))?;
                }
                _ => {
                    let has = "it has `rate=N` and `seed=N`";
                    return Err(wrong(format!("there is no option `{option}`: {has}")));
                }
            }
        }
        Ok(demo)
    }

    fn identity(&self) -> String {
        format!("demo:seed={}", self.seed)
    }

    async fn open(&self, _: &Options) -> Result<Self, OpenError> {
        Ok(self.clone())
    }

    async fn run<S: Sink>(demo: Self, context: Context<S>) {
        run(demo, context).await;
    }
}

async fn run<S: Sink>(settings: Demo, context: Context<S>) {
    let Context {
        mut sink,
        status,
        cursor,
        stop,
    } = context;
    let mut next = match cursor {
        None => 0,
        Some(Cursor(text)) => match text.parse() {
            Ok(next) => next,
            Err(_) => {
                let why = format!("the stored position {text:?} is none in it; use another --data");
                return status.failed(why);
            }
        },
    };
    let rate = u64::from(settings.rate.get());
    let mut writer = Writer::new(settings.seed, rate);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut begun = (Instant::now(), next);
    status.live();
    loop {
        select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let due = |(at, from): (Instant, u64)| {
            from.saturating_add((at.elapsed().as_nanos() * u128::from(rate) / 1_000_000_000) as u64)
        };
        if due(begun) - next > rate * MOST_BEHIND.as_secs() {
            begun = (Instant::now() - TICK, next);
        }
        let end = due(begun);
        while next < end {
            let chunk = next..end.min(next + CHUNK);
            next = chunk.end;
            let posts: Vec<_> = chunk
                .map(|number| Event::Post(writer.post(number)))
                .collect();
            let behind = Cursor(next.to_string());
            if accept(&posts, Some(behind), &mut sink, &stop)
                .await
                .is_err()
            {
                return;
            }
            coop::consume_budget().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::recording::Running;

    #[test]
    fn every_form_is_understood() {
        let demo = |rate, seed| Demo {
            rate: NonZero::new(rate).unwrap(),
            seed,
        };
        assert_eq!(Demo::parse(None), Ok(demo(200, 1)));
        let given = Some("seed=7,rate=1000000");
        assert_eq!(Demo::parse(given), Ok(demo(1_000_000, 7)));
    }

    #[tokio::test]
    async fn a_restart_goes_on_with_the_posts_that_were_to_come() {
        let running = Running::of("demo:rate=2000,seed=5", None).await;
        running.sink.until(500).await;
        let first = running.stop().await;
        let count = first.count();
        assert_eq!(first.cursor(), Some(Cursor(count.to_string())));

        let running = Running::of("demo:rate=2000,seed=5", first.cursor()).await;
        running.sink.until(500).await;
        let second = running.stop().await;

        let mut writer = Writer::new(5, 2000);
        let total = (count + second.count()) as u64;
        let expected: Vec<_> = (0..total)
            .map(|n| writer.post(n).text.into_owned())
            .collect();
        assert_eq!([first.texts(), second.texts()].concat(), expected);
    }

    #[tokio::test]
    async fn it_keeps_to_its_rate_and_makes_up_for_no_long_pause() {
        let begun = Instant::now();
        let running = Running::of("demo:rate=10000", None).await;
        running.sink.until(5000).await;
        assert!(begun.elapsed() >= Duration::from_millis(500));
        let most = |elapsed: Duration| (elapsed.as_secs_f64() * 10_000.0) as usize;
        assert!(running.sink.count() <= most(begun.elapsed()) + 1);
        running.stop().await;
    }

    #[tokio::test]
    async fn it_stops_while_the_sink_is_full() {
        let running = Running::of("demo:rate=1000000", None).await;
        running.sink.until(1).await;
        running.sink.set_room(false);
        running.stop().await;
    }
}
