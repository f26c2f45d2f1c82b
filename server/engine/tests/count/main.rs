//! The engine equals a naive recount that is obviously right, for any posts, deletions, gaps between
//! epochs, spreads over workers, and restarts from stored rows at any point.

mod bounds;
mod days;
mod drive;
mod equals;
mod oracle;
