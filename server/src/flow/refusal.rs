//! Why stores do not make a whole, each by its name.

use model::Epoch;

/// Why the stores that are here do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "the store of process {0} is missing: bring it back (--adopt its directory, if there are fewer \
         processes now), or give up what only it holds with --accept-loss {0}; nothing was counted without it"
    )]
    StoreMissing(u64),
    #[error(
        "the store of process {0} is of another cluster: give it the one that it was begun with"
    )]
    OtherCluster(u64),
    #[error(
        "the stores of processes {0} and {1} are of two clusters: give each process the one that it was begun with"
    )]
    TwoClusters(u64, u64),
    #[error(
        "process {process} brings the store of process {} of {}, {}: begin it with an empty --data",
        store.0, store.1,
        if *given_up { "which was given up by --accept-loss" } else { "which was left behind" }
    )]
    LeftBehind {
        process: u64,
        store: (u64, u64),
        given_up: bool,
    },
    #[error(
        "processes {} and {} both bring a store that was begun as process {part}: one of them is a \
         copy, or of another cluster",
        by.0, by.1
    )]
    Twice { part: u64, by: (u64, u64) },
    #[error("--accept-loss {0}: the store of process {0} is not missing, leave that out")]
    NotLost(u64),
    #[error(
        "the data directory was taken over by process {0} (--adopt): begin with another --data"
    )]
    GivenAway(u64),
    #[error(
        "the data directory is that of process {} of {}, now it is asked to be process {} of as many: give \
         it to the process that it was begun as",
        recorded.0, recorded.1, asked
    )]
    OtherPlace { recorded: (u64, u64), asked: u64 },
    #[error(
        "--source {source_name} runs on process {process} already, and it allows one connection: give it to one \
         process alone"
    )]
    RunsElsewhere { source_name: String, process: usize },
    #[error(
        "state.redb is lost, or not of this log.redb: it counts up to epoch {} (key group {group}), \
         log.redb begins after epoch {}. Restore both files from one backup, or begin anew with \
         another --data",
        held.0, dropped.0
    )]
    Gap {
        group: u8,
        held: Epoch,
        dropped: Epoch,
    },
    #[error(
        "log.redb is lost, or not of this state.redb: it ends at epoch {}, state.redb counts up to \
         epoch {}. Restore both files from one backup, or begin anew with another --data",
        last.0, held.0
    )]
    LogOlder { last: Epoch, held: Epoch },
}
