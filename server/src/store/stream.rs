//! The rows of both files as a stream of bytes, on the way from [`send`](super::send) to a
//! [`Copy`](super::Copy): a head, the tables each with their rows in the order of their keys, an end.
//!
//! A frame is its kind, the lengths of its two parts as u32, little-endian, and the parts. Only the
//! same version of tagtide reads it.
//!
//! **Invariant:** a stream without its end, or with other rows than its end counts, is no copy.

use std::io::{self, Read, Write};

use redb::{
    Key, ReadTransaction, TableDefinition, TableError, TableHandle, Value, WriteTransaction,
};

use super::{
    FORMAT, StoreError, crash,
    format::checked,
    tables::{Tables, Values},
};

const HEAD: u8 = 1;
const TABLE: u8 = 2;
const ROW: u8 = 3;
const TABLE_END: u8 = 4;
const END: u8 = 5;
/// Instead of what should follow: why it does not.
const FAILED: u8 = 6;

const NAME: &str = "tagtide backup";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The writing end.
pub(super) struct Sender<W> {
    to: W,
    rows: u64,
}

impl<W: Write> Sender<W> {
    pub(super) fn begin(to: W) -> Result<Self, StoreError> {
        let mut sender = Self { to, rows: 0 };
        let version = format!("{VERSION}, format {FORMAT}");
        sender.frame(HEAD, NAME.as_bytes(), version.as_bytes())?;
        Ok(sender)
    }

    /// All tables of one file; `tables` names them.
    pub(super) fn file(
        &mut self,
        read: &ReadTransaction,
        tables: impl FnOnce(&mut Sending<'_, W>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let unknown = read.list_tables()?.map(|table| table.name().to_owned());
        let mut sending = Sending {
            read,
            unknown: unknown.collect(),
            sender: self,
        };
        tables(&mut sending)?;
        if sending.unknown.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Damaged("it has a table that is not known"))
        }
    }

    pub(super) fn end(mut self) -> Result<(), StoreError> {
        let rows = self.rows.to_le_bytes();
        self.frame(END, &rows, &[])?;
        self.to.flush().map_err(StoreError::CutShort)
    }

    /// Says why there is no more. Whoever is gone need not know.
    pub(super) fn fail(to: W, why: &str) {
        let mut sender = Self { to, rows: 0 };
        let _ = sender.frame(FAILED, why.as_bytes(), &[]);
        let _ = sender.to.flush();
    }

    fn frame(&mut self, kind: u8, first: &[u8], second: &[u8]) -> Result<(), StoreError> {
        let mut head = [kind; 9];
        let length = |part: &[u8]| u32::try_from(part.len()).map(u32::to_le_bytes);
        let (Ok(one), Ok(two)) = (length(first), length(second)) else {
            return Err(StoreError::Damaged(
                "a row is longer than any that is written",
            ));
        };
        head[1..5].copy_from_slice(&one);
        head[5..].copy_from_slice(&two);
        [&head, first, second]
            .into_iter()
            .try_for_each(|part| self.to.write_all(part))
            .map_err(StoreError::CutShort)
    }
}

/// One file, on its way out.
pub(super) struct Sending<'a, W> {
    read: &'a ReadTransaction,
    /// What it holds and nobody has asked for.
    unknown: Vec<String>,
    sender: &'a mut Sender<W>,
}

