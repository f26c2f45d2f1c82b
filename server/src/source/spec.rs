//! What `--source` takes: [`Spec`], as it was written and understood.

use std::{
    fmt,
    num::NonZero,
    path::{Path, PathBuf},
    str::FromStr,
};

use model::Kind;

/// One source, as given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    given: String,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Demo {
        rate: NonZero<u32>,
        seed: u64,
    },
    /// `host:port`, with an IPv6 address in brackets.
    Tcp(String),
    Listen(String),
    File {
        input: Input,
        speed: Speed,
    },
}

/// What a replay reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Standard,
    Path(PathBuf),
}

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speed {
    Max,
    /// This many seconds of the posts' own time in one second.
    Times(NonZero<u32>),
}

pub(super) const DEFAULT_RATE: NonZero<u32> = NonZero::new(200).expect("not zero");
pub(super) const MAX_RATE: u32 = 1_000_000;
const DEFAULT_SEED: u64 = 1;

/// Why a text is no [`Spec`], and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error(
        "there is no source `{0}`; there are `demo`, `tcp:HOST:PORT`, `listen:ADDR:PORT` and `file:PATH`"
    )]
    Unknown(String),
    #[error("this version does not have the source `{0}` yet")]
    NotYet(String),
    #[error("`{kind}` has no option `{option}`; it has {has}")]
    Option {
        kind: &'static str,
        option: String,
        has: &'static str,
    },
    #[error("`{0}` is no rate; give the posts in a second, from 1 to 1000000")]
    Rate(String),
    #[error("`{0}` is no seed; give a whole number from 0 to 18446744073709551615")]
    Seed(String),
    #[error("`{0}` is no speed; give `max`, `realtime` or a whole number of times, such as `10x`")]
    Speed(String),
    #[error("`{kind}:{given}` does not say {missing}; an example: `{kind}:127.0.0.1:9009`")]
    Address {
        kind: &'static str,
        given: String,
        missing: &'static str,
    },
    #[error(
        "`file:` names no file; an example: `file:posts.jsonl`, or `file:-` for standard input"
    )]
    NoPath,
}

impl Spec {
    /// What kind of source it is, in one word: the name under which its posts can be asked for.
    pub(crate) fn kind(&self) -> Kind {
        match self.what {
            What::Demo { .. } => Kind::Demo,
            What::Tcp(_) => Kind::Tcp,
            What::Listen(_) => Kind::Listen,
            What::File { .. } => Kind::File,
        }
    }

    /// Under what its cursor is kept: which posts, and not how fast. Two sources of the same identity
    /// cannot run at once.
    pub(crate) fn identity(&self) -> String {
        match &self.what {
            What::Demo { seed, .. } => format!("demo:seed={seed}"),
            What::Tcp(address) => format!("tcp:{address}"),
            What::Listen(address) => format!("listen:{address}"),
            What::File {
                input: Input::Standard,
                ..
            } => "file:-".to_owned(),
            What::File {
                input: Input::Path(path),
                ..
            } => format!("file:{}", absolute(path).display()),
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_owned())
}

impl Default for Spec {
    fn default() -> Self {
        let what = What::Demo {
            rate: DEFAULT_RATE,
            seed: DEFAULT_SEED,
        };
        Self {
            given: "demo".to_owned(),
            what,
        }
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
        let (kind, rest) = match given.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (given, None),
        };
        let what = match kind {
            "demo" => demo(rest)?,
            "tcp" => What::Tcp(address("tcp", rest, false)?),
            "listen" => What::Listen(address("listen", rest, true)?),
            "file" => file(rest.unwrap_or_default())?,
            "x" | "bluesky" | "mastodon" | "nostr" => {
                return Err(SpecError::NotYet(kind.to_owned()));
            }
            _ => return Err(SpecError::Unknown(given.to_owned())),
        };
        Ok(Self {
            given: given.to_owned(),
            what,
        })
    }
}

fn demo(options: Option<&str>) -> Result<What, SpecError> {
    let mut rate = DEFAULT_RATE;
    let mut seed = DEFAULT_SEED;
    for option in options.into_iter().flat_map(|options| options.split(',')) {
        match option.split_once('=') {
            Some(("rate", number)) => {
                let found = number
                    .parse()
                    .ok()
                    .filter(|rate: &NonZero<u32>| rate.get() <= MAX_RATE);
                rate = found.ok_or_else(|| SpecError::Rate(number.to_owned()))?;
            }
            Some(("seed", number)) => {
                seed = number
                    .parse()
                    .map_err(|_| SpecError::Seed(number.to_owned()))?;
            }
            _ => {
                let option = option.to_owned();
                return Err(SpecError::Option {
                    kind: "demo",
                    option,
                    has: "`rate=N` and `seed=N`",
                });
            }
        }
    }
    Ok(What::Demo { rate, seed })
}

