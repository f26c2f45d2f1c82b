//! What the networks publish as tests of their own rules.

use super::*;

mod bluesky;
mod mastodon;
mod twitter;