impl<W: Write> Tables for Sending<'_, W> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
        values: Values,
    ) -> Result<(), StoreError> {
        let name = table.name();
        self.unknown.retain(|unknown| unknown != name);
        self.sender.frame(TABLE, name.as_bytes(), &[])?;
        match self.read.open_table(table) {
            Ok(table) => {
                for row in table.range::<K::SelfType<'_>>(..)? {
                    let (key, value) = row?;
                    let (key, value) = (key.value(), value.value());
                    let (key, value) = (K::as_bytes(&key), V::as_bytes(&value));
                    if values == Values::Summed {
                        checked(value.as_ref())?;
                    }
                    self.sender.frame(ROW, key.as_ref(), value.as_ref())?;
                    self.sender.rows += 1;
                    crash::point("backup.sent");
                }
            }
            // As an earlier version left the file.
            Err(TableError::TableDoesNotExist(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.sender.frame(TABLE_END, &[], &[])
    }
}

/// The reading end.
pub(super) struct Receiver<R> {
    from: R,
    rows: u64,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl<R: Read> Receiver<R> {
    pub(super) fn begin(from: R) -> Result<Self, StoreError> {
        let (first, second) = (Vec::new(), Vec::new());
        let mut receiver = Self {
            from,
            rows: 0,
            first,
            second,
        };
        receiver.expect(HEAD, NAME)?;
        let version = format!("{VERSION}, format {FORMAT}");
        if receiver.second == version.as_bytes() {
            return Ok(receiver);
        }
        let other = String::from_utf8_lossy(&receiver.second)
            .escape_debug()
            .to_string();
        Err(StoreError::Refused(format!(
            "tagtide {other} is running there, this is {version}: ask it by its own version"
        )))
    }

    /// All tables of one file; `tables` names them, in the order of the sender.
    pub(super) fn file(
        &mut self,
        write: &WriteTransaction,
        tables: impl FnOnce(&mut Receiving<'_, R>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        tables(&mut Receiving {
            write,
            receiver: self,
        })
    }

    pub(super) fn end(mut self) -> Result<(), StoreError> {
        let kind = self.frame()?;
        if kind == END && self.first == self.rows.to_le_bytes() {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn expect(&mut self, kind: u8, first: &str) -> Result<(), StoreError> {
        if self.frame()? == kind && self.first == first.as_bytes() {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> StoreError {
        StoreError::Refused("what came is no backup of this version of tagtide".to_owned())
    }

    /// Its kind; its parts are in `first` and `second`.
    fn frame(&mut self) -> Result<u8, StoreError> {
        let mut head = [0; 9];
        self.from
            .read_exact(&mut head)
            .map_err(StoreError::CutShort)?;
        let [kind, a, b, c, d, e, f, g, h] = head;
        for (part, length) in [
            (&mut self.first, u32::from_le_bytes([a, b, c, d])),
            (&mut self.second, u32::from_le_bytes([e, f, g, h])),
        ] {
            part.clear();
            // Grows with what comes, not with what is announced.
            let mut announced = self.from.by_ref().take(u64::from(length));
            let read = announced.read_to_end(part).map_err(StoreError::CutShort)?;
            if read < length as usize {
                return Err(StoreError::CutShort(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        if kind == FAILED {
            let why = String::from_utf8_lossy(&self.first).into_owned();
            return Err(StoreError::Refused(why));
        }
        Ok(kind)
    }
}

/// One file, on its way in.
pub(super) struct Receiving<'a, R> {
    write: &'a WriteTransaction,
    receiver: &'a mut Receiver<R>,
}

impl<R: Read> Tables for Receiving<'_, R> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
        _values: Values,
    ) -> Result<(), StoreError> {
        self.receiver.expect(TABLE, table.name())?;
        let mut table = self.write.open_table(table)?;
        loop {
            match self.receiver.frame()? {
                ROW => {}
                TABLE_END => return Ok(()),
                _ => return Err(self.receiver.unexpected()),
            }
            let (key, value) = (&self.receiver.first, &self.receiver.second);
            let fits = |width: Option<usize>, bytes: &[u8]| width.is_none_or(|n| n == bytes.len());
            if !fits(K::fixed_width(), key) || !fits(V::fixed_width(), value) {
                return Err(self.receiver.unexpected());
            }
            table.insert(K::from_bytes(key), V::from_bytes(value))?;
            self.receiver.rows += 1;
            crash::point("backup.taken");
        }
    }
}
