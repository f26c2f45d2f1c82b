//! Posts of X with every field, before a stream drops those that nobody asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::super::written_now;

/// A new post in English; a test may change any of it. Hashtags are found in the text.
pub(crate) fn post(author: &str, text: &str) -> Value {
    let id = next_id();
    let user = json!({
        "id": author_id(author),
        "name": author,
        "username": author,
        "verified": false,
    });
    json!({
        "data": {
            "id": id,
            "text": text,
            "edit_history_tweet_ids": [id],
            "author_id": user["id"],
            "created_at": written_now(),
            "lang": "en",
            "entities": {"hashtags": hashtags(text)},
            "possibly_sensitive": false,
            "public_metrics": {"like_count": 0, "retweet_count": 0},
            "reply_settings": "everyone",
            "conversation_id": id,
        },
        "includes": {"users": [user]},
    })
}

/// The same post, edited: a new id, and the ids of all before it.
pub(crate) fn edit(original: &Value, text: &str) -> Value {
    let mut edited = original.clone();
    let id = next_id();
    let data = &mut edited["data"];
    data["id"] = json!(id);
    data["text"] = json!(text);
    data["entities"]["hashtags"] = hashtags(text);
    let history = data["edit_history_tweet_ids"].as_array_mut().unwrap();
    history.push(json!(id));
    edited
}

/// As the API has it: the text begins with `RT @author: ` and is cut, the whole original is included.
pub(crate) fn retweet(author: &str, original: &Value) -> Value {
    let whole = original["data"]["text"].as_str().unwrap();
    let by = original["includes"]["users"][0]["username"]
        .as_str()
        .unwrap();
    let text: String = format!("RT @{by}: {whole}").chars().take(140).collect();
    refer("retweeted", post(author, &text), original)
}

pub(crate) fn reply(author: &str, text: &str, original: &Value) -> Value {
    refer("replied_to", post(author, text), original)
}

fn refer(how: &str, mut post: Value, original: &Value) -> Value {
    post["data"]["referenced_tweets"] = json!([{"type": how, "id": original["data"]["id"]}]);
    post["includes"]["tweets"] = json!([original["data"]]);
    let users = post["includes"]["users"].as_array_mut().unwrap();
    users.push(original["includes"]["users"][0].clone());
    post
}

fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1_990_000_000_000_000_000);
    NEXT.fetch_add(1 << 22, Ordering::Relaxed).to_string()
}

fn author_id(author: &str) -> String {
    let sum = author
        .bytes()
        .fold(7_u64, |sum, byte| sum * 31 % 999_983 + u64::from(byte));
    (1_000_000 + sum).to_string()
}

/// With the code points where they start and end.
fn hashtags(text: &str) -> Value {
    let points: Vec<char> = text.chars().collect();
    let mut tags = Vec::new();
    for start in (0..points.len()).filter(|&at| points[at] == '#') {
        let rest = points[start + 1..].iter();
        let tag: String = rest
            .take_while(|&&c| c.is_alphanumeric() || c == '_')
            .collect();
        if !tag.is_empty() {
            let end = start + 1 + tag.chars().count();
            tags.push(json!({"start": start, "end": end, "tag": tag}));
        }
    }
    Value::Array(tags)
}
