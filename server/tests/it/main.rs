//! Tests of the real program.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod admin;
mod alerts;
mod api;
mod backup;
mod blocked;
mod cluster;
mod cluster_alerts;
mod cluster_deletions;
mod cluster_faults;
mod cluster_keys;
mod cluster_operators;
mod cluster_shape;
mod cluster_sources;
mod cluster_torture;
mod damage;
mod described;
mod exactly_once;
#[path = "../fakes/mod.rs"]
mod fakes;
#[path = "../fakes/tests/mod.rs"]
mod fakes_are_faithful;
mod headers;
mod hostile;
mod killed;
mod limited;
mod logged;
mod machine;
mod malformed;
mod merged;
mod monitoring;
#[cfg(target_os = "linux")]
mod network;
mod posts;
mod program;
mod random;
mod repeated;
mod replay;
mod secured;
mod slow;
mod soak;
mod sources;
mod status;
#[cfg(target_os = "linux")]
mod strangers;
mod torture;
mod trends;
mod tutorial;
mod usage;
