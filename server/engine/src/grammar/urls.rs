//! Where a text has URLs that could hold a hash sign: those with a path or a query.
//!
//! Made after the rule `validUrl` of twitter-text, with two differences, both of which only hide more:
//! after `scheme://` any host will do, and without a scheme any letters will do for a top-level domain,
//! since the list of those changes. So `https://example.com/#x`, `example.com/a?b#/x` and
//! `http://localhost:3000/#x` have no tags. What else differs is hardly ever written:
//! `tests/differential/known.rs`.
//!
//! **Invariant:** linear. A host is looked for only backwards from a `/` or `?`, and has neither; a path
//! or query is read once, but for the two segments that an unbalanced parenthesis can cost.

use std::ops::Range;

/// URLs with a path or query, in order, none within another; ranges in bytes.
pub(super) struct Urls<'a> {
    text: &'a str,
    /// Up to here the text has been read.
    at: usize,
    /// End of the last URL: the next one has its host after it.
    floor: usize,
}

impl<'a> Urls<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            floor: 0,
        }
    }
}

impl Iterator for Urls<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let sign = self.at
                + self.text.as_bytes()[self.at..]
                    .iter()
                    .position(|b| matches!(b, b'/' | b'?'))?;
            self.at = sign + 1;
            let has_path = self.text[sign..].starts_with('/');
            let Some(origin) = Origin::before(&self.text[self.floor..sign], has_path) else {
                continue;
            };
            if let Some(length) = rest(&self.text[sign..], origin.shortener) {
                let start = self.floor + origin.start;
                self.floor = sign + length;
                self.at = self.floor;
                if origin.stands {
                    return Some(start..self.floor);
                }
            }
        }
    }
}

/// What stands before a URL's path.
struct Origin {
    start: usize,
    /// Not so when it is the middle of something longer, as in `and/or.com/x` or `a_b.com/x`, a host and
    /// a question mark, as in `seen example.com?`, or has no Latin names before the last, as in
    /// `例え.jp/x`. It takes what is after it all the same, so that no URL is seen in there.
    stands: bool,
    /// `t.co` with a scheme: Twitter's own links, whose path has only letters and digits.
    shortener: bool,
}

impl Origin {
    /// The scheme (if any), host and port (if any) that a text ends with.
    fn before(text: &str, has_path: bool) -> Option<Self> {
        let text = without_port(text);
        let (before, host) = split_end(text, |c| is_domain_char(c) || matches!(c, '.' | '-' | '_'));
        if host.is_empty() {
            return None;
        }
        Self::with_scheme(before, host).or_else(|| Self::without_scheme(before, host, has_path))
    }

    fn with_scheme(before: &str, host: &str) -> Option<Self> {
        let (before, scheme) =
            split_end(before.strip_suffix("://")?, |c| c.is_ascii_alphanumeric());
        let shortener = host.eq_ignore_ascii_case("t.co")
            && ["http", "https"]
                .iter()
                .any(|name| scheme.eq_ignore_ascii_case(name));
        let valid =
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !before.ends_with(is_sigil);
        valid.then_some(Self {
            start: before.len(),
            stands: true,
            shortener,
        })
    }

    /// Of a host without a scheme, only the Latin names that it ends with are part of the URL.
    fn without_scheme(before: &str, host: &str, has_path: bool) -> Option<Self> {
        let end = before.len() + host.len();
        let mut previous = before.chars().next_back();
        let mut host = host;
        if previous.is_some_and(is_sigil) {
            // The mention or tag goes on to the first other character, and the host begins after that.
            let mut after = host
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric())
                .chars();
            previous = Some(after.next()?);
            host = after.as_str();
        }
        if host.starts_with(['.', '-', '_']) {
            let names = host.trim_start_matches(['.', '-', '_']);
            previous = host[..host.len() - names.len()].chars().next_back();
            host = names;
        }
        if host.split('.').any(|name| {
            name.is_empty() || name.starts_with(['-', '_']) || name.ends_with(['-', '_'])
        }) {
            return None;
        }
        let (domain, top) = host.rsplit_once('.')?;
        is_top_level(top).then(|| {
            let start = latin_domain(host);
            // An underscore can be in the names before the last two.
            let name = domain.rsplit('.').next();
            let is_part = matches!(previous, Some('/' | '.' | '-' | '_'))
                || name.is_some_and(|name| name.contains('_'));
            Self {
                start: end - host.len() + start.unwrap_or(0),
                stands: has_path && start.is_some() && !is_part,
                shortener: false,
            }
        })
    }
}

