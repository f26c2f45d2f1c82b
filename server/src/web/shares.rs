//! How many each client holds of what there is a limited number of for all.
//!
//! **Invariant:** it is known only of clients that hold something.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::visitor::Stranger;

/// A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares(Arc<Mutex<HashMap<Stranger, usize>>>);

/// One that is held, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Option<(Shares, Stranger)>,
}

impl Shares {
    /// None where this client has `most` of them. Whoever is no stranger may have all.
    pub(super) fn take(&self, client: Option<Stranger>, most: usize) -> Option<Share> {
        let Some(client) = client else {
            return Some(Share { of: None });
        };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(client).or_default();
        if *held >= most {
            return None;
        }
        *held += 1;
        let of = Some((self.clone(), client));
        Some(Share { of })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, client)) = &self.of else {
            return;
        };
        let mut held = shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = held.get_mut(client) {
            *number -= 1;
            if *number == 0 {
                held.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_holds_its_part_and_is_forgotten_when_it_holds_nothing() {
        let shares = Shares::default();
        let one = Stranger::at([192, 0, 2, 1].into());
        let two = Stranger::at([192, 0, 2, 2].into());
        let held: Vec<_> = (0..2).map(|_| shares.take(one, 2).unwrap()).collect();
        assert!(shares.take(one, 2).is_none());
        assert!(shares.take(two, 2).is_some());
        assert!(shares.take(None, 0).is_some());
        drop(held);
        assert!(shares.0.lock().unwrap().is_empty());
        assert!(shares.take(one, 2).is_some());
    }
}
