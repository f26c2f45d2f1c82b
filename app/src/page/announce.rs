//! What is read out to those who listen to the page: little, and seldom.
//!
//! A board changes every two seconds; a voice that says so cannot be borne. At most one sentence in
//! [`PAUSE`], and only when the line to the server is cut or mended, a tag has reached a threshold, or the
//! leader is another.

use std::time::Duration;

use crate::poll::Health;

const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub struct Announcer {
    /// When something was last said.
    last: Option<Duration>,
    /// What listeners know.
    leader: Option<String>,
    alert: Option<String>,
    offline: bool,
}

impl Announcer {
    /// `alert` is the newest one, in a sentence.
    pub fn say(
        &mut self,
        now: Duration,
        health: Health,
        leader: Option<&str>,
        alert: Option<&str>,
    ) -> Option<String> {
        // Who opens the page reads what is on it: what it arrived with is no news.
        let last = *self.last.get_or_insert_with(|| {
            self.leader = leader.map(str::to_owned);
            self.alert = alert.map(str::to_owned);
            now
        });
        if now.saturating_sub(last) < PAUSE {
            return None;
        }
        let offline = health == Health::Offline;
        let said = if offline != self.offline {
            if offline {
                "No connection. The counts shown are old."
            } else {
                "Connected again."
            }
            .to_owned()
        } else if let Some(alert) = alert.filter(|_| alert != self.alert.as_deref()) {
            self.alert = Some(alert.to_owned());
            alert.to_owned()
        } else if let Some(tag) = leader.filter(|_| leader != self.leader.as_deref()) {
            self.leader = Some(tag.to_owned());
            format!("{tag} leads now.")
        } else {
            return None;
        };
        self.offline = offline;
        self.last = Some(now);
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_the_page_opened_with_is_no_news() {
        let mut announcer = Announcer::default();
        for second in 0..300 {
            assert_eq!(
                announcer.say(at(second), Health::Live, Some("#a"), None),
                None
            );
        }
    }

    #[test]
    fn says_at_most_one_thing_in_half_a_minute() {
        let mut announcer = Announcer::default();
        let tags = ["#a", "#b", "#c"];
        let said = (0..120).filter(|&second| {
            let tag = tags[second as usize % tags.len()];
            announcer
                .say(at(second), Health::Live, Some(tag), None)
                .is_some()
        });
        let said: Vec<_> = said.collect();
        assert!(said.len() >= 2);
        assert!(
            said.windows(2).all(|pair| pair[1] - pair[0] >= 30),
            "{said:?}"
        );
    }

    #[test]
    fn says_that_the_line_is_cut_and_that_it_is_mended() {
        let mut announcer = Announcer::default();
        announcer.say(at(0), Health::Live, None, None);
        let cut = announcer.say(at(31), Health::Offline, None, None);
        assert!(cut.is_some_and(|said| said.starts_with("No connection")));
        assert_eq!(announcer.say(at(40), Health::Live, None, None), None);
        let mended = announcer.say(at(61), Health::Live, None, None);
        assert_eq!(mended.as_deref(), Some("Connected again."));
    }

    #[test]
    fn says_an_alert_once_and_before_who_leads() {
        let mut announcer = Announcer::default();
        let mut say =
            |second, leader, alert| announcer.say(at(second), Health::Live, Some(leader), alert);
        assert_eq!(say(0, "#a", Some("#old rises.")), None);
        assert_eq!(say(40, "#a", Some("#old rises.")), None);
        let said = say(41, "#b", Some("#new rises."));
        assert_eq!(said.as_deref(), Some("#new rises."));
        // It goes and is there again, as where an older one was dismissed.
        assert_eq!(say(72, "#b", None).as_deref(), Some("#b leads now."));
        assert_eq!(say(110, "#b", Some("#new rises.")), None);
    }
}
