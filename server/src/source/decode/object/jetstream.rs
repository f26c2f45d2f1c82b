//! Fields of Jetstream's events.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::{
    super::loose::{self, Loose, Name, Names, Read, Value},
    account::Account,
};

loose::object! {
    Commit<'a> {
        rev: Value<'a> = "rev",
        operation: Value<'a> = "operation",
        collection: Value<'a> = "collection",
        rkey: Value<'a> = "rkey",
        record: Record<'a> = "record",
    }
}

loose::object! {
    /// Of an identity's event.
    Numbered<'a> {
        seq: Value<'a> = "seq",
    }
}

loose::object! {
    Record<'a> {
        text: Value<'a> = "text",
        langs: Names<'a> = "langs",
        facets: Facets<'a> = "facets",
        tags: Names<'a> = "tags",
    }
}

/// The tags that a list of facets marks.
#[derive(Debug, Default)]
pub(in crate::source::decode) struct Facets<'a>(pub(in crate::source::decode) Vec<Cow<'a, str>>);

impl<'de> Loose<'de> for Facets<'de> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list
            .next_element_seed(Read(&mut Facet(&mut self.0)))?
            .is_some()
        {}
        Ok(())
    }
}

struct Facet<'t, 'a>(&'t mut Vec<Cow<'a, str>>);

impl<'de> Loose<'de> for Facet<'_, 'de> {
    fn object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        let before = self.0.len();
        while let Some(Name(key)) = object.next_key()? {
            if key == "features" {
                // Given twice, the last ones hold.
                self.0.truncate(before);
                object.next_value_seed(Read(&mut Features(self.0)))?;
            } else {
                object.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Features<'t, 'a>(&'t mut Vec<Cow<'a, str>>);

loose::object! {
    Feature<'a> {
        kind: Value<'a> = "$type",
        tag: Value<'a> = "tag",
    }
}

impl<'de> Loose<'de> for Features<'_, 'de> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        loop {
            let mut feature = Feature::default();
            if list.next_element_seed(Read(&mut feature))?.is_none() {
                return Ok(());
            }
            if feature.kind.is("app.bsky.richtext.facet#tag") {
                self.0.extend(feature.tag.text());
            }
        }
    }
}

loose::object! {
    /// An event of the stream's second form; a commit's fields are its own.
    Message<'a> {
        kind: Value<'a> = "$type",
        did: Value<'a> = "did",
        time: Value<'a> = "time",
        operation: Value<'a> = "operation",
        collection: Value<'a> = "collection",
        rkey: Value<'a> = "rkey",
        record: Record<'a> = "record",
        account: Account<'a> = "account",
    }
}
