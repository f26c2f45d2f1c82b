//! Which part of a cluster's counts a data directory holds.

use redb::ReadableDatabase;

use super::{Log, StoreError, file, log::SETTINGS};

/// The setting that it is kept as; a directory without it is of a process alone.
const MEMBERSHIP: &str = "cluster";

/// As which process of how many a directory was begun, and in which cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) index: u64,
    pub(crate) processes: u64,
    /// The same in every directory of a cluster, and in no other; 0 before they have met.
    pub(crate) mark: u128,
    /// Every directory of the cluster is known to have the mark.
    pub(crate) begun: bool,
}

impl Membership {
    pub(crate) const ALONE: Self = Self::new(0, 1);

    pub(crate) const fn new(index: u64, processes: u64) -> Self {
        Self {
            index,
            processes,
            mark: 0,
            begun: false,
        }
    }

    fn text(&self) -> String {
        let Self {
            index,
            processes,
            mark,
            begun,
        } = self;
        format!("{index} {processes} {mark:032x} {}", u8::from(*begun))
    }

    fn of_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            index: words.next()?.parse().ok()?,
            processes: words.next()?.parse().ok()?,
            mark: u128::from_str_radix(words.next()?, 16).ok()?,
            begun: words.next()? == "1",
        })
    }
}

impl Log {
    pub(crate) fn membership(&self) -> Result<Membership, StoreError> {
        let table = self.database().begin_read()?.open_table(SETTINGS)?;
        match table.get(MEMBERSHIP)? {
            Some(text) => Membership::of_text(text.value())
                .ok_or(StoreError::Damaged("the place in a cluster is none")),
            None => Ok(Membership::ALONE),
        }
    }

    pub(crate) fn set_membership(&self, membership: Membership) -> Result<(), StoreError> {
        let write = file::begin_write(self.database())?;
        write
            .open_table(SETTINGS)?
            .insert(MEMBERSHIP, membership.text().as_str())?;
        write.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let membership = Membership {
            index: 2,
            processes: 3,
            mark: u128::MAX - 5,
            begun: true,
        };
        assert_eq!(Membership::of_text(&membership.text()), Some(membership));
        assert_eq!(Membership::of_text("1 of 2"), None);
    }
}
