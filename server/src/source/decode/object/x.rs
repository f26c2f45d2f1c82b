//! Fields of what X's API v2 sends.

use super::{
    super::loose::{self, List, Names, Value},
    tweet::Entities,
};

loose::object! {
    Tweet<'a> {
        id: Value<'a> = "id",
        text: Value<'a> = "text",
        author_id: Value<'a> = "author_id",
        created_at: Value<'a> = "created_at",
        lang: Value<'a> = "lang",
        entities: Entities<'a> = "entities",
        note_tweet: Note<'a> = "note_tweet",
        history: Names<'a> = "edit_history_tweet_ids",
        references: List<Reference<'a>> = "referenced_tweets",
    }
}

loose::object! {
    Note<'a> {
        text: Value<'a> = "text",
        entities: Entities<'a> = "entities",
    }
}

loose::object! {
    Reference<'a> {
        kind: Value<'a> = "type",
        id: Value<'a> = "id",
    }
}

loose::object! {
    Includes<'a> {
        tweets: List<Tweet<'a>> = "tweets",
    }
}
