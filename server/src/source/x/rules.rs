//! The rules of the filtered stream: which posts X sends.
//!
//! **Invariant:** after [`set`], X has those of `--x-rule` and no others. Those that it had already are left
//! alone, for with a new one it would begin anew.

use std::collections::BTreeSet;

use reqwest::Url;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{http, reconnect::End},
    Error, Ready, is, refusal,
};

const PATH: &str = "/2/tweets/search/stream/rules";

/// By this other programs of the same account know whose they are.
const TAG: &str = "tagtide";

/// More pages than any account has rules.
const MOST_PAGES: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Vec<Rule>,
    meta: Meta,
    errors: Vec<Error>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    id: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    next_token: Option<String>,
}

/// Makes the rules those that were given.
pub(super) async fn set(ready: &Ready) -> Result<(), End> {
    let url = ready.url(PATH);
    let mut missing: BTreeSet<&str> = ready.options.rules.iter().map(|rule| rule.trim()).collect();
    let mut others = Vec::new();
    for rule in all(ready, &url).await? {
        if !missing.remove(rule.value.as_str()) {
            others.push(rule.id);
        }
    }
    if !others.is_empty() {
        let body = json!({ "delete": { "ids": others } });
        change(ready, &url, &body).await?;
    }
    if !missing.is_empty() {
        let add: Vec<_> = missing
            .iter()
            .map(|value| json!({ "value": value, "tag": TAG }))
            .collect();
        let answer = change(ready, &url, &json!({ "add": add })).await?;
        // Somebody was quicker.
        let mut errors = answer.errors.into_iter();
        if let Some(error) = errors.find(|error| !is(&error.kind, "duplicate-rules")) {
            let rule = http::shortened(error.value.as_deref().unwrap_or_default());
            let says = error.sentence();
            return Err(End::Failed(format!(
                "X does not take --x-rule {rule:?}: {says}"
            )));
        }
    }
    Ok(())
}

async fn all(ready: &Ready, url: &Url) -> Result<Vec<Rule>, End> {
    let mut rules = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut request = ready
            .client
            .get(url.clone())
            .query(&[("max_results", "1000")]);
        if let Some(token) = &next {
            request = request.query(&[("pagination_token", token)]);
        }
        let page = read(ready, request).await?;
        rules.extend(page.data);
        next = page.meta.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(rules)
}

async fn change(ready: &Ready, url: &Url, body: &serde_json::Value) -> Result<Answer, End> {
    read(ready, ready.client.post(url.clone()).json(body)).await
}

async fn read(ready: &Ready, request: reqwest::RequestBuilder) -> Result<Answer, End> {
    let response = refusal::answer(ready, request).await?;
    let answer = tokio::time::timeout(http::ANSWER, response.json()).await;
    let error = match answer {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => http::why(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(refusal::Refused::Server(format!("X's answer on its rules: {error}")).into())
}
