//! What must hold of stored values: any bytes are read as a value that is written and read again as the
//! same, or refused. That they are what was written is told before, by their checksum.

use std::fmt::Debug;

use engine::count::{Day, Deltas, Pane, SavedGroup, Segment};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Receipt,
    format::{checked, decode, encode, parse},
    receipt::Stored,
};
use crate::fuzzing::input::Check;

pub(crate) const CHECKS: [(&str, Check); 6] = [
    ("log_entry", value::<Deltas>),
    ("log_receipt", value::<Stored<Receipt>>),
    ("state_group", value::<SavedGroup>),
    ("state_segment", value::<Segment>),
    ("state_pane", value::<Pane>),
    ("state_day", value::<Day>),
];

fn value<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    let _ = checked(bytes);
    let Ok(value) = parse::<T>(bytes) else {
        return;
    };
    let written = encode(&value).expect("what was read can be written");
    let again: T = decode(&written).expect("what was written can be read");
    assert_eq!(again, value);
}
