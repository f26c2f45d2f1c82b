//! Events of Jetstream without their `time_us`, which a host gives them.

use serde_json::{Value, json};

use super::{super::written_now, now};

pub(crate) const POST: &str = "app.bsky.feed.post";

pub(crate) fn create(did: &str, collection: &str, rkey: &str, record: Value) -> Value {
    let mut frame = commit(did, "create", collection, rkey);
    frame["commit"]["cid"] = json!(format!("bafyreifake{rkey}"));
    frame["commit"]["record"] = record;
    frame
}

pub(crate) fn update(did: &str, collection: &str, rkey: &str, record: Value) -> Value {
    let mut frame = create(did, collection, rkey, record);
    frame["commit"]["operation"] = json!("update");
    frame
}

/// Has neither record nor cid.
pub(crate) fn delete(did: &str, collection: &str, rkey: &str) -> Value {
    commit(did, "delete", collection, rkey)
}

fn commit(did: &str, operation: &str, collection: &str, rkey: &str) -> Value {
    let commit = json!({
        "rev": format!("3m{:x}", now()),
        "operation": operation,
        "collection": collection,
        "rkey": rkey,
    });
    json!({"did": did, "kind": "commit", "commit": commit})
}

/// `status` says why an account is not active: `deleted`, `takendown`, `suspended`, `deactivated`.
pub(crate) fn account(did: &str, status: Option<&str>) -> Value {
    let mut account =
        json!({"active": status.is_none(), "did": did, "seq": 1, "time": written_now()});
    if let Some(status) = status {
        account["status"] = json!(status);
    }
    json!({"did": did, "kind": "account", "account": account})
}

pub(crate) fn identity(did: &str) -> Value {
    let identity = json!({"did": did, "seq": 1, "time": written_now()});
    json!({"did": did, "kind": "identity", "identity": identity})
}

/// A record of [`POST`]; hashtags of the text have facets, by bytes.
pub(crate) fn post(text: &str, langs: &[&str]) -> Value {
    let mut facets = Vec::new();
    for (start, _) in text.match_indices('#') {
        let tag: &str = text[start + 1..]
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap();
        facets.push(json!({
            "$type": "app.bsky.richtext.facet",
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}],
            "index": {"byteStart": start, "byteEnd": start + 1 + tag.len()},
        }));
    }
    let mut record =
        json!({"$type": POST, "createdAt": written_now(), "langs": langs, "text": text});
    if !facets.is_empty() {
        record["facets"] = json!(facets);
    }
    record
}

/// As the service writes it: the short names first, the record after them.
pub(super) fn in_order(frame: &Value) -> String {
    const FIRST: [&str; 8] = [
        "did",
        "time_us",
        "kind",
        "rev",
        "operation",
        "collection",
        "rkey",
        "record",
    ];
    let object = frame.as_object().unwrap();
    let first = FIRST.iter().filter_map(|&name| object.get_key_value(name));
    let rest = object
        .iter()
        .filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let fields = first.chain(rest).map(|(name, value)| {
        let value = match name.as_str() {
            "commit" => in_order(value),
            _ => value.to_string(),
        };
        format!("\"{name}\":{value}")
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
