//! Which page an address shows: `/`, `/tag/rust?window=1h`. The server and the browser read it alike.

use model::View;

use crate::{
    address::{self, Mode},
    ask::TagView,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Board(View),
    Tag(TagView),
    /// There is no such page.
    Nowhere,
}

impl Place {
    /// By a path and its query. Of a parameter that is given twice, the last holds.
    pub fn of(address: &str) -> (Self, Mode) {
        let address = address.split('#').next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let given: Vec<(String, String)> = query
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let plain = |text: &str| address::percent_decode(&text.replace('+', " "));
                (plain(name), plain(value))
            })
            .collect();
        let query = address::Query::of(|wanted| {
            let mut found = given.iter().rev();
            let found = found.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        });
        let mode = query.mode();
        if path == "/" {
            return (Self::Board(query.view_or_default()), mode);
        }
        // A tag's page is read and not left on the wall.
        let mode = Mode {
            theme: mode.theme,
            ..Mode::default()
        };
        let name = path.strip_prefix("/tag/").filter(|name| !name.is_empty());
        let place = name.map_or(Self::Nowhere, |name| {
            Self::Tag(TagView {
                name: address::tag_name(&address::percent_decode(name)),
                window: address::window_or_default(query.window),
            })
        });
        (place, mode)
    }
}

#[cfg(test)]
mod tests {
    use model::Window;

    use super::*;
    use crate::address::Theme;

    fn tag(name: &str, window: Window) -> Place {
        let name = name.to_owned();
        Place::Tag(TagView { name, window })
    }

    #[test]
    fn every_page_is_found_by_its_address() {
        let five = Window::FiveMinutes;
        for (address, place) in [
            ("/", Place::Board(View::default())),
            ("/?", Place::Board(View::default())),
            (
                "/?window=all&k=10#top",
                Place::Board(View {
                    window: Window::All,
                    ..View::default()
                }),
            ),
            (
                "/?k=10&k=25",
                Place::Board(View {
                    rows: 25,
                    ..View::default()
                }),
            ),
            ("/tag/rust?window=1h", tag("#rust", Window::OneHour)),
            ("/tag/caf%C3%A9", tag("#caf\u{e9}", five)),
            ("/tag/%23a%23b", tag("#a#b", five)),
            ("/tag/a/b", tag("#a/b", five)),
            ("/tag/a+b", tag("#a+b", five)),
            ("/tag/%ff%2", tag("#\u{fffd}%2", five)),
            ("/tag/", Place::Nowhere),
            ("/other", Place::Nowhere),
            ("", Place::Nowhere),
        ] {
            assert_eq!(Place::of(address).0, place, "{address}");
        }
    }

    #[test]
    fn a_tag_has_no_mode_but_its_theme() {
        let board = Place::of("/?theme=dark&kiosk=1&pa%75sed=1").1;
        assert!(board.kiosk && board.paused && board.theme == Theme::Dark);
        let tag = Place::of("/tag/a?theme=dark&kiosk=1&paused=1").1;
        let dark = Mode {
            theme: Theme::Dark,
            ..Mode::default()
        };
        assert_eq!(tag, dark);
    }
}
