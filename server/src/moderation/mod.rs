//! What whoever runs the server does not want to be shown.
//!
//! * [`blocked`] the tags that are not shown, and from which epoch on
//! * [`file`] those that a file names; [`operators`] those that operators block while it runs
//!
//! It is a matter of showing, never of counting: what is unblocked is shown as if it had never been blocked.

mod blocked;
mod file;
mod operators;

pub(crate) use blocked::Blocked;
use blocked::Whose;
pub(crate) use file::{ListFile, Unreadable};
pub(crate) use operators::{BY_OPERATORS, Operators, Refused};
