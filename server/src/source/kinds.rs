//! The kinds of sources there are: a new one is a file that implements [`Protocol`], and a line at the end.

use model::Kind;

use super::{
    Context, Sink,
    bluesky::Bluesky,
    demo::Demo,
    file::File,
    listen::Listen,
    mastodon::Mastodon,
    nostr::Nostr,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
    tcp::Tcp,
    x::X,
};

macro_rules! kinds {
    ($($kind:ident,)*) => {
        /// What was given of a source.
        #[derive(Clone, Debug, PartialEq)]
        pub(super) enum Given {
            $($kind($kind),)*
        }

        /// A source that can start.
        #[derive(Debug)]
        pub(super) enum Ready {
            $($kind(Box<<$kind as Protocol>::Ready>),)*
        }

        impl Given {
            pub(super) const FORMS: &[&str] = &[$($kind::FORM,)*];

            /// `None` where no source has this name.
            pub(super) fn parse(name: &str, rest: Option<&str>) -> Option<Result<Self, SpecError>> {
                $(if name == $kind::KIND.name() {
                    return Some($kind::parse(rest).map(Self::$kind));
                })*
                None
            }

            pub(super) fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => $kind::KIND,)*
                }
            }

            pub(super) fn may_replay(&self) -> bool {
                match self {
                    $(Self::$kind(_) => $kind::MAY_REPLAY,)*
                }
            }

            pub(super) fn identity(&self) -> String {
                match self {
                    $(Self::$kind(given) => given.identity(),)*
                }
            }

            pub(super) async fn open(&self, options: &Options) -> Result<Ready, OpenError> {
                match self {
                    $(Self::$kind(given) => given.open(options).await.map(|ready| Ready::$kind(Box::new(ready))),)*
                }
            }
        }

        impl Ready {
            pub(super) fn name(&self, given: &str) -> String {
                match self {
                    $(Self::$kind(ready) => $kind::name(ready, given),)*
                }
            }

            pub(super) async fn run<S: Sink>(self, context: Context<S>) {
                match self {
                    $(Self::$kind(ready) => $kind::run(*ready, context).await,)*
                }
            }
        }
    };
}

kinds! { Demo, Tcp, Listen, File, X, Bluesky, Mastodon, Nostr, }
