//! The files of generated posts.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::posts::{Post, SEED, Writer};

/// A change of the posts needs a new one.
const VERSION: u32 = 1;

/// How a post becomes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// X API v2, as a filtered stream sends it.
    X,
    Jetstream,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::X => "x",
            Self::Jetstream => "jetstream",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) path: PathBuf,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

/// Where everything is that is made here.
pub(crate) fn directory() -> io::Result<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&directory)?;
    directory.canonicalize()
}

/// The first `lines` posts in this form; made only if they are not there.
pub(crate) fn file(form: Form, lines: u64) -> io::Result<Data> {
    let path = directory()?.join(format!("{}-{lines}-{SEED}-{VERSION}", form.name()));
    if !path.exists() {
        let part = path.with_extension("part");
        let mut to = BufWriter::with_capacity(1 << 20, File::create(&part)?);
        let writer = Writer::new();
        let mut post = Post::default();
        for number in 0..lines {
            writer.write(number, &mut post);
            write(form, &post, &mut to)?;
        }
        to.flush()?;
        fs::rename(part, &path)?;
    }
    // What is measured is not the disk.
    let bytes = io::copy(&mut File::open(&path)?, &mut io::sink())?;
    Ok(Data { path, lines, bytes })
}

fn write(form: Form, post: &Post, to: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Text => to.write_all(post.text.as_bytes())?,
        Form::X => serde_json::to_writer(&mut *to, &x(post))?,
        Form::Jetstream => serde_json::to_writer(&mut *to, &jetstream(post))?,
    }
    to.write_all(b"\n")
}

fn x(post: &Post) -> serde_json::Value {
    let id = (1_745_000_000_000_000_000 + post.number).to_string();
    let author = (1_000_000_000 + post.author).to_string();
    let place = |at: usize| post.text[..at].chars().count();
    let hashtags = post.tags.iter().map(|tag| {
        json!({"start": place(tag.start), "end": place(tag.end), "tag": post.text[tag.start + 1..tag.end]})
    });
    json!({
        "data": {
            "author_id": author,
            "created_at": "2026-11-22T18:30:24.000Z",
            "edit_history_tweet_ids": [id],
            "entities": {"hashtags": hashtags.collect::<Vec<_>>()},
            "id": id,
            "lang": post.lang,
            "possibly_sensitive": false,
            "text": post.text,
        },
        "includes": {"users": [{"id": author, "name": "A Name", "username": format!("user{}", post.author)}]},
        "matching_rules": [{"id": "1166916266197536768", "tag": "tags"}],
    })
}

fn jetstream(post: &Post) -> serde_json::Value {
    let facets = post.tags.iter().map(|tag| {
        json!({
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": post.text[tag.start + 1..tag.end]}],
            "index": {"byteEnd": tag.end, "byteStart": tag.start},
        })
    });
    let key = format!("3m{:011x}", post.number);
    json!({
        "did": format!("did:plc:{:024x}", post.author),
        "time_us": 1_783_175_888_172_335 + post.number,
        "kind": "commit",
        "commit": {
            "rev": key,
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": key,
            "record": {
                "$type": "app.bsky.feed.post",
                "createdAt": "2026-07-04T14:38:07.323Z",
                "facets": facets.collect::<Vec<_>>(),
                "langs": [post.lang],
                "text": post.text,
            },
            "cid": "bafyreicl7rzkxdrm4zz2ehbx52kuk3mvfow6p3gzfys72r5grvskxoswy4",
        },
    })
}
