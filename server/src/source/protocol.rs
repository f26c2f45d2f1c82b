//! The kinds of sources there are. A new one is a file that implements [`Protocol`], and a line in the
//! list at the end.

use std::fmt;

use model::Kind;

use super::{
    Context, OpenError, Options, Sink, SpecError, bluesky::Bluesky, demo::Demo, file::File,
    listen::Listen, mastodon::Mastodon, nostr::Nostr, tcp::Tcp, x::X,
};

/// A kind of source: what it is called, what may stand behind its name, and how it runs.
pub(super) trait Protocol: Clone + fmt::Debug + PartialEq + Send + Sync + Sized {
    /// Its name on the command line is the kind under which its posts can be asked for.
    const KIND: Kind;
    /// How it is written, for whoever wrote it wrong.
    const FORM: &'static str;
    /// Its posts may carry the time that makes the epochs.
    const MAY_REPLAY: bool = false;
    /// What it holds when it is found that it can start: a bound port, an open file.
    type Ready: fmt::Debug + Send;

    /// Reads what stands behind the name and a colon.
    fn parse(rest: Option<&str>) -> Result<Self, SpecError>;

    /// Which posts it reads, and not how: under this its cursor is kept, and two of the same cannot run at
    /// once. Begins with its name.
    fn identity(&self) -> String;

    /// Finds out whether it can start, and changes nothing yet.
    fn open(
        &self,
        options: &Options,
    ) -> impl Future<Output = Result<Self::Ready, OpenError>> + Send;

    /// How it is shown to people: as it was given, but for what is known only now.
    fn name(_: &Self::Ready, given: &str) -> String {
        given.to_owned()
    }

    /// Reads until it ends, or is stopped.
    fn run<S: Sink>(ready: Self::Ready, context: Context<S>) -> impl Future<Output = ()> + Send;
}

macro_rules! protocols {
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

protocols! { Demo, Tcp, Listen, File, X, Bluesky, Mastodon, Nostr, }
