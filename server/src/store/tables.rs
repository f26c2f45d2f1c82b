//! The tables of a file: named in one place each, by [`log`](super::log) and [`state`](super::state), for
//! whoever goes over all of them.

use redb::{Key, TableDefinition, Value, WriteTransaction};

use super::StoreError;

/// Whether the values of a table end with their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Plain,
    Summed,
}

/// Goes over the tables of a file, in the order in which the file names them.
pub(super) trait Tables {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
        values: Values,
    ) -> Result<(), StoreError>;
}

/// Makes those that a file lacks.
pub(super) struct Lacking<'a>(pub(super) &'a WriteTransaction);

impl Tables for Lacking<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'_, K, V>,
        _values: Values,
    ) -> Result<(), StoreError> {
        self.0.open_table(table)?;
        Ok(())
    }
}
