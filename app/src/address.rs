//! What a page shows and how, as it stands in its address:
//! `/?window=1h&by=people&lang=en&source=file&k=25&theme=dark&kiosk=1`, `/tag/rust?window=1h`.
//!
//! What is left out of an address has its default, and `/` is the default board. Names of one address
//! are never given another meaning: people keep links.

use std::fmt;

use model::{Filter, Kind, Origin, Ranking, View, Window};

/// The value of `source` that stands for the board that another program posted.
const EXTERNAL: &str = "external";

/// A parameter whose value stands for nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    Window,
    Ranking,
    Lang,
    Source,
    Rows,
}

impl BadName {
    /// For programs. A name given here is not changed.
    pub fn code(self) -> &'static str {
        match self {
            Self::Window => "bad_window",
            Self::Ranking => "bad_by",
            Self::Lang => "bad_lang",
            Self::Source => "bad_source",
            Self::Rows => "bad_k",
        }
    }
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window => one_of(f, "window", &Window::ALL.map(Window::name)),
            Self::Ranking => one_of(f, "by", &Ranking::ALL.map(Ranking::name)),
            Self::Lang => f.write_str("lang is two or three letters, such as en"),
            Self::Source => {
                one_of(f, "source", &Kind::ALL.map(Kind::name))?;
                write!(f, ", {EXTERNAL}")
            }
            Self::Rows => write!(f, "k is a whole number from 1 to {}", View::MOST_ROWS),
        }
    }
}

impl std::error::Error for BadName {}

fn one_of(f: &mut fmt::Formatter<'_>, name: &str, allowed: &[&str]) -> fmt::Result {
    write!(f, "{name} is one of: {}", allowed.join(", "))
}

/// The parameters of a board's address, as they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    pub window: Option<&'a str>,
    pub by: Option<&'a str>,
    pub lang: Option<&'a str>,
    pub source: Option<&'a str>,
    pub k: Option<&'a str>,
    pub theme: Option<&'a str>,
    pub paused: Option<&'a str>,
    pub kiosk: Option<&'a str>,
    pub embed: Option<&'a str>,
}

/// How a page is shown, whatever it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    pub theme: Theme,
    /// What comes is not shown.
    pub paused: bool,
    /// For a screen that nobody operates.
    pub kiosk: bool,
    /// For a frame in another page.
    pub embed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn of(name: &str) -> Self {
        let named = |theme: &Self| theme.name() == name;
        Self::ALL.into_iter().find(named).unwrap_or_default()
    }
}

/// How many rows a reader is offered; an address may name any number.
pub const ROWS: [u8; 4] = [10, 25, 50, 100];

impl<'a> Query<'a> {
    /// Each parameter by its name.
    pub fn of(value: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            window: value("window"),
            by: value("by"),
            lang: value("lang"),
            source: value("source"),
            k: value("k"),
            theme: value("theme"),
            paused: value("paused"),
            kiosk: value("kiosk"),
            embed: value("embed"),
        }
    }
}

impl Query<'_> {
    /// The view that is asked for. An empty parameter is one left out, as forms send them.
    pub fn view(self) -> Result<View, BadName> {
        let (view, bad) = self.read();
        bad.map_or(Ok(view), Err)
    }

    /// As [`Query::view`], for a page: an address with a slip in it still shows a board.
    pub fn view_or_default(self) -> View {
        self.read().0
    }

    /// How it is shown. It is nothing to be refused for: what stands for nothing has its default.
    pub fn mode(self) -> Mode {
        let set = |value: Option<&str>| value.is_some_and(|value| !matches!(value, "" | "0"));
        Mode {
            theme: self.theme.map_or(Theme::System, Theme::of),
            paused: set(self.paused),
            kiosk: set(self.kiosk),
            embed: set(self.embed),
        }
    }

    /// The view of all that is right, and the first that is not.
    fn read(self) -> (View, Option<BadName>) {
        let mut bad = None;
        let rows = View::default().rows;
        let by = parsed(self.by, BadName::Ranking, &mut bad);
        let rows = read(self.k, self::rows, BadName::Rows, &mut bad).unwrap_or(rows);
        let lang = parsed(self.lang, BadName::Lang, &mut bad);
        let window = window_of(self.window, &mut bad);
        if self.source == Some(EXTERNAL) {
            return (external(rows), bad);
        }
        let filter = Filter {
            source: parsed(self.source, BadName::Source, &mut bad),
            lang,
        };
        let view = View {
            window,
            by: by.unwrap_or_default(),
            origin: Origin::Counted(filter),
            rows,
        };
        (view, bad)
    }
}

