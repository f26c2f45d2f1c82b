//! What `--source` takes: [`Spec`], as it was written and understood.

use std::{fmt, str::FromStr};

use model::Kind;
use reqwest::Url;

use super::protocol::{Given, Protocol};

/// One source, as given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    given: String,
    pub(super) what: Given,
}

/// Why a text is no [`Spec`], and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error("there is no source `{0}`; there are {forms}", forms = forms())]
    Unknown(String),
    /// In words of the source's own.
    #[error("{0}")]
    Rest(String),
}

fn forms() -> String {
    let forms: Vec<_> = Given::FORMS
        .iter()
        .map(|form| format!("`{form}`"))
        .collect();
    forms.join(", ")
}

impl SpecError {
    /// What stands behind the name of `P` is not what it takes.
    pub(super) fn of<P: Protocol>(rest: Option<&str>, missing: impl fmt::Display) -> Self {
        let name = P::KIND.name();
        let given = rest.map_or(name.to_owned(), |rest| format!("{name}:{rest}"));
        Self::Rest(format!("`{given}`: {missing}; it is written `{}`", P::FORM))
    }
}

impl Spec {
    /// What kind of source it is, in one word: the name under which its posts can be asked for.
    pub(crate) fn kind(&self) -> Kind {
        self.what.kind()
    }

    /// Under what its cursor is kept: which posts, and not how fast. Two sources of the same identity
    /// cannot run at once.
    pub(crate) fn identity(&self) -> String {
        self.what.identity()
    }

    /// Whether the times of its posts may make the epochs.
    pub(crate) fn may_replay(&self) -> bool {
        self.what.may_replay()
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.given)
    }
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(given: &str) -> Result<Self, SpecError> {
        let (name, rest) = match given.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (given, None),
        };
        let what = Given::parse(name, rest);
        Ok(Self {
            what: what.unwrap_or_else(|| Err(SpecError::Unknown(given.to_owned())))?,
            given: given.to_owned(),
        })
    }
}

/// `HOST:PORT`, with an IPv6 address in brackets.
pub(super) fn address<P: Protocol>(
    given: Option<&str>,
    any_port: bool,
) -> Result<String, SpecError> {
    let address = given.unwrap_or_default();
    let wrong = |missing| Err(SpecError::of::<P>(given, missing));
    let Some((host, port)) = address.rsplit_once(':') else {
        return wrong("it does not say host and port");
    };
    if host.is_empty() {
        return wrong("it does not say the host");
    }
    // `::1:9009` could be read in two ways.
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return wrong(
            "it does not say where the address ends: put it in brackets, as in `[::1]:9009`",
        );
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 || any_port => Ok(address.to_owned()),
        _ => wrong("it does not say the port, from 1 to 65535"),
    }
}

/// An address on the web with one of the schemes, of which the first stands where none is given.
pub(super) fn url<P: Protocol>(given: &str, schemes: &[&str]) -> Result<Url, SpecError> {
    let wrong = |why: String| SpecError::of::<P>(Some(given), why);
    let text = if given.contains("://") {
        given.to_owned()
    } else {
        format!("{}://{given}", schemes[0])
    };
    let url = Url::parse(&text).map_err(|error| wrong(format!("it is no address: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(wrong(format!(
            "it begins with none of {}",
            schemes.join(", ")
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host".to_owned()));
    }
    // It is shown to people, in logs and on the board, and not even said again here.
    if !url.username().is_empty() || url.password().is_some() {
        let name = P::KIND.name();
        let why = "a name or password has no place in an address";
        return Err(SpecError::Rest(format!("`{name}`: {why}")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_error_says_how_to_mend_it() {
        for (given, says) in [
            ("", "there are `demo"),
            ("redis:a", "no source `redis:a`"),
            ("X", "`x[:sample]`"),
            ("x:all", "`x[:sample]`"),
            ("x:", "`x[:sample]`"),
            ("bluesky:", "`bluesky[:URL]`"),
            ("bluesky:https://a.example", "wss"),
            ("bluesky:wss://", "no address"),
            ("mastodon", "`mastodon:HOST`"),
            ("mastodon:", "`mastodon:HOST`"),
            ("mastodon:https://ann:secret@a.example", "password"),
            ("nostr", "`nostr:URL"),
            ("nostr:ftp://a.example", "wss"),
            ("demo:", "`rate=N`"),
            ("demo:speed=1", "`rate=N`"),
            ("demo:rate=0", "from 1 to 1000000"),
            ("demo:rate=1000001", "from 1 to 1000000"),
            ("demo:seed=-1", "`-1` is no seed"),
            ("tcp", "host and port; it is written `tcp:HOST:PORT`"),
            ("tcp:9009", "host and port"),
            ("tcp::9009", "the host"),
            ("tcp:host:0", "from 1 to 65535"),
            ("tcp:host:port", "from 1 to 65535"),
            ("listen:127.0.0.1:65536", "from 1 to 65535"),
            ("listen:::1:9009", "brackets"),
            ("file:", "names no file"),
            ("file:a,speed=fast", "`10x`"),
            ("file:a,speed=0x", "`10x`"),
        ] {
            let error = given.parse::<Spec>().expect_err(given).to_string();
            assert!(error.contains(says), "{given:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn the_identity_is_what_is_read_and_not_how() {
        let identity = |given: &str| given.parse::<Spec>().unwrap().identity();
        assert_eq!(identity("demo"), identity("demo:rate=5"));
        assert_ne!(identity("demo"), identity("demo:seed=5"));
        assert_eq!(identity("file:-"), "file:-");
        assert_eq!(
            identity("file:Cargo.toml"),
            identity("file:./src/../Cargo.toml,speed=2x")
        );
        assert!(identity("file:none").starts_with("file:/"));
        assert_eq!(identity("listen:127.0.0.1:9009"), "listen:127.0.0.1:9009");
        assert_ne!(identity("x"), identity("x:sample"));
        assert_eq!(
            identity("mastodon:A.example"),
            identity("mastodon:https://a.example/")
        );
        // Whichever of the hosts it comes from.
        assert_eq!(
            identity("bluesky"),
            identity("bluesky:wss://a.example/subscribe")
        );
    }

    proptest! {
        #[test]
        fn what_is_given_is_what_is_shown(given in "(demo|tcp|listen|file|x|nostr|bluesky)?:?.{0,30}") {
            if let Ok(spec) = given.parse::<Spec>() {
                prop_assert_eq!(spec.to_string(), given);
                prop_assert!(spec.identity().starts_with(spec.kind().name()));
            }
        }
    }
}
