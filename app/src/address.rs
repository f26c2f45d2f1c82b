//! What a page shows, as it stands in its address: `/?window=all&source=external`.
//!
//! Names of one address are never given another meaning: people keep links.

use std::fmt;

use model::{Origin, View, Window};

/// A parameter whose value stands for nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    Window,
    Ranking,
    Source,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Window => "window is 5m or all",
            Self::Ranking => "by is count",
            Self::Source => "source is external, or left out",
        })
    }
}

impl std::error::Error for BadName {}

/// The view of these parameters. An empty one is one left out, as forms send them.
pub fn view(window: Option<&str>, by: Option<&str>, source: Option<&str>) -> Result<View, BadName> {
    let given = |name: Option<&str>| name.filter(|name| !name.is_empty()).map(str::to_owned);
    let window = match given(window) {
        Some(name) => name.parse().map_err(|_| BadName::Window)?,
        None => Window::default(),
    };
    let by = match given(by) {
        Some(name) => name.parse().map_err(|_| BadName::Ranking)?,
        None => Default::default(),
    };
    match given(source).as_deref() {
        None => Ok(View {
            window,
            by,
            origin: Origin::default(),
            rows: View::default().rows,
        }),
        // Another program's board has no past: whatever the window, it is all there is.
        Some("external") => Ok(View {
            window: Window::All,
            by,
            origin: Origin::External,
            rows: View::default().rows,
        }),
        Some(_) => Err(BadName::Source),
    }
}

/// As [`view`], for a page: an address with a slip in it still shows a board.
pub fn view_or_default(window: Option<&str>, by: Option<&str>, source: Option<&str>) -> View {
    let window = window.filter(|name| view(Some(name), None, None).is_ok());
    let by = by.filter(|name| view(None, Some(name), None).is_ok());
    let source = source.filter(|name| view(None, None, Some(name)).is_ok());
    view(window, by, source).unwrap_or_default()
}

/// The value of `source` in an address and in the page's question.
pub fn source_name(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Counted(_) => None,
        Origin::External => Some("external"),
    }
}

/// The address that shows this view.
pub fn href(view: View) -> String {
    match source_name(view.origin) {
        Some(source) => format!("/?window={}&source={source}", view.window),
        None => format!("/?window={}", view.window),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTERNAL: View = View {
        window: Window::All,
        by: model::Ranking::Count,
        origin: Origin::External,
        rows: 10,
    };

    #[test]
    fn nothing_asked_for_is_the_default() {
        assert_eq!(view(None, None, None), Ok(View::default()));
        assert_eq!(view(Some(""), Some(""), Some("")), Ok(View::default()));
    }

    #[test]
    fn every_view_finds_back_from_its_address() {
        let views = Window::ALL
            .map(|window| View {
                window,
                ..View::default()
            })
            .into_iter()
            .chain([EXTERNAL]);
        for wanted in views {
            let address = href(wanted);
            let query = address.strip_prefix("/?").expect("a query");
            let named = |name: &str| {
                query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            };
            assert_eq!(
                view(named("window"), named("by"), named("source")),
                Ok(wanted)
            );
        }
    }

    #[test]
    fn an_external_board_has_one_window() {
        assert_eq!(view(Some("5m"), None, Some("external")), Ok(EXTERNAL));
    }

    #[test]
    fn a_bad_name_is_refused_by_name() {
        assert_eq!(view(Some("6m"), None, None), Err(BadName::Window));
        assert_eq!(view(None, Some("luck"), None), Err(BadName::Ranking));
        assert_eq!(view(None, None, Some("bluesky")), Err(BadName::Source));
    }

    #[test]
    fn a_page_keeps_what_is_right_in_an_address() {
        assert_eq!(
            view_or_default(Some("6m"), Some("luck"), Some("moon")),
            View::default()
        );
        let kept = view_or_default(Some("all"), Some("luck"), Some("moon"));
        assert_eq!(
            kept,
            View {
                window: Window::All,
                ..View::default()
            }
        );
        assert_eq!(
            view_or_default(Some("6m"), None, Some("external")),
            EXTERNAL
        );
    }
}
