//! `nostr:`.

use model::Kind;

use super::{Context, OpenError, Options, Sink, SpecError, protocol::Protocol};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nostr;

impl Protocol for Nostr {
    const KIND: Kind = Kind::Nostr;
    const FORM: &'static str = "nostr:URL[,URL…]";
    type Ready = ();

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        Err(SpecError::of::<Self>(rest, "not yet"))
    }

    fn identity(&self) -> String {
        "nostr".to_owned()
    }

    async fn open(&self, _: &Options) -> Result<(), OpenError> {
        Ok(())
    }

    async fn run<S: Sink>((): (), _: Context<S>) {}
}
