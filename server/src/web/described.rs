//! What several handlers say of themselves to programs: what they may be asked with, and what they answer.

pub(super) mod answers;
mod parameters;

pub(super) use answers::{Errors, Faults, NoSuchTag, NotModified, PostsErrors};
pub(super) use parameters::{
    IfNoneMatch, LastEventId, OfBoard, OfPicture, OfPosts, OfTag, OfTrends,
};
