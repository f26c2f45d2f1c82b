use serde::{Deserialize, Serialize};

/// A source of posts, in words for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// As it was given on the command line, without secrets.
    pub name: String,
    pub state: SourceState,
    /// One plain sentence: what is wrong or waited for.
    pub detail: Option<String>,
    /// While it waits for a known moment: when it tries again, in UTC (RFC 3339, whole seconds).
    pub next_try: Option<String>,
    /// Posts read since the program started.
    pub posts: u64,
    /// Posts in a second over about the last ten, to a tenth.
    pub rate: f64,
    /// How many of `posts` were written by programs, as far as their source says so.
    pub bots: u64,
    /// `None` where its posts cost nothing.
    pub spend: Option<Spend>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Waiting,
    Ended,
    Failed,
}

/// What posts have cost, in millionths of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    pub spent: u64,
    /// Where it ends.
    pub budget: Option<u64>,
}

impl Source {
    /// One that has brought nothing and has nothing to say.
    pub fn new(name: String, state: SourceState) -> Self {
        Self {
            name,
            state,
            detail: None,
            next_try: None,
            posts: 0,
            rate: 0.0,
            bots: 0,
            spend: None,
        }
    }
}

impl SourceState {
    pub const ALL: [Self; 5] = [
        Self::Connecting,
        Self::Live,
        Self::Waiting,
        Self::Ended,
        Self::Failed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Waiting => "waiting",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// What tells the states of sources from those of a moment before, in a few bytes. How much they
/// bring is no part of it, only whether they bring anything at all: where epochs stand still, a rate
/// from before must not stay.
pub fn states(sources: &[Source]) -> u32 {
    // FNV-1a: the same on both sides and in every version.
    let mut hash = 0x811c_9dc5_u32;
    let mut take = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for source in sources {
        let detail = source.detail.as_deref().unwrap_or_default();
        let next_try = source.next_try.as_deref().unwrap_or_default();
        for text in [&source.name, detail, next_try] {
            text.bytes().for_each(&mut take);
            // No byte of UTF-8: texts cannot run into each other.
            take(0xff);
        }
        take(source.state as u8);
        take(u8::from(source.rate > 0.0));
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_differ_by_all_but_how_much_is_brought() {
        let live = Source {
            rate: 0.1,
            ..Source::new("demo".to_owned(), SourceState::Live)
        };
        let changed = |change: fn(&mut Source)| {
            let mut source = live.clone();
            change(&mut source);
            states(&[source])
        };
        let before = states(std::slice::from_ref(&live));
        let more = changed(|source| {
            source.posts += 1;
            source.rate = 200.0;
            source.bots = 1;
            source.spend = Some(Spend::default());
        });
        assert_eq!(before, more);
        for other in [
            states(&[]),
            states(&[live.clone(), live.clone()]),
            changed(|source| {
                source.name = "dem".to_owned();
                source.detail = Some("o".to_owned());
            }),
            changed(|source| source.state = SourceState::Ended),
            changed(|source| source.detail = Some("slow".to_owned())),
            changed(|source| source.next_try = Some("slow".to_owned())),
            changed(|source| source.rate = 0.0),
        ] {
            assert_ne!(before, other);
        }
    }

    #[test]
    fn a_state_is_written_by_its_name() {
        for state in SourceState::ALL {
            let written = serde_json::to_string(&state).expect("JSON");
            assert_eq!(written, format!("\"{}\"", state.name()));
        }
    }
}
