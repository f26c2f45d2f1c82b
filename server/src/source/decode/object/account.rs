//! Fields of an account.

use super::super::loose::{self, Value};

loose::object! {
    /// Mastodon's author, or what Jetstream tells of one.
    Account<'a> {
        id: Value<'a> = "id",
        acct: Value<'a> = "acct",
        url: Value<'a> = "url",
        uri: Value<'a> = "uri",
        bot: Value<'a> = "bot",
        active: Value<'a> = "active",
        status: Value<'a> = "status",
        seq: Value<'a> = "seq",
    }
}
