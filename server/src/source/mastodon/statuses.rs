//! What a server says of statuses → events, with names that are unique among all servers.
//!
//! A server knows its statuses by numbers of its own, and its own people by a name without a host. An edit
//! is the form that a post has now. A boost is nobody's post.
//!
//! **Invariant:** the ids of posts begin with the host that they were read from, and no author is without one.

use std::borrow::Cow;

use serde_json::Value;

use super::super::{
    Event,
    decode::{NotAPost, message},
};

/// How the posts and people of one server are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// Before each id.
    pub(super) host: String,
    /// Behind the names of its own people: not the host for a server that lives at another one.
    pub(super) domain: String,
}

/// What was said of one status.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Its number; other software than Mastodon may have none.
    pub(super) id: Option<u64>,
    pub(super) what: What,
    pub(super) event: Event<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    New,
    Edited,
    Deleted,
}

/// Something else than a status was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAStatus {
    #[error(transparent)]
    Json(#[from] NotAPost),
    #[error("a JSON object that is no status")]
    Other,
    #[error("a deletion of nothing")]
    NoId,
}

impl Said {
    /// What it takes while it is held, by estimate.
    pub(super) fn bytes(&self) -> usize {
        let of = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
        let content = match &self.event {
            Event::Post(post) => {
                let tags = post.tags.iter().flatten();
                let tags = tags.map(|tag| size_of::<Cow<'_, str>>() + tag.len());
                let rest = [&post.lang, &post.author, &post.id, &post.link];
                post.text.len() + tags.sum::<usize>() + rest.into_iter().map(of).sum::<usize>()
            }
            Event::Delete { id } => id.len(),
            Event::Text(_) | Event::TakeDown { .. } => 0,
        };
        size_of::<Self>() + content
    }

    /// Whether tags can be in it.
    pub(super) fn may_have_tags(&self) -> bool {
        match &self.event {
            Event::Post(post) => post.tags.as_ref().is_none_or(|tags| !tags.is_empty()),
            _ => false,
        }
    }
}

impl Names {
    /// What an event of the stream says; `None` where that concerns no post.
    pub(super) fn of_event(&self, name: &str, data: &[u8]) -> Result<Option<Said>, NotAStatus> {
        match name {
            "update" => self.of_status(data, What::New),
            "status.update" => self.of_status(data, What::Edited),
            "delete" => self.of_deletion(data).map(Some),
            _ => Ok(None),
        }
    }

    /// Those of a page of a timeline, in the order of their ids; `None` where it is no list.
    pub(super) fn of_page(&self, body: &[u8]) -> Option<Vec<Result<Said, NotAStatus>>> {
        let statuses: Vec<Value> = serde_json::from_slice(body).ok()?;
        let said = statuses.into_iter().filter_map(|status| {
            let json = status.to_string();
            self.of_status(json.as_bytes(), What::New).transpose()
        });
        let mut said: Vec<_> = said.collect();
        said.sort_by_key(|said| said.as_ref().ok().and_then(|said| said.id));
        Some(said)
    }

    fn of_status(&self, json: &[u8], what: What) -> Result<Option<Said>, NotAStatus> {
        let json = String::from_utf8_lossy(json);
        let Some(event) = message(json.as_bytes())? else {
            return Ok(None);
        };
        let Event::Post(mut post) = event else {
            return Err(NotAStatus::Other);
        };
        let id = post.id.take().ok_or(NotAStatus::Other)?;
        post.id = Some(self.post(&id).into());
        post.author = post.author.map(|author| self.author(author));
        Ok(Some(Said {
            id: number(&id),
            what,
            event: Event::Post(post.into_owned()),
        }))
    }

    fn of_deletion(&self, data: &[u8]) -> Result<Said, NotAStatus> {
        let id = str::from_utf8(data).map_err(|_| NotAStatus::NoId)?.trim();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAStatus::NoId);
        }
        Ok(Said {
            id: number(id),
            what: What::Deleted,
            event: Event::Delete {
                id: self.post(id).into(),
            },
        })
    }

    fn post(&self, id: &str) -> String {
        [&self.host, "/", id].concat()
    }

    /// A name of its own people has no host, and no address needs one.
    fn author<'a>(&self, name: Cow<'a, str>) -> Cow<'a, str> {
        match name.contains('@') || name.contains("://") {
            true => name,
            false => [&name, "@", &self.domain].concat().into(),
        }
    }
}

