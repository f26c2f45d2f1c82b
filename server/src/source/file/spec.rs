//! What stands behind `file:`.

use std::{
    num::NonZero,
    path::{Path, PathBuf},
};

use model::Kind;

use super::Replay;
use crate::source::{
    Context, Sink,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
};

/// A replay as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct File {
    input: Input,
    speed: Speed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Input {
    Standard,
    Path(PathBuf),
}

/// How fast a replay goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speed {
    Max,
    /// This many seconds of the posts' own time in one second.
    Times(NonZero<u32>),
}

impl Protocol for File {
    const KIND: Kind = Kind::File;
    const FORM: &'static str = "file:PATH[,speed=max|realtime|Nx]";
    const MAY_REPLAY: bool = true;
    type Ready = Replay;

    /// A path may have commas in it: only what says `speed=` behind the last one is an option.
    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        let given = rest.unwrap_or_default();
        let (path, speed) = match given.rsplit_once(",speed=") {
            Some((path, speed)) if !speed.contains('/') => (path, Some(speed)),
            _ => (given, None),
        };
        let speed = match speed {
            None | Some("max") => Speed::Max,
            Some("realtime") => Speed::Times(NonZero::<u32>::MIN),
            Some(other) => {
                let times = other.strip_suffix('x').and_then(|times| times.parse().ok());
                Speed::Times(times.ok_or_else(|| {
                    let why = format!("`{other}` is no speed, such as `realtime` or `10x`");
                    SpecError::of::<Self>(rest, why)
                })?)
            }
        };
        let input = match path {
            "" => {
                let why = "it names no file, such as `posts.jsonl`, or `-` for standard input";
                return Err(SpecError::of::<Self>(rest, why));
            }
            "-" => Input::Standard,
            path => Input::Path(path.into()),
        };
        Ok(Self { input, speed })
    }

    fn identity(&self) -> String {
        match &self.input {
            Input::Standard => "file:-".to_owned(),
            Input::Path(path) => format!("file:{}", absolute(path).display()),
        }
    }

    async fn open(&self, _: &Options) -> Result<Replay, OpenError> {
        match &self.input {
            Input::Standard => Ok(Replay::of_stdin(self.speed)),
            Input::Path(path) => Replay::of(path, self.speed),
        }
    }

    async fn run<S: Sink>(replay: Replay, context: Context<S>) {
        replay.run(context).await;
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let read = |given: &str| File::parse(Some(given)).unwrap();
        let file = |path: &str, speed| File {
            input: Input::Path(path.into()),
            speed,
        };
        let times = |times| Speed::Times(NonZero::new(times).unwrap());
        assert_eq!(read("-").input, Input::Standard);
        assert_eq!(read("-").speed, Speed::Max);
        assert_eq!(read("a.jsonl"), file("a.jsonl", Speed::Max));
        assert_eq!(read("/a,b.gz"), file("/a,b.gz", Speed::Max));
        assert_eq!(read("/a,b.gz,speed=max"), file("/a,b.gz", Speed::Max));
        assert_eq!(read("a,speed=realtime"), file("a", times(1)));
        assert_eq!(read("a,speed=2x,speed=60x"), file("a,speed=2x", times(60)));
        assert_eq!(read("/a,speed=1/b"), file("/a,speed=1/b", Speed::Max));
        assert_eq!(read("C:x"), file("C:x", Speed::Max));
    }
}
