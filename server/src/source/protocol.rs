//! What each kind of source is to the rest of the program: [`Protocol`].

use std::{fmt, io, path::PathBuf};

use model::Kind;

use super::{Context, Sink, options::Options};
use crate::secret::SecretError;

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

/// Why a text is no [`Spec`](super::Spec), and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error("there is no source `{given}`; there are {forms}")]
    Unknown { given: String, forms: String },
    /// In words of the source's own.
    #[error("{0}")]
    Rest(String),
}

impl SpecError {
    /// What stands behind the name of `P` is not what it takes.
    pub(super) fn of<P: Protocol>(rest: Option<&str>, missing: impl fmt::Display) -> Self {
        let name = P::KIND.name();
        let given = rest.map_or(name.to_owned(), |rest| format!("{name}:{rest}"));
        Self::Rest(format!("`{given}`: {missing}; it is written `{}`", P::FORM))
    }
}

/// Why a source cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot read {path:?}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{0:?} is a directory; name a file in it")]
    Directory(PathBuf),
    #[error("cannot listen at {0}: another program does; end it or choose another port")]
    InUse(String),
    #[error("listen:{0} is not a loopback address, such as 127.0.0.1: only these are served")]
    Public(String),
    #[error("cannot listen at {address}: {error}")]
    Listen { address: String, error: io::Error },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("no connection can be secured: {0}")]
    Client(reqwest::Error),
}
