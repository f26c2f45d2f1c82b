//! What must hold of a stored place.

use super::place::{Place, Seen};

pub(in crate::source) fn place(text: &str) {
    let Ok(place) = text.parse::<Place>() else {
        return;
    };
    assert_eq!(place.to_string().parse().as_ref(), Ok(&place));
    let host = place.host.clone();
    let mut seen = Seen::new(Some(place.clone()));
    assert_eq!(seen.place(), Some(&place));
    assert!(place.time_at("another") <= place.time_at(&host));
    // What comes next moves it on, and what comes once more does not.
    for time_us in [place.time_us, place.time_us.saturating_add(1), 0] {
        seen.is_new(&host, time_us, time_us);
        assert!(!seen.is_new(&host, time_us, time_us));
        assert!(seen.place().is_some_and(|now| now.time_us >= place.time_us));
    }
}
