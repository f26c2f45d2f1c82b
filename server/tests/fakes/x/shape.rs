//! What a stream gives of a post: the fields that were asked for, and no others.

use serde_json::{Map, Value, json};

use super::super::http::{Answer, Request};

/// What comes without being asked for.
const POST_DEFAULT: &[&str] = &["id", "text", "edit_history_tweet_ids"];
const USER_DEFAULT: &[&str] = &["id", "name", "username"];

const POST_FIELDS: &str = "article attachments author_id card_uri community_id context_annotations \
    conversation_id created_at display_text_range edit_controls edit_history_tweet_ids entities geo \
    id in_reply_to_user_id lang matched_media_notes media_metadata non_public_metrics note_tweet \
    organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics \
    referenced_tweets reply_settings scopes source text withheld";
const USER_FIELDS: &str = "affiliation connection_status created_at description entities id location \
    most_recent_tweet_id name parody pinned_tweet_id profile_banner_url profile_image_url protected \
    public_metrics subscription_type url username verified verified_followers_count verified_type \
    withheld";
const EXPANSIONS: &str = "article.cover_media article.media_entities attachments.media_keys \
    attachments.media_source_tweet attachments.poll_ids author_id edit_history_tweet_ids \
    entities.mentions.username geo.place_id in_reply_to_user_id entities.note.mentions.username \
    referenced_tweets.id referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id";

/// Refuses parameters that a stream does not have, and values that they do not have.
pub(super) fn check(request: &Request) -> Result<(), Answer> {
    for (name, value) in &request.query {
        let all_of = |known: &str| value.split(',').all(|one| knows(known, one));
        let is_good = match name.as_str() {
            "tweet.fields" => all_of(POST_FIELDS),
            "user.fields" => all_of(USER_FIELDS),
            "expansions" => all_of(EXPANSIONS),
            "media.fields" | "poll.fields" | "place.fields" => true,
            "backfill_minutes" => value.parse::<u8>().is_ok_and(|minutes| minutes <= 5),
            _ => false,
        };
        if !is_good {
            return Err(invalid_request(name, value));
        }
    }
    Ok(())
}

pub(super) fn invalid_request(parameter: &str, value: &str) -> Answer {
    let body = json!({
        "errors": [{
            "parameters": {parameter: [value]},
            "message": format!("The `{parameter}` query parameter can not be [{value}]"),
        }],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.x.com/2/problems/invalid-request",
    });
    Answer::json(400, &body)
}

/// The post as this request wants it. With rules to match and none that does, there is none.
pub(super) fn shape(post: &Value, request: &Request, rules: Option<Vec<Value>>) -> Option<Value> {
    let mut shaped = post.clone();
    let expansions = asked(request, "expansions");
    let roots = expansions.iter().filter_map(|path| path.split('.').next());
    // What is expanded comes with the field that refers to it.
    let fields = [
        &asked(request, "tweet.fields")[..],
        &roots.collect::<Vec<_>>(),
    ]
    .concat();
    prune(&mut shaped["data"], &fields, POST_DEFAULT, POST_FIELDS);

    let has = |name: &str| expansions.contains(&name);
    let (author, referred) = (has("author_id"), has("referenced_tweets.id.author_id"));
    let tweets = has("referenced_tweets.id") || referred;
    let author_id = post["data"]["author_id"].clone();
    let includes = shaped["includes"].as_object_mut().unwrap();
    for tweet in members(includes, "tweets") {
        prune(tweet, &fields, POST_DEFAULT, POST_FIELDS);
    }
    if let Some(Value::Array(users)) = includes.get_mut("users") {
        users.retain(|user| {
            if user["id"] == author_id {
                author
            } else {
                referred
            }
        });
    }
    for user in members(includes, "users") {
        prune(
            user,
            &asked(request, "user.fields"),
            USER_DEFAULT,
            USER_FIELDS,
        );
    }
    includes.retain(|name, list| (tweets || name != "tweets") && list != &json!([]));
    let is_bare = includes.is_empty();
    let shaped = shaped.as_object_mut().unwrap();
    if is_bare {
        shaped.remove("includes");
    }
    if let Some(rules) = rules {
        if rules.is_empty() {
            return None;
        }
        shaped.insert("matching_rules".to_owned(), Value::Array(rules));
    }
    Some(Value::Object(std::mem::take(shaped)))
}

fn asked<'a>(request: &'a Request, name: &str) -> Vec<&'a str> {
    let lists = request.parameters(name);
    lists.flat_map(|list| list.split(',')).collect()
}

fn members<'a>(includes: &'a mut Map<String, Value>, name: &str) -> &'a mut [Value] {
    let list = includes.get_mut(name).and_then(Value::as_array_mut);
    list.map(Vec::as_mut_slice).unwrap_or_default()
}

/// Fields that are not known here stay: the service sends new ones at any time.
fn prune(object: &mut Value, asked: &[&str], default: &[&str], known: &str) {
    let object = object.as_object_mut().unwrap();
    object.retain(|name, _| {
        let name = name.as_str();
        asked.contains(&name) || default.contains(&name) || !knows(known, name)
    });
}

fn knows(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|one| one == name)
}
