//! What has reached a threshold a while ago: a few lines over the board, which go by themselves or when
//! the reader has seen them.

use leptos::prelude::*;
use model::{Epoch, Notice};

use super::live::Live;
use crate::{
    address::{self, Mode},
    chart::label,
    words,
};

#[component]
pub fn Alerts(live: Live) -> impl IntoView {
    // Up to which epoch the reader has seen them.
    let seen = RwSignal::new(Epoch(0));
    let fresh = Memo::new(move |_| {
        let (mut fresh, seen) = (live.alerts.get(), seen.get());
        fresh.retain(|notice| notice.epoch > seen);
        fresh
    });
    let hidden = Signal::derive(move || fresh.with(Vec::is_empty));
    let line = live.line;
    let lines = move || {
        let (zone, mode) = (line.zone.get(), line.mode.get());
        // Not with every board: only its day is looked at, and the focus may be on one of the links.
        let now = line.at.get_untracked().unwrap_or_default();
        let shown = |notice| shown(notice, mode, zone, &now);
        fresh.get().into_iter().map(shown).collect_view()
    };
    let dismiss = move |_| {
        let newest = fresh.with_untracked(|fresh| fresh.first().map(|notice| notice.epoch));
        seen.set(newest.unwrap_or_default());
    };
    view! {
        <aside class="alerts" aria-label="Alerts" hidden=hidden>
            <ul>{lines}</ul>
            <button type="button" class="alive" on:click=dismiss>
                "Dismiss"
            </button>
        </aside>
    }
}

fn shown(notice: Notice, mode: Mode, zone: Option<i32>, now: &str) -> impl IntoView + use<> {
    let at = words::moment_in(zone, &notice.at, now);
    let full = words::date_and_time(&notice.at);
    let href = address::tag_href(&notice.tag, notice.window, mode);
    view! {
        <li>
            <a href=href>
                <bdi>{notice.tag}</bdi>
            </a>
            " "
            {notice.told}
            ", "
            <time datetime=notice.at title=full>
                {at}
            </time>
        </li>
    }
}

/// One of them in a sentence.
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only browsers speak")
)]
pub(super) fn spoken(notice: &Notice) -> String {
    let mut spoken = label::shown(&notice.tag);
    spoken.push(' ');
    spoken.push_str(&notice.told);
    spoken.push('.');
    spoken
}
