//! Reads the Python literals that the tutorial's programs send: what `ast.literal_eval` takes, as
//! far as a list of labels or numbers can hold it.
//!
//! Beyond CPython 3 it takes the `L` behind the integers of Python 2, and it mends text whose UTF-8
//! arrives as one character a byte (see [`text`]). Dictionaries, sets, complex numbers and `...` are
//! refused, since no board can hold them; so is `\N{…}`, which would need the table of all names.
//!
//! **Invariants:** no input panics; time and memory are linear in the input; nesting has a bound, so
//! that neither reading nor dropping a value can exhaust the stack.

mod number;
mod text;

use serde::{Serialize, Serializer};

/// How deep brackets may be nested.
const MAX_DEPTH: usize = 64;

/// A value that was written as a Python literal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Int(i128),
    /// Also integers beyond 128 bits.
    Float(f64),
    /// A string or, decoded, bytes.
    Text(String),
    /// A list or a tuple.
    List(Vec<Self>),
}

/// Why a text is not a literal that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub(crate) struct LiteralError {
    pub(crate) reason: Reason,
    /// Offset in the text.
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("nothing where a value should be")]
    Empty,
    #[error("something that is no list, string or number")]
    Unexpected,
    #[error("a bracket that is not closed, or closed by another")]
    Bracket,
    #[error("a string that does not end")]
    Unterminated,
    #[error("a bad escape in a string")]
    Escape,
    #[error("bytes beside a string, or bytes that are not ASCII")]
    Bytes,
    #[error("a bad number")]
    Number,
    #[error("a sign before something that is no number")]
    Sign,
    #[error("too many brackets within each other")]
    Depth,
}

/// Reads one value, which must be all there is.
pub(crate) fn parse(source: &str) -> Result<Literal, LiteralError> {
    // Blanks at the front are no indentation here, as in `literal_eval`.
    let offset = source.len() - source.trim_start_matches([' ', '\t']).len();
    let mut parser = Parser {
        source,
        at: offset,
        depth: 0,
    };
    parser.blank_lines()?;
    let value = parser.expressions()?;
    parser.end()?;
    Ok(value.literal)
}

/// What was read, and whether a sign may stand before it.
struct Value {
    literal: Literal,
    unsigned: bool,
}

