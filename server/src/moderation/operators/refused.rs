//! Why nothing was done, for whoever wanted it.

use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("That is no hashtag.")]
    NoTag,
    #[error("That hashtag is blocked already.")]
    IsBlocked,
    #[error("That hashtag was not blocked here.")]
    IsNotBlocked,
    #[error("As many hashtags are blocked as may: unblock others first.")]
    TooMany,
    #[error("That hashtag is approved already.")]
    IsApproved,
    #[error("As many hashtags are approved as may: block some of them first.")]
    TooManyApproved,
    #[error("Both are the same hashtag already.")]
    IsSame,
    #[error("{tag} is shown as {target} already: undo that first.")]
    IsMerged { tag: String, target: String },
    #[error("It would lead back to itself: undo first what {target} is shown as.")]
    LeadsBack { target: String },
    #[error("As many hashtags are shown as others as may: undo some of that first.")]
    TooManyMerged,
    #[error("That hashtag is not shown as another one.")]
    IsNotMerged,
    #[error("The boards show nothing yet: try again in a moment.")]
    NothingShown,
    #[error("That is so already.")]
    IsSo,
    #[error("It cannot be written down, so nothing was done; the log says why.")]
    Store(#[from] StoreError),
}
