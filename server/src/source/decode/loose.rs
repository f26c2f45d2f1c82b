//! JSON as strangers write it: a field of the wrong type is as good as none and spoils nothing else;
//! of a field given twice the last one holds.
//!
//! Values are read in place ([`Read`]), by types that say which kinds of JSON value mean something to
//! them ([`Loose`]). [`object!`] makes such a type of a list of fields.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What a JSON value is read into. A kind that it has no use for leaves it as it is.
pub(super) trait Loose<'de> {
    fn text(&mut self, _: Cow<'de, str>) {}

    fn whole(&mut self, _: u64) {}

    fn number(&mut self, _: f64) {}

    fn truth(&mut self, _: bool) {}

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Reads a value into what it refers to.
pub(super) struct Read<'t, T>(pub(super) &'t mut T);

impl<'de, T: Loose<'de>> DeserializeSeed<'de> for Read<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Loose<'de>> Visitor<'de> for Read<'_, T> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.0.text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.whole(number);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.number(number as f64);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.number(number);
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.0.truth(truth);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.object(object)
    }
}

/// The name of a field, borrowed unless it has escapes.
#[derive(Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A struct of the named fields of an object; `there` says that the value was one.
macro_rules! object {
    ($(#[$about:meta])* $name:ident<$life:lifetime> {
        $($(#[$field_about:meta])* $field:ident: $type:ty = $($key:literal)|+,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub(in $crate::source::decode) struct $name<$life> {
            pub(in $crate::source::decode) there: bool,
            $($(#[$field_about])* pub(in $crate::source::decode) $field: $type,)*
        }

        impl<$life> $crate::source::decode::loose::Loose<$life> for $name<$life> {
            fn object<A: serde::de::MapAccess<$life>>(
                &mut self,
                mut object: A,
            ) -> Result<(), A::Error> {
                use $crate::source::decode::loose::{Name, Read};
                self.there = true;
                while let Some(Name(key)) = object.next_key()? {
                    match &*key {
                        $($($key)|+ => {
                            self.$field = Default::default();
                            object.next_value_seed(Read(&mut self.$field))?;
                        })*
                        _ => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
}
pub(super) use object;

/// A text, a number or a truth value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    Number(f64),
    Truth(bool),
    #[default]
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if own == text)
    }

    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Something that is told from others by its name or number.
    pub(super) fn name(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Whole(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }
}

impl<'de> Loose<'de> for Value<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        *self = Self::Text(text);
    }

    fn whole(&mut self, number: u64) {
        *self = Self::Whole(number);
    }

    fn number(&mut self, number: f64) {
        *self = Self::Number(number);
    }

    fn truth(&mut self, truth: bool) {
        *self = Self::Truth(truth);
    }
}

/// Whether there is anything but null.
#[derive(Debug, Default)]
pub(super) struct Present(pub(super) bool);

impl<'de> Loose<'de> for Present {
    fn text(&mut self, _: Cow<'de, str>) {
        self.0 = true;
    }

    fn whole(&mut self, _: u64) {
        self.0 = true;
    }

    fn number(&mut self, _: f64) {
        self.0 = true;
    }

    fn truth(&mut self, _: bool) {
        self.0 = true;
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        self.0 = true;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        self.0 = true;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Objects of a list that are kept: far more than any network sends.
const MOST: usize = 64;

/// A list of objects; a value of another kind in it counts as an empty one, and only the first ones are
/// kept.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Loose<'de> + Default> Loose<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        loop {
            let mut one = T::default();
            if list.next_element_seed(Read(&mut one))?.is_none() {
                return Ok(());
            }
            if self.0.len() < MOST {
                self.0.push(one);
            }
        }
    }
}

/// The texts of a list, or the `name`, `tag` or `text` of the objects in it; what else is in it is left
/// out. `None` where there is no list.
#[derive(Debug, Default)]
pub(super) struct Names<'a>(pub(super) Option<Vec<Cow<'a, str>>>);

impl<'a> Names<'a> {
    /// The first that says something.
    pub(super) fn first(self) -> Option<Cow<'a, str>> {
        let mut names = self.0?.into_iter();
        names.find(|name| !name.is_empty())
    }

    /// As tags: without the `#` that they may be written with.
    pub(super) fn tags(self) -> Option<Vec<Cow<'a, str>>> {
        let mut tags = self.0?;
        for tag in &mut tags {
            if tag.starts_with(HASHES) {
                *tag = match tag {
                    Cow::Borrowed(tag) => Cow::Borrowed(tag.strip_prefix(HASHES).unwrap_or(tag)),
                    Cow::Owned(tag) => Cow::Owned(tag.chars().skip(1).collect()),
                };
            }
        }
        tags.retain(|tag| !tag.is_empty());
        Some(tags)
    }
}

const HASHES: [char; 2] = ['#', '＃'];

impl<'de> Loose<'de> for Names<'de> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        let names = self.0.insert(Vec::new());
        loop {
            let mut named = Named::default();
            if list.next_element_seed(Read(&mut named))?.is_none() {
                return Ok(());
            }
            names.extend(named.0.text());
        }
    }
}

#[derive(Default)]
struct Named<'a>(Value<'a>);

impl<'de> Loose<'de> for Named<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        self.0 = Value::Text(text);
    }

    fn object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(Name(key)) = object.next_key()? {
            match &*key {
                "name" | "tag" | "text" => {
                    self.0 = Value::Other;
                    object.next_value_seed(Read(&mut self.0))?;
                }
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
