//! What `--source` takes: [`Spec`], as it was written and understood.

use std::{fmt, str::FromStr};

use model::Kind;

use super::{kinds::Given, protocol::SpecError};

/// One source, as given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    given: String,
    pub(super) what: Given,
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
            what: what.unwrap_or_else(|| Err(unknown(given)))?,
            given: given.to_owned(),
        })
    }
}

fn unknown(given: &str) -> SpecError {
    let forms = Given::FORMS.iter().map(|form| format!("`{form}`"));
    SpecError::Unknown {
        given: given.to_owned(),
        forms: forms.collect::<Vec<_>>().join(", "),
    }
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