/// Another program's board has no past, one order and no languages: it is shown as it was posted.
fn external(rows: u8) -> View {
    View {
        window: Window::All,
        by: Ranking::Count,
        origin: Origin::External,
        rows,
    }
}

/// The window of this name, the default one where none is given.
pub fn window(name: Option<&str>) -> Result<Window, BadName> {
    let mut bad = None;
    let window = window_of(name, &mut bad);
    bad.map_or(Ok(window), Err)
}

/// As [`window`], for a page.
pub fn window_or_default(name: Option<&str>) -> Window {
    window_of(name, &mut None)
}

fn window_of(name: Option<&str>, bad: &mut Option<BadName>) -> Window {
    parsed(name, BadName::Window, bad).unwrap_or_default()
}

fn parsed<T: std::str::FromStr>(
    name: Option<&str>,
    why: BadName,
    bad: &mut Option<BadName>,
) -> Option<T> {
    read(name, |name| name.parse().ok(), why, bad)
}

fn read<T>(
    name: Option<&str>,
    parse: impl FnOnce(&str) -> Option<T>,
    why: BadName,
    bad: &mut Option<BadName>,
) -> Option<T> {
    let name = name.filter(|name| !name.is_empty())?;
    let value = parse(name);
    if value.is_none() {
        bad.get_or_insert(why);
    }
    value
}

fn rows(digits: &str) -> Option<u8> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain)?;
    (1..=View::MOST_ROWS).contains(&number).then_some(number)
}

/// What of a view is not as by default: names and values of its address.
pub fn parameters(view: View) -> Vec<(&'static str, String)> {
    let usual = View::default();
    let mut parameters = Vec::new();
    let mut say = |said: bool, name, value: &dyn fmt::Display| {
        if said {
            parameters.push((name, value.to_string()));
        }
    };
    match view.origin {
        Origin::External => say(true, "source", &EXTERNAL),
        Origin::Counted(filter) => {
            say(view.window != usual.window, "window", &view.window);
            say(view.by != usual.by, "by", &view.by);
            if let Some(lang) = filter.lang {
                say(true, "lang", &lang);
            }
            if let Some(source) = filter.source {
                say(true, "source", &source);
            }
        }
    }
    say(view.rows != usual.rows, "k", &view.rows);
    parameters
}

/// As [`parameters`], of how it is shown.
pub fn mode_parameters(mode: Mode) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    if mode.theme != Theme::System {
        parameters.push(("theme", mode.theme.name().to_owned()));
    }
    for (set, name) in [
        (mode.paused, "paused"),
        (mode.kiosk, "kiosk"),
        (mode.embed, "embed"),
    ] {
        if set {
            parameters.push((name, "1".to_owned()));
        }
    }
    parameters
}

/// The address that shows this view in this way.
pub fn href(view: View, mode: Mode) -> String {
    let mut parameters = parameters(view);
    parameters.append(&mut mode_parameters(mode));
    with_parameters("/", &parameters)
}

/// As [`href`], with another value of one parameter. An empty one is none.
pub fn href_with(view: View, mode: Mode, name: &str, value: &str) -> String {
    let mut given = parameters(view);
    given.append(&mut mode_parameters(mode));
    let query = Query::of(|wanted| {
        if wanted == name {
            return Some(value);
        }
        let found = given.iter().find(|(known, _)| *known == wanted);
        found.map(|(_, value)| value.as_str())
    });
    href(query.view_or_default(), query.mode())
}

