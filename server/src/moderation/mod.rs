//! What whoever runs the server does not want to be shown.
//!
//! * [`rules`] which tags are not shown, which are shown as one, and from which epoch on
//! * [`file`] those that a file names; [`operators`] those that operators block or merge while it runs, and, while
//!   they review tags, those that they have not approved
//!
//! It is a matter of showing, never of counting: what is unblocked or approved is shown as if it had never been
//! blocked, and what is separated as if it had never been merged.

mod file;
mod operators;
mod rules;

pub(crate) use file::{ListFile, Unreadable};
pub(crate) use operators::{APPROVED, BY_OPERATORS, MERGED, Operators, Refused, Shown};
pub(crate) use rules::{NotPending, Rulebook, Rules};
