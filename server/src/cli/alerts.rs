//! When somebody is told, and who.

use std::str::FromStr;

use clap::Args;
use model::Window;

use super::values::score;

/// When somebody is told, and who; in `--help` only, as `-h` is a screen.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Alerts (signed by the secret in TAGTIDE_ALERT_SECRET or TAGTIDE_ALERT_SECRET_FILE)"
)]
pub(crate) struct AlertOptions {
    /// Tell of tags that rise so much
    ///
    /// Such as 8. It is the score in 5 minutes of /api/v1/top?by=rising, which takes 5 mentions by 3 people; the
    /// 100 that rise most are looked at. A rise is told once: again only after the tag was below half of it for
    /// 5 minutes without a break.
    #[arg(
        long = "alert-rise",
        env = "TAGTIDE_ALERT_RISE",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "SCORE",
        value_parser = score
    )]
    pub(crate) rise: Option<f64>,

    /// Tell of this tag; repeat it
    ///
    /// When it has so many mentions in a window (5m if none is given), such as rust=100 or rust=5000/24h. It is
    /// told again only after the tag was below half of it for the length of the window; of the window all it is
    /// told once for good.
    #[arg(
        long = "alert-tag",
        env = "TAGTIDE_ALERT_TAG",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "TAG=COUNT[/WINDOW]",
        value_delimiter = '\n'
    )]
    pub(crate) tags: Vec<TagCount>,

    /// Tell whom, by a POST; repeat it
    ///
    /// As the Standard Webhooks have it (standardwebhooks.com), signed with a secret whsec_…. Without one the board
    /// and /api/v1/alerts tell of them.
    #[arg(
        long = "alert-url",
        env = "TAGTIDE_ALERT_URL",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL",
        value_delimiter = '\n',
        value_parser = crate::alerts::url
    )]
    pub(crate) urls: Vec<reqwest::Url>,

    /// Where others find this board, for the links in what is posted [default: http:// and --listen]
    #[arg(
        long = "alert-site",
        env = "TAGTIDE_ALERT_SITE",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL",
        value_parser = crate::alerts::site
    )]
    pub(crate) site: Option<reqwest::Url>,
}

/// `TAG=COUNT[/WINDOW]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagCount {
    pub(crate) tag: String,
    pub(crate) count: u64,
    pub(crate) window: Window,
}

impl FromStr for TagCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "TAG=COUNT or TAG=COUNT/WINDOW is needed, such as rust=100 or rust=5000/24h";
        let (tag, rest) = text.rsplit_once('=').ok_or(FORM)?;
        let (count, window) = match rest.split_once('/') {
            Some((count, window)) => (count, window.parse().map_err(|_| FORM)?),
            None => (rest, Window::default()),
        };
        match count.parse() {
            Ok(count @ 1..) if !tag.is_empty() => Ok(Self {
                tag: tag.to_owned(),
                count,
                window,
            }),
            _ => Err(FORM),
        }
    }
}
