//! The services that tagtide talks to, in small: each speaks its real protocol over loopback sockets.
//!
//! [`X`], [`Jetstream`], [`Mastodon`], [`Relay`], and [`Hook`], which is told of alerts, are handles, each a [`Fake`]: a test starts one, publishes
//! posts through it, breaks it, and looks at what clients did. Every handle has an `url()` and
//! * `seen`, what clients did ([`Seen`]);
//! * `script`, what goes wrong next ([`Script`]);
//! * `live`, the open streams, to tell them anything or to end them ([`Live`]);
//! * `wire`, how they are written ([`Wire`]).
//!
//! Dropping the handle closes all of its sockets.
//!
//! **Invariant**: what is here follows the services' public documentation and servers, never the code
//! under test; where a fake knows less than its service, the head of its file says so.
//!
//! **Invariant**: everything that is waited for has a limit, and no test has to guess a time: a stream is
//! counted in `seen` only when whatever is published next will reach it.

#![allow(
    dead_code,
    reason = "compiled for two sets of tests, each of which uses a part"
)]
#![allow(
    unused_imports,
    reason = "compiled for two sets of tests, each of which uses a part"
)]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::time::{Duration, SystemTime};

mod allowance;
mod http;
pub(crate) mod jetstream;
mod live;
pub(crate) mod mastodon;
pub(crate) mod nostr;
mod seen;
mod server;
pub(crate) mod webhook;
mod websocket;
pub(crate) mod x;

pub(crate) use http::{Answer, Request};
pub(crate) use jetstream::Jetstream;
pub(crate) use live::{End, Live, Wire};
pub(crate) use mastodon::Mastodon;
pub(crate) use nostr::Relay;
pub(crate) use seen::{Count, Record, Seen};
pub(crate) use server::{Fake, Fault, Script, Service};
pub(crate) use webhook::Hook;
pub(crate) use x::X;

/// For what takes moments on an idle machine; tests also run on busy ones.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The time as all four services but Nostr write it.
fn written_now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
