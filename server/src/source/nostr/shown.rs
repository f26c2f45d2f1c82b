//! How many relays are shown as one source: live as long as one of them is, with what is wrong with the
//! others.

use std::{
    future::{self, Future},
    pin::pin,
    time::Duration,
};

use jiff::Timestamp;
use model::{Source, SourceState};

use super::super::{Registry, Status};

/// Of so many relays it is told in one sentence what is wrong.
const MOST: usize = 3;

#[derive(Debug)]
pub(super) struct Shown {
    status: Status,
    /// Each with its name and a status that nobody else asks for.
    relays: Vec<(String, Status)>,
}

impl Shown {
    pub(super) fn new(status: Status, names: impl Iterator<Item = String>) -> Self {
        let own = Registry::default();
        let relays = names.map(|name| {
            let status = own.add(&format!("nostr {name}"));
            (name, status)
        });
        Self {
            relays: relays.collect(),
            status,
        }
    }

    /// Of each relay, in order.
    pub(super) fn statuses(&self) -> Vec<Status> {
        self.relays
            .iter()
            .map(|(_, status)| status.clone())
            .collect()
    }

    /// Runs what changes the statuses of relays, and shows each change as it happens.
    pub(super) async fn while_running(&self, run: impl Future<Output = ()>) {
        let mut run = pin!(run);
        future::poll_fn(|context| {
            let polled = run.as_mut().poll(context);
            self.tell();
            polled
        })
        .await;
    }

    fn tell(&self) {
        let shown = self
            .relays
            .iter()
            .map(|(name, status)| (name, status.show()));
        let shown: Vec<_> = shown.collect();
        let is_live = |(_, relay): &&(&String, Source)| relay.state == SourceState::Live;
        let live = shown.iter().filter(is_live).count();
        let wrong = shown.iter().filter_map(|(name, relay)| {
            let detail = relay.detail.as_ref()?;
            Some(format!("{name}: {detail}"))
        });
        let mut said: Vec<_> = wrong.clone().take(MOST).collect();
        match wrong.count() {
            more if more > MOST => said.push(format!("and {} more", more - MOST)),
            _ => {}
        }
        if (1..shown.len()).contains(&live) {
            said.insert(0, format!("{live} of {} relays", shown.len()));
        }
        let sentence = said.join("; ");
        let next_try = shown.iter().filter_map(|(_, relay)| pause_of(relay)).min();
        match (live, next_try) {
            (0, _) if sentence.is_empty() => self.status.connecting(),
            (0, Some(pause)) => self.status.waiting_until(sentence, pause),
            (0, None) => self.status.waiting(sentence),
            _ if sentence.is_empty() => self.status.live(),
            _ => self.status.live_but(sentence),
        }
    }
}

/// A status tells the next try in whole seconds, rounded up: less than the second that is given again by
/// this, so that it stays the same one.
fn pause_of(relay: &Source) -> Option<Duration> {
    let at: Timestamp = relay.next_try.as_ref()?.parse().ok()?;
    let pause = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
    Some(pause.saturating_sub(Duration::from_millis(500)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(
        names: &[&str],
    ) -> (
        Shown,
        Vec<Status>,
        impl Fn() -> (SourceState, Option<String>),
    ) {
        let status = Registry::default().add("nostr:test");
        let shown = Shown::new(status.clone(), names.iter().map(|&name| name.to_owned()));
        let relays = shown.statuses();
        let state = move || {
            let source = status.show();
            (source.state, source.detail)
        };
        (shown, relays, state)
    }

    #[test]
    fn it_is_live_as_long_as_one_of_them_is() {
        let (shown, relays, state) = shown(&["a", "b", "c"]);
        shown.tell();
        assert_eq!(state(), (SourceState::Connecting, None));
        relays[1].live();
        shown.tell();
        let says = |text: &str| Some(text.to_owned());
        assert_eq!(state(), (SourceState::Live, says("1 of 3 relays")));
        relays[0].live_but("it says: hello");
        relays[2].waiting_until("no connection", Duration::from_secs(5));
        shown.tell();
        let expected = "2 of 3 relays; a: it says: hello; c: no connection";
        assert_eq!(state(), (SourceState::Live, says(expected)));
        relays.iter().for_each(Status::live);
        shown.tell();
        assert_eq!(state(), (SourceState::Live, None));
    }

    #[test]
    fn where_none_is_live_it_says_why_and_when_the_first_is_tried_again() {
        let (shown, relays, state) = shown(&["a", "b"]);
        relays[0].waiting_until("gone", Duration::from_secs(500));
        relays[1].waiting_until("gone too", Duration::from_secs(60));
        let first = relays[1].show().next_try;
        assert!(first.is_some());
        for _ in 0..3 {
            shown.tell();
            let expected = (
                SourceState::Waiting,
                Some("a: gone; b: gone too".to_owned()),
            );
            assert_eq!(state(), expected);
            assert_eq!(shown.status.show().next_try, first);
        }
    }

    #[test]
    fn of_many_it_names_some() {
        let names: Vec<_> = (0..9).map(|n| n.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (shown, relays, state) = shown(&names);
        relays.iter().for_each(|relay| relay.waiting("gone"));
        shown.tell();
        let expected = "0: gone; 1: gone; 2: gone; and 6 more";
        assert_eq!(state(), (SourceState::Waiting, Some(expected.to_owned())));
    }

    #[tokio::test]
    async fn a_change_is_shown_as_it_happens() {
        let (shown, relays, state) = shown(&["a"]);
        let run = async {
            relays[0].live();
            tokio::task::yield_now().await;
            assert_eq!(state(), (SourceState::Live, None));
            relays[0].waiting("gone");
        };
        shown.while_running(run).await;
        assert_eq!(state(), (SourceState::Waiting, Some("a: gone".to_owned())));
    }
}