/// Where the last part of a host is that could be one by itself, having Latin names only.
fn latin_domain(host: &str) -> Option<usize> {
    let mut rest = host;
    while !rest.is_empty() {
        let (other, latin) = split_end(rest, is_latin);
        let names = latin.trim_start_matches('.');
        let parted = names.trim_end_matches('.').rsplit_once('.');
        if parted.is_some_and(|(_, top)| is_top_level(top)) {
            return Some(rest.len() - names.len());
        }
        rest = other.trim_end_matches(|c| !is_latin(c));
    }
    None
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || is_accented(c)
}

fn is_top_level(name: &str) -> bool {
    let is_punycode = |start: &str| start.eq_ignore_ascii_case("xn--");
    name.len() >= 2 && name.bytes().all(|b| b.is_ascii_alphabetic())
        || name.get(..4).is_some_and(is_punycode)
}

/// The characters right after which no URL starts: it would be part of a mention, a tag or a cashtag.
fn is_sigil(c: char) -> bool {
    matches!(
        c,
        '@' | '\u{FF20}' | '$' | '#' | '\u{FF03}' | '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}'
    )
}

fn without_port(text: &str) -> &str {
    let host = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match host.strip_suffix(':') {
        Some(host_of_port) if host.len() < text.len() => host_of_port,
        _ => text,
    }
}

/// Splits before the longest end of a text that has only such characters.
fn split_end(text: &str, is_inside: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.trim_end_matches(is_inside).len())
}

/// The length in bytes of the path, query and fragment that a text begins with, which is at its `/` or
/// `?`.
fn rest(text: &str, shortener: bool) -> Option<usize> {
    let mut length = 0;
    if text.starts_with('/') {
        length = if shortener { slug(text)? } else { path(text) };
    }
    if text[length..].starts_with('?') {
        length += query(&text[length..]);
    }
    (length > 0).then_some(length)
}

/// Longer ones are no links of Twitter's.
const MAX_SLUG: usize = 40;

fn slug(text: &str) -> Option<usize> {
    let length = text
        .bytes()
        .skip(1)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    match length {
        0 => Some(path(text)),
        length => (length <= MAX_SLUG).then_some(1 + length),
    }
}

/// A path ends before the punctuation that ends the sentence around it.
fn path(text: &str) -> usize {
    let mut read = 1;
    let mut end = 1;
    while let Some(c) = text[read..].chars().next() {
        if is_path_char(c) {
            read += c.len_utf8();
            if ends_path(c) {
                end = read;
            }
        } else if c == '('
            && let Some(length) = parentheses(&text[read..])
        {
            // Only right after what ends a path: the one in `/a,(b)` begins something new.
            if end == read {
                end += length;
            }
            read += length;
        } else {
            break;
        }
    }
    end
}

/// The length of `(…)` or `(…(…)…)`, with something in the innermost.
fn parentheses(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('(')?;
    let after = inside.trim_start_matches(is_path_char);
    let after = match after.strip_prefix('(') {
        None if after.len() < inside.len() => after,
        None => return None,
        Some(inner) => {
            let after = inner.trim_start_matches(is_path_char);
            if after.len() == inner.len() {
                return None;
            }
            after.strip_prefix(')')?.trim_start_matches(is_path_char)
        }
    };
    Some(text.len() - after.strip_prefix(')')?.len())
}

fn query(text: &str) -> usize {
    let all = text
        .bytes()
        .skip(1)
        .take_while(|&b| is_query_byte(b))
        .count();
    let asked = &text[1..=all];
    let kept =
        asked.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || "-_&=#/".contains(c)));
    if kept.is_empty() { 0 } else { 1 + kept.len() }
}

fn is_domain_char(c: char) -> bool {
    !matches!(c,
        // ASCII punctuation, but for the quotation mark and the grave accent.
        '!' | '#'..='/' | ':'..='@' | '['..='_' | '{'..='~'
        | '\t'..='\r' | ' ' | '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{180E}' | '\u{2000}'..='\u{200A}'
        | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
        // Marks of direction.
        | '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        | '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}')
}

fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!*';:=+,.$/%#[]-–_~@|&".contains(c)
        || is_accented(c)
        || is_cyrillic(c)
}

fn ends_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-=_#/".contains(c) || is_accented(c) || is_cyrillic(c)
}

fn is_query_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!?*'@();:&=+$/%#[]-_.,~|".contains(&b)
}

/// Latin letters with accents, as they are in the names and paths of European sites.
fn is_accented(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{24F}' | '\u{253}' | '\u{254}'
        | '\u{256}' | '\u{257}' | '\u{259}' | '\u{25B}' | '\u{263}' | '\u{268}' | '\u{26F}' | '\u{272}'
        | '\u{289}' | '\u{28B}' | '\u{2BB}' | '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4FF}')
}
