//! Any spelling → its key.

use engine::key::{GROUPS, MAX_CODE_POINTS, group_of, key_of};

pub(super) fn check(spelling: &[u8]) {
    let spelling = String::from_utf8_lossy(spelling);
    let key = key_of(&spelling);
    let upper = key_of(&spelling.to_ascii_uppercase());
    assert_eq!(upper, key, "the case of Latin letters means nothing");
    assert_eq!(
        key_of(&format!(" #{spelling}\t")),
        key,
        "nor what is around it"
    );
    let Some(key) = key else { return };
    let text = key.as_str();
    assert!((1..=MAX_CODE_POINTS).contains(&text.chars().count()));
    assert_eq!(text.trim(), text);
    assert!(!text.starts_with(['#', '＃', '\u{FE5F}']));
    assert!(group_of(&key) < GROUPS);
    assert_eq!(key_of(text), Some(key), "the key of the key is the key");
}
