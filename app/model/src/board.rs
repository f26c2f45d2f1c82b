use serde::{Deserialize, Serialize};

use crate::{Epoch, Top};

/// What the page shows: the ranks and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub top: Top,
    /// Length of an epoch in milliseconds: how often the board can change.
    pub batch_ms: u64,
    pub sources: Vec<Source>,
    /// Another program has posted a board to `/updateData`, so there is one to switch to.
    pub external: bool,
    /// What was received since has been waiting to be counted for too long.
    pub behind: bool,
}

/// A source of posts, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As it was given on the command line, without secrets.
    pub name: String,
    pub state: SourceState,
    /// One plain sentence: what is wrong or waited for.
    pub detail: Option<String>,
    /// Posts read since the program started.
    pub posts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Waiting,
    Ended,
    Failed,
}

/// The answer to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The counts are those of the epoch that the asker holds.
    Unchanged(Unchanged),
    /// The counts are not ready yet: the server is starting.
    Starting,
    Board(Board),
}

/// What may be news while the counts are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unchanged {
    pub epoch: Epoch,
    /// As in [`Board`].
    pub external: bool,
    /// As in [`Board`].
    pub behind: bool,
    /// Where their states are not those that the asker holds.
    pub sources: Option<Vec<Source>>,
}

/// What tells the states of sources from those of a moment before, in a few bytes. How much they
/// have read is no part of it.
pub fn states(sources: &[Source]) -> u32 {
    // FNV-1a: the same on both sides and in every version.
    let mut hash = 0x811c_9dc5_u32;
    let mut take = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for source in sources {
        let detail = source.detail.as_deref().unwrap_or_default();
        source.name.bytes().for_each(&mut take);
        // No byte of UTF-8: texts cannot run into each other.
        take(0xff);
        take(source.state as u8);
        detail.bytes().for_each(&mut take);
        take(0xff);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_differ_by_all_but_the_posts() {
        let source = |name: &str, state, detail: Option<&str>, posts| Source {
            name: name.to_owned(),
            state,
            detail: detail.map(str::to_owned),
            posts,
        };
        let live = source("demo", SourceState::Live, None, 1);
        let before = states(std::slice::from_ref(&live));
        assert_eq!(
            before,
            states(&[source("demo", SourceState::Live, None, 2)])
        );
        for other in [
            vec![],
            vec![live.clone(), live.clone()],
            vec![source("dem", SourceState::Live, Some("o"), 1)],
            vec![source("demo", SourceState::Ended, None, 1)],
            vec![source("demo", SourceState::Live, Some("slow"), 1)],
        ] {
            assert_ne!(before, states(&other), "{other:?}");
        }
    }
}
