//! `mastodon:`.

use model::Kind;

use super::{Context, OpenError, Options, Sink, SpecError, protocol::Protocol};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mastodon;

impl Protocol for Mastodon {
    const KIND: Kind = Kind::Mastodon;
    const FORM: &'static str = "mastodon:HOST";
    type Ready = ();

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        Err(SpecError::of::<Self>(rest, "not yet"))
    }

    fn identity(&self) -> String {
        "mastodon".to_owned()
    }

    async fn open(&self, _: &Options) -> Result<(), OpenError> {
        Ok(())
    }

    async fn run<S: Sink>((): (), _: Context<S>) {}
}
