//! Statuses of Mastodon without their id, which the server gives them.

use serde_json::{Value, json};

use super::super::written_now;

/// By `name` of this server or `name@host` of another one; a test may change any of it.
pub(crate) fn status(acct: &str, text: &str, tags: &[&str]) -> Value {
    let (name, host) = acct.split_once('@').unwrap_or((acct, "fake.example"));
    let url = format!("https://{host}/@{name}");
    let link = |tag: &&str| {
        let place = format!("https://{host}/tags/{}", tag.to_lowercase());
        format!(
            " <a href=\"{place}\" class=\"mention hashtag\" rel=\"tag\">#<span>{tag}</span></a>"
        )
    };
    let links: String = tags.iter().map(link).collect();
    let tag = |tag: &&str| json!({"name": tag, "url": format!("https://{host}/tags/{tag}")});
    json!({
        "created_at": written_now(),
        "in_reply_to_id": null,
        "sensitive": false,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": format!("{url}/status"),
        "url": format!("{url}/status"),
        "edited_at": null,
        "content": format!("<p>{text}{links}</p>"),
        "reblog": null,
        "account": {
            "id": format!("1{}", acct.len()),
            "username": name,
            "acct": acct,
            "bot": false,
            "group": false,
            "created_at": "2022-11-13T00:00:00.000Z",
            "url": url,
        },
        "media_attachments": [],
        "mentions": [],
        "tags": tags.iter().map(tag).collect::<Vec<_>>(),
        "card": null,
        "poll": null,
    })
}

/// A status of somebody else shown again, with nothing of its own.
pub(crate) fn boost(acct: &str, original: &Value) -> Value {
    let mut boost = status(acct, "", &[]);
    boost["content"] = original["content"].clone();
    boost["reblog"] = original.clone();
    boost
}

/// An account of this server has no host in its name.
pub(super) fn is_local(status: &Value) -> bool {
    status["account"]["acct"] == status["account"]["username"]
}
