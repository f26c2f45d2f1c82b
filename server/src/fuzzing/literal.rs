//! Any text → what Python would read it as.

use crate::tutorial::literal::{Literal, Reason, parse, unwrap_bytearray};

pub(super) fn check(source: &[u8]) {
    let source = String::from_utf8_lossy(source);
    let _ = unwrap_bytearray(source.clone().into_owned());
    let read = match parse(&source) {
        Ok(literal) => literal,
        Err(error) => {
            assert!(source.is_char_boundary(error.at), "{error}");
            return;
        }
    };
    serde_json::to_string(&read).expect("each can be shown");
    depth(&read, 0);
    // Brackets around a value, or around what would be a tuple without them, change nothing.
    match parse(&format!("({source}\n)")) {
        Ok(bracketed) => assert!(same(&bracketed, &read), "{bracketed:?}, {read:?}"),
        Err(error) => assert_eq!(error.reason, Reason::Depth, "{error}"),
    }
}

/// Equal, or both not a number.
fn same(one: &Literal, other: &Literal) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

fn depth(literal: &Literal, deep: usize) {
    assert!(deep <= 65, "nesting has a bound");
    if let Literal::List(items) = literal {
        items.iter().for_each(|item| depth(item, deep + 1));
    }
}