fn number(id: &str) -> Option<u64> {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::Post;

    fn names() -> Names {
        Names {
            host: "social.example".to_owned(),
            domain: "example".to_owned(),
        }
    }

    fn status(id: &str, acct: &str) -> Value {
        json!({
            "id": id,
            "created_at": "2024-01-15T10:35:00.000Z",
            "language": null,
            "url": "https://example/@ann/1",
            "content": "<p>#Music</p>",
            "reblog": null,
            "account": {"id": "7", "acct": acct, "bot": true},
            "tags": [{"name": "Music"}],
        })
    }

    fn post(said: Said) -> Post<'static> {
        match said.event {
            Event::Post(post) => post,
            other => panic!("{other:?}"),
        }
    }

    fn heard(name: &str, data: &Value) -> Said {
        let data = data.to_string();
        names().of_event(name, data.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_post_and_its_edit_have_one_id_that_no_other_server_gives() {
        let new = heard("update", &status("103254962155278888", "ann"));
        assert_eq!(new.id, Some(103_254_962_155_278_888));
        assert_eq!(new.what, What::New);
        let edited = heard("status.update", &status("103254962155278888", "ann"));
        assert_eq!(edited.what, What::Edited);
        let post = post(new);
        assert_eq!(
            post.id.as_deref(),
            Some("social.example/103254962155278888")
        );
        assert_eq!(post.lang, None);
        assert_eq!(post.tags, Some(vec!["Music".into()]));
        assert_eq!(edited.event, Event::Post(post));
    }

    #[test]
    fn an_author_has_a_host() {
        for (acct, author) in [
            ("ann", "ann@example"),
            ("ann@b.example", "ann@b.example"),
            ("https://b.example/@ann", "https://b.example/@ann"),
        ] {
            let post = post(heard("update", &status("1", acct)));
            assert_eq!(post.author.as_deref(), Some(author));
        }
    }

    #[test]
    fn a_deletion_names_the_post() {
        for data in ["17", " 17\n"] {
            let said = names().of_event("delete", data.as_bytes());
            let said = said.unwrap().unwrap();
            assert_eq!((said.id, said.what), (Some(17), What::Deleted));
            let id = "social.example/17".into();
            assert_eq!(said.event, Event::Delete { id });
        }
        for data in ["", " ", "a b", "ä"] {
            let said = names().of_event("delete", data.as_bytes());
            assert_eq!(said, Err(NotAStatus::NoId), "{data:?}");
        }
    }

    #[test]
    fn an_id_that_is_no_number_is_one_all_the_same() {
        for id in ["9toJDFnbhJpQkfuYdc", "99999999999999999999", "+1"] {
            let said = heard("update", &status(id, "ann"));
            assert_eq!(said.id, None);
            let id = format!("social.example/{id}");
            assert_eq!(post(said).id.as_deref(), Some(&*id));
        }
    }

    #[test]
    fn a_boost_is_no_post_and_other_events_concern_none() {
        let mut boost = status("2", "bob");
        boost["reblog"] = status("1", "ann");
        let names = names();
        let boost = boost.to_string();
        assert_eq!(names.of_event("update", boost.as_bytes()), Ok(None));
        for name in ["notification", "announcement.delete", "message", "Update"] {
            assert_eq!(names.of_event(name, b"undefined"), Ok(None));
        }
    }

    #[test]
    fn what_is_no_status_is_refused_also_where_another_source_would_know_it() {
        for data in [
            "",
            "undefined",
            "{}",
            "[]",
            "{\"content\":\"#a\",\"account\":{}}",
            "{\"text\":\"#a\",\"id\":\"1\"} #b",
            "{\"delete\":\"1\"}",
            "{\"takedown\":\"ann\"}",
            "{\"text\":\"#a\"}",
        ] {
            for name in ["update", "status.update"] {
                let said = names().of_event(name, data.as_bytes());
                assert!(said.is_err(), "{data:?}: {said:?}");
            }
        }
    }

    #[test]
    fn malformed_utf8_spoils_one_character_only() {
        let mut data = status("1", "ann").to_string().into_bytes();
        let at = data.windows(5).position(|five| five == b"Music").unwrap();
        data[at] = 0xFF;
        assert!(names().of_event("update", &data).unwrap().is_some());
    }

    #[test]
    fn a_page_comes_in_the_order_of_its_ids_without_boosts() {
        let mut boost = status("2", "bob");
        boost["reblog"] = status("1", "ann");
        let page = json!([status("10", "ann"), 5, boost, status("9", "bob")]);
        let said = names().of_page(page.to_string().as_bytes()).unwrap();
        let ids = |said: &Result<Said, _>| said.as_ref().ok().map(|said| said.id);
        let ids: Vec<_> = said.iter().map(ids).collect();
        assert_eq!(ids, [None, Some(Some(9)), Some(Some(10))]);
        for body in ["", "{}", "{\"error\":\"no\"}", "<html>"] {
            assert_eq!(names().of_page(body.as_bytes()), None, "{body:?}");
        }
    }
}
