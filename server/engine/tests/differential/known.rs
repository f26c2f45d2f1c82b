//! Where a grammar differs from the network's own code on purpose.
//!
//! Each is told as a text that has in place of what is read differently something that is not. A
//! difference counts as known only where there is none left in that text.

use crate::texts::{NEWER, PRIVATE};

#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) why: &'static str,
    /// The text without it.
    pub(crate) settled: fn(&str) -> String,
}

/// twitter-text is frozen: its tables of letters and of top-level domains are of 2018.
pub(crate) const TWITTER: &[Known] = &[
    Known {
        why: "letters and digits that are newer than its tables",
        settled: |text| text.replace(NEWER, "a"),
    },
    Known {
        why: "letters that are private to a maker of fonts",
        settled: |text| text.replace(PRIVATE, "a"),
    },
    Known {
        why: "any scheme and host will do here, there http, https and known domains",
        settled: |text| with_known_origins(&text.replace('＃', "#")),
    },
    Known {
        why: "any letters will do here for a top-level domain",
        settled: with_known_top_levels,
    },
    Known {
        why: "a name is looked up there in a form of at most 63 letters",
        settled: with_short_names,
    },
    Known {
        why: "an astral character is there two, and a host begins in the one after a sign",
        settled: without_astral_after_signs,
    },
    Known {
        why: "a full-width hash sign is there a part of the host before it, if a dot follows",
        settled: |text| text.replace('＃', "#"),
    },
];

fn is_of_host(c: char) -> bool {
    !c.is_whitespace() && (!c.is_ascii_punctuation() || "-_.".contains(c))
}

/// `https://example.com` for each scheme with a host.
fn with_known_origins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut settled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let before = settled.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        let path = part.trim_start_matches(is_of_host);
        if before.len() < settled.len() && path.len() < part.len() {
            settled.truncate(before.len());
            settled.push_str("https://example.com");
            settled.push_str(path);
        } else {
            settled.push_str("://");
            settled.push_str(part);
        }
    }
    settled
}

/// `.com` for the letters after the last dot before each path or query.
fn with_known_top_levels(text: &str) -> String {
    let mut settled = String::new();
    for part in text.split_inclusive(['/', '?']) {
        let host = part.trim_end_matches(['/', '?']);
        let before_port = host.trim_end_matches(|c: char| c.is_ascii_digit());
        let host = match before_port.strip_suffix(':') {
            Some(before) if before_port.len() < host.len() => before,
            _ => host,
        };
        let before = host.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if before.ends_with('.') && before.len() < host.len() {
            settled.push_str(before);
            settled.push_str("com");
            settled.push_str(&part[host.len()..]);
        } else {
            settled.push_str(part);
        }
    }
    settled
}

/// The last few letters for each name that a dot ends.
fn with_short_names(text: &str) -> String {
    const FEW: usize = 4;
    let mut settled = String::new();
    for part in text.split_inclusive('.') {
        let name = part.trim_end_matches('.');
        let before = name.trim_end_matches(is_of_host);
        let length = name[before.len()..].chars().count();
        settled.push_str(before);
        settled.extend(
            part[before.len()..]
                .chars()
                .skip(length.saturating_sub(FEW)),
        );
    }
    settled
}

/// A character of one code unit for those of two.
fn without_astral_after_signs(text: &str) -> String {
    let mut before = ' ';
    let settle = |c: char| {
        let is_after = "@＠$#＃".contains(std::mem::replace(&mut before, c));
        if is_after && c > '\u{FFFF}' { '☃' } else { c }
    };
    text.chars().map(settle).collect()
}
