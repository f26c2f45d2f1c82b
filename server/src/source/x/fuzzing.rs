//! What must hold of a line of X's stream, and of what is stored about its cost.

use super::{
    refusal::Problem,
    spend::{Delivered, Spend},
};
use crate::source::{Cursor, decode::message};

pub(in crate::source) fn check(line: &[u8]) {
    let _ = Problem::in_line(line);
    let read = message(line);
    let is_post = matches!(&read, Ok(Some(event)) if event.is_post());
    let delivered = Delivered::in_line(line, is_post);
    assert!(
        !is_post || delivered != Delivered::default(),
        "what is counted is charged"
    );
}

pub(in crate::source) fn spend(text: &str) {
    if let Ok(mut spend) = Spend::of(Some(&Cursor(text.to_owned())), None) {
        spend.charge(&Delivered::in_line(b"", true));
        assert!(Spend::of(Some(&spend.cursor()), None).is_ok());
        assert!(!spend.is_used_up(), "there is no budget");
    }
}
