//! What was typed about alerts, as rules and receivers.

use engine::{alerts::Rule, grammar::Grammar, key::Key};
use model::Window;
use reqwest::Url;

use super::{signing::SigningKey, webhook::Receiver};
use crate::{
    cli::{AlertOptions, TagCount},
    secret::{Secret, SecretError},
};

/// Tags that can be watched, and addresses that can be told.
const MOST_TAGS: usize = 1000;
const MOST_URLS: usize = 16;

const SECRET: &str = "TAGTIDE_ALERT_SECRET";

#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<Rule>,
    pub(crate) receivers: Vec<Receiver>,
}

/// Options of alerts that do not go together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(
        "--alert-url is told of alerts, of which there are none: give --alert-rise or --alert-tag too"
    )]
    NoRule,
    #[error(
        "--alert-url needs a secret that alerts are signed with: set {SECRET}, or {SECRET}_FILE to the name of a file that holds it"
    )]
    NoSecret,
    #[error(
        "{SECRET} is no secret of the Standard Webhooks: whsec_ and base64 of 24 to 64 bytes, as `echo whsec_$(head -c 32 /dev/urandom | base64)` makes one"
    )]
    NotASecret,
    #[error(transparent)]
    Secret(SecretError),
    #[error("--alert-tag {0}: that is no hashtag")]
    NoTag(String),
    #[error("{0} is given twice: give it once")]
    Twice(String),
    #[error("{0} can be given {1} times at most")]
    TooMany(&'static str, usize),
}

impl Settings {
    /// The secret is that of the environment.
    pub(crate) fn new(typed: AlertOptions, grammar: Grammar) -> Result<Self, Unusable> {
        let secret = match Secret::of_environment(SECRET) {
            Ok(secret) => Some(secret),
            Err(SecretError::Missing(_)) => None,
            Err(error) => return Err(Unusable::Secret(error)),
        };
        Self::with(typed, grammar, secret.as_ref())
    }

    fn with(
        typed: AlertOptions,
        grammar: Grammar,
        secret: Option<&Secret>,
    ) -> Result<Self, Unusable> {
        let AlertOptions {
            rise, tags, urls, ..
        } = typed;
        if tags.len() > MOST_TAGS {
            return Err(Unusable::TooMany("--alert-tag", MOST_TAGS));
        }
        if urls.len() > MOST_URLS {
            return Err(Unusable::TooMany("--alert-url", MOST_URLS));
        }
        let mut rules: Vec<Rule> = rise.map(|score| Rule::Rise { score }).into_iter().collect();
        for typed in tags {
            let rule = rule(&typed, grammar).ok_or_else(|| Unusable::NoTag(typed.tag.clone()))?;
            if rules.contains(&rule) {
                return Err(Unusable::Twice(format!("--alert-tag {}", typed.tag)));
            }
            rules.push(rule);
        }
        if urls.is_empty() {
            return Ok(Self {
                rules,
                receivers: Vec::new(),
            });
        }
        if rules.is_empty() {
            return Err(Unusable::NoRule);
        }
        let key = SigningKey::of(secret.ok_or(Unusable::NoSecret)?).ok_or(Unusable::NotASecret)?;
        let mut receivers: Vec<Receiver> = Vec::new();
        for url in urls {
            let receiver = Receiver::new(url, key.clone());
            if receivers.iter().any(|known| known.id == receiver.id) {
                return Err(Unusable::Twice(format!("--alert-url {}", receiver.shown)));
            }
            receivers.push(receiver);
        }
        Ok(Self { rules, receivers })
    }

    /// The tags that rules name.
    pub(crate) fn watched(&self) -> impl Iterator<Item = (Key, Window)> + '_ {
        self.rules.iter().filter_map(|rule| match rule {
            Rule::Count { key, window, .. } => Some((key.clone(), *window)),
            Rule::Rise { .. } => None,
        })
    }
}

fn rule(typed: &TagCount, grammar: Grammar) -> Option<Rule> {
    let TagCount { tag, count, window } = typed;
    Some(Rule::Count {
        key: grammar.key_of(&app::address::tag_name(tag))?,
        window: *window,
        count: *count,
    })
}

/// An address that may be told.
pub(crate) fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("a web address is needed, such as https://example.com/hook".to_owned()),
    }
}

/// Where a board is found: addresses of its pages are made of it.
pub(crate) fn site(text: &str) -> Result<Url, String> {
    let site = url(text)?;
    let is_plain = site.username().is_empty()
        && site.password().is_none()
        && site.query().is_none()
        && site.fragment().is_none();
    is_plain
        .then_some(site)
        .ok_or_else(|| "it has no user, query or fragment, as https://example.com/tags".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn made(
        rise: Option<f64>,
        tags: &[&str],
        urls: &[&str],
        secret: &str,
    ) -> Result<Settings, String> {
        let typed = AlertOptions {
            rise,
            tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
            urls: urls.iter().map(|text| url(text).unwrap()).collect(),
            site: None,
        };
        let settings = Settings::with(typed, Grammar::Twitter, Secret::new(secret).as_ref());
        settings.map_err(|error| error.to_string())
    }

    #[test]
    fn what_does_not_go_together_is_said_in_a_line() {
        let to = ["https://user:pass@a.example/hook?token=hidden"];
        for (settings, says) in [
            (
                made(None, &[], &to, GOOD),
                "give --alert-rise or --alert-tag",
            ),
            (made(Some(8.0), &[], &to, ""), "TAGTIDE_ALERT_SECRET"),
            (made(Some(8.0), &[], &to, "hidden"), "whsec_"),
            (made(Some(8.0), &[], &[to[0], to[0]], GOOD), "given twice"),
            (made(None, &["#a=5", "A=5/5m"], &[], ""), "given twice"),
            (made(None, &["#=5"], &[], ""), "no hashtag"),
        ] {
            let error = settings.unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains('\n') && !error.contains("hidden") && !error.contains("pass"));
        }
    }

    #[test]
    fn a_site_is_what_addresses_can_be_made_of() {
        assert!(site("https://example.com/tags/").is_ok());
        for wrong in [
            "https://example.com/?a=1",
            "https://example.com/#a",
            "https://me:secret@example.com/",
            "ftp://example.com/",
        ] {
            assert!(site(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rules_may_be_without_receivers() {
        let settings = made(Some(8.0), &["a=5", "a=6", "a=5/1h"], &[], "").unwrap();
        assert_eq!((settings.rules.len(), settings.watched().count()), (4, 3));
    }
}