fn address(kind: &'static str, given: Option<&str>, any_port: bool) -> Result<String, SpecError> {
    let given = given.unwrap_or_default();
    let wrong = |missing| SpecError::Address {
        kind,
        given: given.to_owned(),
        missing,
    };
    let Some((host, port)) = given.rsplit_once(':') else {
        return Err(wrong("host and port"));
    };
    if host.is_empty() {
        return Err(wrong("the host"));
    }
    // `::1:9009` could be read in two ways.
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err(wrong(
            "where the address ends; put it in brackets, as in `[::1]:9009`",
        ));
    }
    match port.parse::<u16>() {
        Ok(0) if !any_port => Err(wrong("the port, from 1 to 65535")),
        Ok(_) => Ok(given.to_owned()),
        Err(_) => Err(wrong("the port, from 1 to 65535")),
    }
}

/// A path may have commas in it: only what says `speed=` behind the last one is an option.
fn file(given: &str) -> Result<What, SpecError> {
    let (path, speed) = match given.rsplit_once(",speed=") {
        Some((path, speed)) if !speed.contains('/') => (path, Some(speed)),
        _ => (given, None),
    };
    let speed = match speed {
        None | Some("max") => Speed::Max,
        Some("realtime") => Speed::Times(NonZero::<u32>::MIN),
        Some(other) => {
            let times = other.strip_suffix('x').and_then(|times| times.parse().ok());
            Speed::Times(times.ok_or_else(|| SpecError::Speed(other.to_owned()))?)
        }
    };
    let input = match path {
        "" => return Err(SpecError::NoPath),
        "-" => Input::Standard,
        path => Input::Path(path.into()),
    };
    Ok(What::File { input, speed })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn what(given: &str) -> What {
        given.parse::<Spec>().unwrap().what
    }

    fn file(path: &str, speed: Speed) -> What {
        What::File {
            input: Input::Path(path.into()),
            speed,
        }
    }

    fn times(times: u32) -> Speed {
        Speed::Times(NonZero::new(times).unwrap())
    }

    #[test]
    fn every_form_is_understood() {
        let rate = |rate| NonZero::new(rate).unwrap();
        assert_eq!(Spec::default(), "demo".parse().unwrap());
        assert_eq!(
            what("demo"),
            What::Demo {
                rate: rate(200),
                seed: 1
            }
        );
        assert_eq!(
            what("demo:seed=7,rate=1000000"),
            What::Demo {
                rate: rate(1_000_000),
                seed: 7
            }
        );
        assert_eq!(
            what("tcp:localhost:9009"),
            What::Tcp("localhost:9009".into())
        );
        assert_eq!(what("tcp:[::1]:9009"), What::Tcp("[::1]:9009".into()));
        assert_eq!(
            what("listen:127.0.0.1:0"),
            What::Listen("127.0.0.1:0".into())
        );
        assert_eq!(
            what("file:-"),
            What::File {
                input: Input::Standard,
                speed: Speed::Max
            }
        );
        assert_eq!(what("file:a.jsonl"), file("a.jsonl", Speed::Max));
        assert_eq!(what("file:/a,b.gz"), file("/a,b.gz", Speed::Max));
        assert_eq!(what("file:/a,b.gz,speed=max"), file("/a,b.gz", Speed::Max));
        assert_eq!(what("file:a,speed=realtime"), file("a", times(1)));
        assert_eq!(
            what("file:a,speed=2x,speed=60x"),
            file("a,speed=2x", times(60))
        );
        assert_eq!(what("file:/a,speed=1/b"), file("/a,speed=1/b", Speed::Max));
        assert_eq!(what("file:C:x"), file("C:x", Speed::Max));
    }

    #[test]
    fn an_error_says_how_to_mend_it() {
        for (given, says) in [
            ("", "there are `demo`"),
            ("redis:a", "no source `redis:a`"),
            ("x", "does not have the source `x` yet"),
            ("x:sample", "does not have"),
            ("bluesky", "does not have"),
            ("mastodon:example.org", "does not have"),
            ("nostr:wss://example.org", "does not have"),
            ("demo:", "`rate=N`"),
            ("demo:speed=1", "`rate=N`"),
            ("demo:rate=0", "from 1 to 1000000"),
            ("demo:rate=1000001", "from 1 to 1000000"),
            ("demo:seed=-1", "`-1` is no seed"),
            ("tcp", "host and port; an example: `tcp:127.0.0.1:9009`"),
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
            let error = given.parse::<Spec>().unwrap_err().to_string();
            assert!(error.contains(says), "{given:?}: {error}");
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
    }

    proptest! {
        #[test]
        fn what_is_given_is_what_is_shown(given in "(demo|tcp|listen|file|x)?:?.{0,30}") {
            if let Ok(spec) = given.parse::<Spec>() {
                prop_assert_eq!(spec.to_string(), given);
            }
        }
    }
}