/// The address of `path` with these names and values.
pub fn with_parameters(path: &str, parameters: &[(&str, String)]) -> String {
    let mut address = path.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        address.push(if index == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        percent_encode(value, &mut address);
    }
    address
}

/// The page of a tag on this board; what another program calls a label has none.
pub fn row_href(tag: &str, of: View, mode: Mode) -> Option<String> {
    let counted = matches!(of.origin, Origin::Counted(_));
    counted.then(|| tag_href(tag, of.window, mode))
}

/// The address that shows a tag in depth; the tag is as boards give it, with its `#`.
///
/// In an address it goes without, where that can be told apart: [`tag_name`] puts it back. Such a
/// page is read and not left on the wall, so of the mode it has the theme.
pub fn tag_href(tag: &str, window: Window, mode: Mode) -> String {
    let mut path = "/tag/".to_owned();
    let bare = tag.strip_prefix('#').filter(|bare| {
        // The dots would be steps of a path.
        !bare.is_empty() && !bare.contains('#') && !matches!(*bare, "." | "..")
    });
    percent_encode(bare.unwrap_or(tag), &mut path);
    let mut parameters = mode_parameters(Mode {
        theme: mode.theme,
        ..Mode::default()
    });
    if window != Window::default() {
        parameters.insert(0, ("window", window.to_string()));
    }
    with_parameters(&path, &parameters)
}

/// The tag that a name in an address stands for: with or without its `#`.
pub fn tag_name(name: &str) -> String {
    if name.contains('#') {
        name.to_owned()
    } else {
        format!("#{name}")
    }
}

