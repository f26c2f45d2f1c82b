//! What must hold of a relay's messages, and of a stored place.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::place::Place;
use crate::source::{
    Event,
    decode::{
        fuzzing::holds,
        nostr::{Malformed, Message, message},
    },
};

pub(in crate::source) fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    told_holds(text);
    if let Some(text) = signed(text) {
        let refused = told_holds(&text);
        assert!(
            !matches!(refused, Some(Malformed::Names | Malformed::Id)),
            "{text}"
        );
    }
}

/// The message with an event that is the one which it claims to be: nobody comes upon a hash by chance.
fn signed(text: &str) -> Option<String> {
    let mut said: Value = serde_json::from_str(text).ok()?;
    let event = said.get_mut(2)?.as_object_mut()?;
    let author = "a48380f4cfcc1ad5378294fcac36439770f9c878dd880ffa94bb74ea54a6f243";
    let field = |name: &str| event.get(name).cloned().unwrap_or_default();
    let whole = json!([
        0,
        author,
        field("created_at"),
        field("kind"),
        field("tags"),
        field("content")
    ]);
    let id = format!("{:x}", Sha256::digest(whole.to_string()));
    event.insert("id".to_owned(), id.into());
    event.insert("pubkey".to_owned(), author.into());
    event.insert("sig".to_owned(), "0f".repeat(64).into());
    Some(said.to_string())
}

/// Why it is refused, where it is.
fn told_holds(text: &str) -> Option<Malformed> {
    let told = match message(text) {
        Ok(Message::Event { told, .. }) => told,
        Ok(_) => return None,
        Err(why) => return Some(why),
    };
    let mut authors = vec![];
    for event in &told.events {
        let (author, id) = match event {
            Event::Post(post) => (post.author.as_deref(), post.id.as_deref()),
            Event::Delete { id } => (id.split('/').next(), Some(&**id)),
            Event::TakeDown { author } => (Some(&**author), None),
            Event::Text(_) => panic!("a text is none"),
        };
        let author = author.expect("who it is by is known");
        assert!(author.len() == 64, "{author:?}");
        assert!(
            id.is_none_or(|id| id.starts_with(author)),
            "nobody has the posts of others"
        );
        authors.push(author);
    }
    authors.dedup();
    assert!(authors.len() <= 1, "{authors:?}");
    for event in told.events {
        holds(&Ok(Some(event)));
    }
    None
}

pub(in crate::source) fn place(text: &str) {
    let Ok(place) = text.parse::<Place>() else {
        return;
    };
    assert_eq!(place.to_string().parse(), Ok(place));
}
