//! What must hold of a stored position.

use super::position::Position;

pub(in crate::source) fn position(text: &str) {
    let Ok(position) = text.parse::<Position>() else {
        return;
    };
    assert_eq!(position.to_string().parse(), Ok(position));
    position.is_behind(text.as_bytes());
}