/// What is not UTF-8 becomes U+FFFD, and a `%` without two digits stays.
pub fn percent_decode(text: &str) -> String {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped =
            (byte == b'%').then(|| digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2))));
        if let Some(Some((high, low))) = escaped {
            plain.push((high * 16 + low) as u8);
            at += 3;
        } else {
            plain.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn percent_encode(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(DIGITS[usize::from(byte >> 4)]));
            into.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Lang;

    use super::*;

    fn query(address: &str) -> Query<'_> {
        let query = address.strip_prefix("/?").unwrap_or_default();
        let named = |name: &str| {
            let mut pairs = query.split('&');
            pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        Query::of(named)
    }

    fn plain(view: View) -> String {
        href(view, Mode::default())
    }

    fn view(address: &str) -> Result<View, BadName> {
        query(address).view()
    }

    fn filter(source: Option<Kind>, lang: &str) -> Filter {
        Filter {
            source,
            lang: Lang::of_tag(lang),
        }
    }

    #[test]
    fn nothing_asked_for_is_the_default() {
        assert_eq!(view("/"), Ok(View::default()));
        assert_eq!(view("/?window=&by=&lang=&source=&k="), Ok(View::default()));
        assert_eq!(plain(View::default()), "/");
    }

    #[test]
    fn every_view_finds_back_from_its_address() {
        let filters = [None, Some(Kind::File), Some(Kind::X)]
            .map(|source| ["", "en", "fil"].map(|lang| filter(source, lang)));
        for window in Window::ALL {
            for by in Ranking::ALL {
                for filter in filters.concat() {
                    for rows in [1, 10, 100] {
                        let wanted = View {
                            window,
                            by,
                            origin: Origin::Counted(filter),
                            rows,
                        };
                        assert_eq!(view(&plain(wanted)), Ok(wanted));
                    }
                }
            }
        }
        for rows in [10, 50] {
            let external = external(rows);
            assert_eq!(view(&plain(external)), Ok(external));
        }
    }

    #[test]
    fn an_address_says_what_is_not_as_by_default() {
        let all = View {
            window: Window::OneHour,
            by: Ranking::People,
            origin: Origin::Counted(filter(Some(Kind::Bluesky), "en")),
            rows: 25,
        };
        assert_eq!(
            plain(all),
            "/?window=1h&by=people&lang=en&source=bluesky&k=25"
        );
        assert_eq!(plain(external(10)), "/?source=external");
    }

    #[test]
    fn an_external_board_is_shown_as_it_was_posted() {
        let asked = "/?window=5m&by=rising&lang=en&source=external";
        assert_eq!(view(asked), Ok(external(10)));
        assert_eq!(view("/?window=all&source=external"), Ok(external(10)));
    }

    #[test]
    fn a_bad_name_is_refused_with_what_is_allowed() {
        for (address, bad, says) in [
            ("/?window=6m", BadName::Window, "1m, 5m, 15m, 1h, 24h, all"),
            ("/?by=luck", BadName::Ranking, "count, people, rising"),
            ("/?source=moon", BadName::Source, "http, external"),
            ("/?lang=english", BadName::Lang, "two or three"),
            ("/?k=0", BadName::Rows, "1 to 100"),
            ("/?k=101", BadName::Rows, "1 to 100"),
            ("/?k=%2b5", BadName::Rows, "1 to 100"),
            ("/?k=+5", BadName::Rows, "1 to 100"),
        ] {
            assert_eq!(view(address), Err(bad), "{address}");
            assert!(bad.to_string().contains(says), "{bad}");
        }
        assert_eq!(window(Some("6m")), Err(BadName::Window));
    }

    #[test]
    fn a_page_keeps_what_is_right_in_an_address() {
        let kept = query("/?window=6m&by=luck&lang=1&source=moon&k=x").view_or_default();
        assert_eq!(kept, View::default());
        let kept = query("/?window=all&by=luck&lang=en&source=moon&k=3").view_or_default();
        assert_eq!(
            kept,
            View {
                window: Window::All,
                origin: Origin::Counted(filter(None, "en")),
                rows: 3,
                ..View::default()
            }
        );
        let kept = query("/?window=6m&source=external").view_or_default();
        assert_eq!(kept, external(10));
    }

    #[test]
    fn a_tag_in_an_address() {
        for (tag, address) in [
            ("#rust", "/tag/rust"),
            ("#caf\u{e9}", "/tag/caf%C3%A9"),
            ("#a/b?c&d e", "/tag/a%2Fb%3Fc%26d%20e"),
            ("#a#b", "/tag/%23a%23b"),
            ("C#", "/tag/C%23"),
            ("#", "/tag/%23"),
            ("#..", "/tag/%23.."),
        ] {
            let href = tag_href(tag, Window::FiveMinutes, Mode::default());
            assert_eq!(href, address);
            let name = tag.strip_prefix('#').filter(|_| !address.contains("%23"));
            assert_eq!(tag_name(name.unwrap_or(tag)), tag);
        }
        let dark = Mode {
            theme: Theme::Dark,
            paused: true,
            ..Mode::default()
        };
        let href = tag_href("#a", Window::All, dark);
        assert_eq!(href, "/tag/a?window=all&theme=dark");
    }

    #[test]
    fn one_parameter_is_changed_and_the_others_stay() {
        let asked = query("/?window=1h&lang=en&k=25&theme=dark");
        let (view, mode) = (asked.view_or_default(), asked.mode());
        for (name, value, address) in [
            ("lang", "de", "/?window=1h&lang=de&k=25&theme=dark"),
            ("lang", "", "/?window=1h&k=25&theme=dark"),
            ("theme", "system", "/?window=1h&lang=en&k=25"),
            ("k", "10", "/?window=1h&lang=en&theme=dark"),
        ] {
            assert_eq!(href_with(view, mode, name, value), address);
        }
    }

    #[test]
    fn every_mode_finds_back_from_its_address() {
        for theme in Theme::ALL {
            for bits in 0..8 {
                let mode = Mode {
                    theme,
                    paused: bits & 1 > 0,
                    kiosk: bits & 2 > 0,
                    embed: bits & 4 > 0,
                };
                let address = href(external(25), mode);
                assert_eq!(query(&address).mode(), mode);
                assert_eq!(view(&address), Ok(external(25)));
            }
        }
        let odd = query("/?theme=pink&paused=0&kiosk=&embed=yes").mode();
        let embed = Mode {
            embed: true,
            ..Mode::default()
        };
        assert_eq!(odd, embed);
    }
}
