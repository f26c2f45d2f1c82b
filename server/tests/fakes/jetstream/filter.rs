//! What a subscriber wants to be told.

use std::collections::HashSet;

use serde_json::Value;

const MOST_COLLECTIONS: usize = 100;
const MOST_DIDS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Filter {
    /// Nothing listed is everything wanted.
    collections: HashSet<String>,
    dids: HashSet<String>,
    pub(super) most_bytes: usize,
}

impl Filter {
    pub(super) fn new(
        collections: Vec<String>,
        dids: Vec<String>,
        most: i64,
    ) -> Result<Self, &'static str> {
        let is_name =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-');
        let is_nsid = |name: &str| name.split('.').count() >= 3 && name.split('.').all(is_name);
        let is_collection = |name: &String| name.ends_with(".*") || is_nsid(name);
        if !collections.iter().all(is_collection) {
            return Err("invalid options: invalid collection");
        }
        if !dids
            .iter()
            .all(|did| did.starts_with("did:") && did.split(':').count() >= 3)
        {
            return Err("invalid options: invalid DID");
        }
        let filter = Self {
            collections: collections.into_iter().collect(),
            dids: dids.into_iter().collect(),
            most_bytes: most.max(0) as usize,
        };
        if filter.collections.len() > MOST_COLLECTIONS {
            return Err("invalid options: too many wanted collections");
        }
        if filter.dids.len() > MOST_DIDS {
            return Err("invalid options: too many wanted DIDs");
        }
        Ok(filter)
    }

    /// Accounts and identities belong to no collection, and are told to everybody.
    pub(super) fn wants(&self, frame: &Value) -> bool {
        let did = frame["did"].as_str().unwrap_or_default();
        let Some(collection) = frame["commit"]["collection"].as_str() else {
            return self.dids.is_empty() || self.dids.contains(did);
        };
        let is_wanted = |wanted: &String| match wanted.strip_suffix('*') {
            Some(prefix) => collection.starts_with(prefix),
            None => wanted == collection,
        };
        (self.dids.is_empty() || self.dids.contains(did))
            && (self.collections.is_empty() || self.collections.iter().any(is_wanted))
    }
}
