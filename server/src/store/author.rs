//! The key that people are hashed with.

use model::Epoch;
use redb::ReadableDatabase;

use super::{Log, Membership, StoreError, file, log::SETTINGS, membership};

/// The setting that it is kept as: it is made and not given. 32 hexadecimal digits.
const AUTHOR_KEY: &str = "author-key";

impl Log {
    /// The key that people are hashed with, once there is one.
    pub(crate) fn author_key(&self) -> Result<Option<[u8; 16]>, StoreError> {
        let table = self.database().begin_read()?.open_table(SETTINGS)?;
        let recorded = table.get(AUTHOR_KEY)?.map(|digits| {
            let key = u128::from_str_radix(digits.value(), 16);
            key.map_err(|_| StoreError::Damaged("the key of authors is none"))
        });
        Ok(recorded.transpose()?.map(u128::to_be_bytes))
    }

    /// The same for good: `fresh` where there was none before.
    pub(crate) fn author_key_or(&self, fresh: [u8; 16]) -> Result<[u8; 16], StoreError> {
        if let Some(key) = self.author_key()? {
            return Ok(key);
        }
        let write = file::begin_write(self.database())?;
        let digits = digits_of(fresh);
        write
            .open_table(SETTINGS)?
            .insert(AUTHOR_KEY, digits.as_str())?;
        write.commit()?;
        Ok(fresh)
    }

    /// What a new store is given when it joins the others, in one commit: nothing is sealed up to `last`, and
    /// people are hashed with their key.
    pub(crate) fn join(
        &self,
        membership: &Membership,
        last: Epoch,
        author_key: [u8; 16],
    ) -> Result<(), StoreError> {
        let write = file::begin_write(self.database())?;
        file::record(&write, "last", last.0)?;
        let digits = digits_of(author_key);
        write
            .open_table(SETTINGS)?
            .insert(AUTHOR_KEY, digits.as_str())?;
        membership::record(&write, membership)?;
        write.commit()?;
        Ok(())
    }
}

fn digits_of(key: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(key))
}
