//! The rules of the filtered stream.

use serde_json::{Value, json};

use super::{
    super::{
        http::{Answer, Request},
        written_now,
    },
    shape::invalid_request,
};

const MOST_CHARACTERS: usize = 1_024;
/// Operators that need another one beside them.
const DEPENDENT: [&str; 5] = ["has:", "lang:", "is:", "sample:", "-"];

/// Each an object of `id`, `value` and, if it was given one, `tag`.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<Value>,
    pub(super) page: usize,
    made: u64,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            rules: Vec::new(),
            page: 1_000,
            made: 0,
        }
    }

    /// Gives the rule as it is listed.
    pub(super) fn set(&mut self, value: &str, tag: Option<&str>) -> Value {
        self.made += 1;
        let id = (1_166_916_266_197_536_767 + self.made).to_string();
        let mut rule = json!({"id": id, "value": value});
        if let Some(tag) = tag {
            rule["tag"] = json!(tag);
        }
        self.rules.push(rule.clone());
        rule
    }

    pub(super) fn matching(&self, post: &Value) -> Vec<Value> {
        let matching = self.rules.iter().filter(|rule| matches(rule, post));
        matching
            .map(|rule| json!({"id": rule["id"], "tag": rule["tag"].as_str().unwrap_or("")}))
            .collect()
    }

    pub(super) fn get(&self, request: &Request) -> Answer {
        let most = request.parameter("max_results").unwrap_or("1000");
        let Ok(most @ 1..=1_000) = most.parse::<usize>() else {
            return invalid_request("max_results", most);
        };
        let token = request.parameter("pagination_token").unwrap_or("from0");
        let from = token.strip_prefix("from").and_then(|at| at.parse().ok());
        let Some(from) = from else {
            return invalid_request("pagination_token", token);
        };
        let rest = self.rules.get(from..).unwrap_or_default();
        let page = &rest[..rest.len().min(most).min(self.page)];
        let mut body = json!({"meta": {"sent": written_now(), "result_count": page.len()}});
        if page.len() < rest.len() {
            body["meta"]["next_token"] = json!(format!("from{}", from + page.len()));
        }
        if !page.is_empty() {
            body["data"] = json!(page);
        }
        Answer::json(200, &body)
    }

    pub(super) fn change(&mut self, request: &Request) -> Answer {
        let body = request.json();
        let before = self.rules.clone();
        let answer = match (body["add"].as_array(), body["delete"].as_object()) {
            _ if request.parameter("delete_all") == Some("true") => {
                let all: Vec<&Value> = before.iter().map(|rule| &rule["id"]).collect();
                self.delete(&json!({"ids": all}))
            }
            (Some(add), None) if !add.is_empty() => self.add(add),
            (None, Some(_)) => self.delete(&body["delete"]),
            _ => return invalid_request("add", &body.to_string()),
        };
        if request.parameter("dry_run") == Some("true") {
            self.rules = before;
        }
        answer
    }

    fn add(&mut self, add: &[Value]) -> Answer {
        let (mut data, mut errors) = (Vec::new(), Vec::new());
        for rule in add {
            let value = rule["value"].as_str().unwrap_or_default();
            let known = self.rules.iter().find(|known| known["value"] == value);
            if let Some(reason) = fault(value) {
                // The reason has been seen under both names.
                errors.push(json!({
                    "value": value,
                    "detail": reason,
                    "details": [reason],
                    "title": "UnprocessableEntity",
                    "type": "https://api.x.com/2/problems/invalid-rules",
                }));
            } else if let Some(known) = known {
                errors.push(json!({
                    "value": value,
                    "id": known["id"],
                    "title": "DuplicateRule",
                    "type": "https://api.x.com/2/problems/duplicate-rules",
                }));
            } else {
                data.push(self.set(value, rule["tag"].as_str()));
            }
        }
        let (good, bad) = (data.len(), errors.len());
        let mut body = json!({"meta": {"sent": written_now(), "summary": {
            "created": good, "not_created": bad, "valid": good, "invalid": bad,
        }}});
        if good > 0 {
            body["data"] = json!(data);
        }
        if bad > 0 {
            body["errors"] = json!(errors);
        }
        Answer::json(if good > 0 { 201 } else { 200 }, &body)
    }

    fn delete(&mut self, delete: &Value) -> Answer {
        let named = |list: &str| delete[list].as_array().cloned().unwrap_or_default();
        let (ids, values) = (named("ids"), named("values"));
        let before = self.rules.len();
        self.rules
            .retain(|rule| !ids.contains(&rule["id"]) && !values.contains(&rule["value"]));
        let deleted = before - self.rules.len();
        let not_deleted = ids.len() + values.len() - deleted;
        let summary = json!({"deleted": deleted, "not_deleted": not_deleted});
        Answer::json(
            200,
            &json!({"meta": {"sent": written_now(), "summary": summary}}),
        )
    }
}

fn matches(rule: &Value, post: &Value) -> bool {
    let tag = rule["value"]
        .as_str()
        .and_then(|value| value.strip_prefix('#'));
    let Some(tag) = tag.filter(|tag| !tag.contains(' ')) else {
        return true;
    };
    let originals = post["includes"]["tweets"].as_array().into_iter().flatten();
    let mut tags = originals.chain([&post["data"]]).flat_map(|post| {
        let tags = post["entities"]["hashtags"]
            .as_array()
            .into_iter()
            .flatten();
        tags.filter_map(|tag| tag["tag"].as_str())
    });
    tags.any(|one| one.to_lowercase() == tag.to_lowercase())
}

/// Why the value can not be a rule.
fn fault(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let count = |c| value.matches(c).count();
    let depends = |word: &&str| DEPENDENT.iter().any(|start| word.starts_with(start));
    if words.is_empty() {
        Some("a rule has to say something".to_owned())
    } else if value.chars().count() > MOST_CHARACTERS {
        Some(format!("a rule has at most {MOST_CHARACTERS} characters"))
    } else if count('(') != count(')') || count('"') % 2 == 1 {
        Some("a parenthesis or quote is open".to_owned())
    } else if let Some(empty) = words.iter().find(|word| word.ends_with(':')) {
        Some(format!("{empty} has no value"))
    } else if words.iter().all(depends) {
        Some("an operator stands alone that needs another".to_owned())
    } else {
        None
    }
}
