//! What must hold of a server's stream, and of a stored place.

use super::{
    place::{Place, Seen},
    statuses::{Names, What},
};
use crate::{
    fuzzing::input::Input,
    source::{
        Event,
        decode::fuzzing::holds,
        sse::{Events, Message},
    },
};

/// A stream that comes in chunks, each as long as the byte before it says.
pub(in crate::source) fn stream(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut chunks = vec![];
    while !input.is_empty() {
        chunks.push(input.part());
    }
    let heard = hear(&chunks);
    assert_eq!(
        hear(&[&chunks.concat()]),
        heard,
        "how it was cut changes nothing"
    );
    let names = Names {
        host: "a.example".to_owned(),
        domain: "b.example".to_owned(),
    };
    for (name, data) in heard.into_iter().flatten() {
        let Ok(Some(said)) = names.of_event(&name, &data) else {
            continue;
        };
        let id = match &said.event {
            Event::Post(post) => {
                assert!(
                    post.author
                        .as_ref()
                        .is_none_or(|author| author.contains(['@', ':']))
                );
                assert_ne!(said.what, What::Deleted);
                post.id.as_deref()
            }
            Event::Delete { id } => Some(&**id),
            other => panic!("{other:?} is no status"),
        };
        assert!(id.is_some_and(|id| id.starts_with("a.example/")), "{id:?}");
        holds(&Ok(Some(said.event)));
    }
}

/// Events with their names; `None` for one that was too large.
fn hear(chunks: &[&[u8]]) -> Vec<Option<(String, Vec<u8>)>> {
    let mut heard = vec![];
    let mut events = Events::new();
    for chunk in chunks {
        events.push(chunk, |event| {
            let event = event.ok();
            heard.push(event.map(|Message { name, data }| (name.to_owned(), data.to_vec())));
        });
    }
    heard
}

pub(in crate::source) fn place(text: &str) {
    let Ok(place) = text.parse::<Place>() else {
        return;
    };
    assert_eq!(place.to_string().parse().as_ref(), Ok(&place));
    assert!(place.floor() <= place.newest());
    let seen = Seen::new(Some(place.clone()));
    assert_eq!(seen.place(), Some(&place));
}