impl Value {
    fn other(literal: Literal) -> Self {
        Self {
            literal,
            unsigned: false,
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    /// How many brackets are open: within them a line's end is a blank.
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn error<T>(&self, reason: Reason) -> Result<T, LiteralError> {
        Err(LiteralError {
            reason,
            at: self.at,
        })
    }

    /// Steps over one line's end, whichever of the three it is.
    fn newline(&mut self) -> bool {
        let length = match self.rest().as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.at += length;
        true
    }

    fn comment(&mut self) {
        if self.peek() == Some(b'#') {
            self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
        }
    }

    /// Steps over what may stand between two tokens.
    fn blanks(&mut self) -> Result<(), LiteralError> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\x0c') => self.at += 1,
                Some(b'#') => self.comment(),
                Some(b'\r' | b'\n') if self.depth > 0 => {
                    self.newline();
                }
                Some(b'\\') => {
                    self.at += 1;
                    if !self.newline() || self.rest().is_empty() {
                        return self.error(Reason::Unexpected);
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// Lines before the value that hold nothing or a comment; a value must not be indented.
    fn blank_lines(&mut self) -> Result<(), LiteralError> {
        loop {
            let start = self.at;
            self.blanks()?;
            if self.rest().is_empty() {
                return self.error(Reason::Empty);
            }
            if !self.newline() {
                let first = start == 0 || !self.source[..start].ends_with(['\n', '\r']);
                if !first && self.source[start..self.at].starts_with([' ', '\t']) {
                    return self.error(Reason::Unexpected);
                }
                return Ok(());
            }
        }
    }

    /// Nothing but blank lines and comments behind the value.
    fn end(&mut self) -> Result<(), LiteralError> {
        loop {
            self.blanks()?;
            if self.rest().is_empty() {
                return Ok(());
            }
            if !self.newline() {
                return self.error(Reason::Unexpected);
            }
        }
    }

    /// One value, or several with commas between them, which are a tuple also without brackets.
    fn expressions(&mut self) -> Result<Value, LiteralError> {
        let first = self.signed()?;
        self.blanks()?;
        if self.peek() != Some(b',') {
            return Ok(first);
        }
        let mut items = vec![first.literal];
        loop {
            self.blanks()?;
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
            self.blanks()?;
            if matches!(self.peek(), None | Some(b'\r' | b'\n' | b')')) {
                break;
            }
            items.push(self.signed()?.literal);
        }
        Ok(Value::other(Literal::List(items)))
    }

    fn signed(&mut self) -> Result<Value, LiteralError> {
        self.blanks()?;
        let Some(sign @ (b'+' | b'-')) = self.peek() else {
            return self.value();
        };
        self.at += 1;
        self.blanks()?;
        if matches!(self.peek(), Some(b'+' | b'-')) {
            return self.error(Reason::Sign);
        }
        let Value {
            literal,
            unsigned: true,
        } = self.value()?
        else {
            return self.error(Reason::Sign);
        };
        Ok(Value::other(match literal {
            Literal::Int(number) if sign == b'-' => Literal::Int(-number),
            Literal::Float(number) if sign == b'-' => Literal::Float(-number),
            other => other,
        }))
    }

    fn value(&mut self) -> Result<Value, LiteralError> {
        match self.peek() {
            None => self.error(Reason::Empty),
            Some(b'[') => self.list().map(Value::other),
            Some(b'(') => self.parenthesis(),
            Some(b'0'..=b'9' | b'.') => self.number(),
            Some(_) if text::begins(self.rest()) => self.strings().map(Value::other),
            Some(_) => self.name().map(Value::other),
        }
    }

    fn open(&mut self) -> Result<(), LiteralError> {
        if self.depth == MAX_DEPTH {
            return self.error(Reason::Depth);
        }
        self.depth += 1;
        self.at += 1;
        self.blanks()
    }

    fn close(&mut self, bracket: u8) -> Result<(), LiteralError> {
        if self.peek() != Some(bracket) {
            return self.error(Reason::Bracket);
        }
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    fn list(&mut self) -> Result<Literal, LiteralError> {
        self.open()?;
        let mut items = Vec::new();
        while self.peek() != Some(b']') {
            items.push(self.signed()?.literal);
            self.blanks()?;
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
            self.blanks()?;
        }
        self.close(b']')?;
        Ok(Literal::List(items))
    }

    /// A tuple, or a value in brackets.
    fn parenthesis(&mut self) -> Result<Value, LiteralError> {
        self.open()?;
        let value = match self.peek() {
            Some(b')') => Value::other(Literal::List(Vec::new())),
            _ => self.expressions()?,
        };
        self.blanks()?;
        self.close(b')')?;
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, LiteralError> {
        let Some((literal, length)) = number::parse(self.rest()) else {
            return self.error(Reason::Number);
        };
        self.at += length;
        Ok(Value {
            literal,
            unsigned: true,
        })
    }

    fn name(&mut self) -> Result<Literal, LiteralError> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let name = self
            .rest()
            .split(|c| !is_part(c))
            .next()
            .unwrap_or_default();
        let literal = match name {
            "None" => Literal::None,
            "True" => Literal::Bool(true),
            "False" => Literal::Bool(false),
            _ => return self.error(Reason::Unexpected),
        };
        self.at += name.len();
        Ok(literal)
    }

    /// Strings side by side are one string.
    fn strings(&mut self) -> Result<Literal, LiteralError> {
        let mut whole = text::Text::default();
        loop {
            let length = whole
                .push(self.rest())
                .map_err(|(reason, at)| LiteralError {
                    reason,
                    at: self.at + at,
                })?;
            self.at += length;
            self.blanks()?;
            if !text::begins(self.rest()) {
                return Ok(Literal::Text(whole.finish()));
            }
        }
    }
}

/// Takes the wrapping off a label that reads `bytearray(b'…')`: what Python 3 makes of the bytes
/// that a Spark column of them returns.
pub(crate) fn unwrap_bytearray(label: String) -> String {
    let inner = label
        .strip_prefix("bytearray(")
        .and_then(|rest| rest.strip_suffix(')'));
    let Some(inner) = inner.filter(|inner| inner.starts_with(['b', 'B'])) else {
        return label;
    };
    let mut text = text::Text::default();
    match text.push(inner) {
        Ok(length) if length == inner.len() => text.finish(),
        _ => label,
    }
}

/// As JSON: what Flask's `jsonify` makes of the value, except that a number which is not finite is
/// `null`, since `Infinity` is no JSON.
impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => items.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
