//! Options that several commands have.

use clap::Args;
use engine::grammar::Grammar;

use crate::{
    log::Form,
    source::{self, Dollars, XOptions},
};

#[derive(Debug, Args)]
pub(crate) struct Text {
    /// What counts as a hashtag where a source gives text only: twitter, mastodon, bluesky, or words
    ///
    /// twitter   as X finds them: after anything but a letter or digit
    /// mastodon  as Mastodon does: after white space, of letters, digits and '_'
    /// bluesky   as Bluesky does: after white space, up to the next, emoji as well
    /// words     as the tutorial: each word at a space that holds a '#', as it is written
    ///
    /// Upper and lower case are one tag, which counts once a post; in words they are two, and
    /// each counts as often as it is written; a word over 1024 bytes is cut.
    #[arg(
        long,
        env = "TAGTIDE_GRAMMAR",
        hide_env_values = true,
        value_name = "NAME",
        default_value_t,
        verbatim_doc_comment
    )]
    pub(crate) grammar: Grammar,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// What the log on standard error looks like: text, or json: an object a line
    ///
    /// TAGTIDE_LOG chooses how much there is: error (needs a person), warn (works, look at it), info (the
    /// default), debug, or more in the syntax of tracing's filters. Of lines of a kind 20 may come at
    /// once, then one each 10 s; how many were left out is told.
    #[arg(
        long = "log-format",
        env = "TAGTIDE_LOG_FORMAT",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "FORM",
        default_value_t
    )]
    pub(super) form: Form,
}

/// Of the source `x`. Its token is no option: other users of the machine could read it.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Options of --source x (its token: TAGTIDE_X_TOKEN or TAGTIDE_X_TOKEN_FILE)"
)]
pub(crate) struct X {
    /// Which posts X shall send; repeat it for several. X's rules are made to be just these
    ///
    /// Such as '#rust OR #rustlang' or 'storm has:hashtags lang:en'. Without one the rules that X has are left as they are.
    #[arg(
        long = "x-rule",
        env = "TAGTIDE_X_RULE",
        hide_env_values = true,
        value_name = "RULE",
        value_delimiter = '\n'
    )]
    rules: Vec<String>,

    /// Stop reading before this data directory has cost more than so many US dollars
    ///
    /// X charges each post that it delivers, $0.005. Without a budget there is no end to it.
    #[arg(
        long = "x-budget",
        env = "TAGTIDE_X_BUDGET",
        hide_env_values = true,
        value_name = "USD"
    )]
    budget: Option<Dollars>,

    /// Where the API is, where that is not https://api.x.com: a gateway, a test
    #[arg(
        long = "x-url",
        env = "TAGTIDE_X_URL",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL"
    )]
    url: Option<reqwest::Url>,
}

impl X {
    pub(super) fn is_given(&self) -> bool {
        !self.rules.is_empty() || self.budget.is_some()
    }
}

impl From<X> for source::Options {
    fn from(X { rules, budget, url }: X) -> Self {
        let x = XOptions { rules, budget, url };
        Self { x }
    }
}
