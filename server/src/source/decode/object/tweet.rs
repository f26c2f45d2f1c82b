//! Fields of tweets of the API v1.1, some of which X's API v2 has as well.

use super::super::loose::{self, Names, Value};

loose::object! {
    User<'a> {
        id: Value<'a> = "id",
        id_str: Value<'a> = "id_str",
    }
}

loose::object! {
    Entities<'a> {
        hashtags: Names<'a> = "hashtags",
    }
}

loose::object! {
    Extended<'a> {
        full_text: Value<'a> = "full_text",
        entities: Entities<'a> = "entities",
    }
}

loose::object! {
    Retweeted<'a> {
        text: Value<'a> = "text",
        full_text: Value<'a> = "full_text",
        entities: Entities<'a> = "entities",
        extended_tweet: Extended<'a> = "extended_tweet",
    }
}

loose::object! {
    Deletion<'a> {
        status: Deleted<'a> = "status",
    }
}

loose::object! {
    Deleted<'a> {
        id: Value<'a> = "id",
        id_str: Value<'a> = "id_str",
    }
}
