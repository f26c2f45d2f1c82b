use engine::count::Deltas;
use model::Lang;
use proptest::prelude::*;

use super::*;
use crate::{
    epoch::{author::AuthorKey, combine::combine, open::Open},
    source,
};

const UNBOUNDED: Limits = Limits {
    posts: usize::MAX,
    bytes: usize::MAX,
    epochs: u64::MAX,
};

/// What a writer reads.
#[derive(Clone, Debug)]
enum Read {
    Post {
        id: Option<u8>,
        author: Option<u8>,
        tags: Vec<u8>,
        german: bool,
    },
    Delete(u8),
    TakeDown(u8),
}

fn text(number: u8) -> std::borrow::Cow<'static, str> {
    number.to_string().into()
}

/// Some are spellings of one key.
const TAGS: [&str; 6] = ["a", "A", "bb", "日本", "Straße", "STRASSE"];

impl Read {
    fn event(&self) -> source::Event<'static> {
        match self {
            Self::Post {
                id,
                author,
                tags,
                german,
            } => source::Event::Post(source::Post {
                tags: Some(
                    tags.iter()
                        .map(|tag| TAGS[usize::from(*tag)].into())
                        .collect(),
                ),
                lang: german.then(|| "de".into()),
                author: author.map(text),
                id: id.map(text),
                ..source::Post::default()
            }),
            Self::Delete(id) => source::Event::Delete { id: text(*id) },
            Self::TakeDown(author) => source::Event::TakeDown {
                author: text(*author),
            },
        }
    }
}

fn open(kind: Kind, read: &[Read]) -> (Kind, Open) {
    let hashes = AuthorKey::new([7; 16]).hashes(kind);
    let mut open = Open::new(Grammar::Twitter);
    for read in read {
        open.event(&read.event(), &hashes);
    }
    (kind, open)
}

/// The store, as far as it matters here.
#[derive(Default)]
struct Stored(BTreeMap<Epoch, Vec<u8>>);

impl Stored {
    fn seal(&mut self, epoch: Epoch, bytes: Vec<u8>, forget_to: Epoch) {
        if !bytes.is_empty() {
            self.0.insert(epoch, bytes);
        }
        self.0.retain(|epoch, _| *epoch > forget_to);
    }

    fn load(&self, limits: Limits) -> Remembered {
        let mut remembered = Remembered::new(Grammar::Twitter, limits);
        for (epoch, bytes) in &self.0 {
            remembered.restore(*epoch, bytes).unwrap();
        }
        remembered
    }
}

fn sealed(
    remembered: &mut Remembered,
    stored: &mut Stored,
    epoch: u64,
    opens: Vec<(Kind, Open)>,
) -> (Deltas, Applied) {
    let epoch = Epoch(epoch);
    let noted = opens.iter().map(|(kind, open)| (*kind, open.noted()));
    let mut applied = remembered.apply(epoch, noted).unwrap();
    let bytes = std::mem::take(&mut applied.bytes);
    stored.seal(epoch, bytes, remembered.forgotten(epoch));
    let deltas = combine(opens, std::mem::take(&mut applied.retracted));
    (deltas, applied)
}

/// What was counted in an epoch: of a slice the posts (no spelling), or a spelling by an author.
type What = (u64, Slice, Option<(Key, Box<str>)>);

/// The counts that are left when all is applied.
fn left(deltas: impl IntoIterator<Item = (u64, Deltas)>) -> BTreeMap<What, i64> {
    let mut left = BTreeMap::new();
    for (epoch, deltas) in deltas {
        for (group, delta) in deltas {
            for part in delta.slices {
                *left.entry((epoch, part.slice, None)).or_default() += part.posts as i64;
                for counted in part.counts {
                    let what = (epoch, part.slice, Some((counted.key, counted.spelling)));
                    *left.entry(what).or_default() += counted.count as i64;
                }
            }
            for part in delta.retracted {
                assert!(part.epoch.0 <= epoch);
                assert!(group == 0 || part.posts == 0);
                *left.entry((part.epoch.0, part.slice, None)).or_default() -= part.posts as i64;
                for mention in part.mentions {
                    assert_eq!(key::group_of(&mention.key), group);
                    let tag = Some((mention.key, mention.spelling));
                    let what = (part.epoch.0, part.slice, tag);
                    *left.entry(what).or_default() -= i64::from(mention.count);
                }
            }
        }
    }
    left.retain(|_, count| *count != 0);
    left
}

/// Counts the posts that are left, the plain way.
#[derive(Default)]
struct Naive(Vec<(u64, Kind, Read)>);

impl Naive {
    fn read(&mut self, epoch: u64, kind: Kind, read: &Read) {
        let is_told = |id: &Option<u8>, tags: &[u8]| id.is_some() && !tags.is_empty();
        match read {
            Read::Post { id, .. } => {
                self.0.retain(|(_, of, other)| match other {
                    Read::Post { id: own, tags, .. } => {
                        !(kind == *of && is_told(own, tags) && own == id)
                    }
                    _ => true,
                });
                self.0.push((epoch, kind, read.clone()));
            }
            Read::Delete(id) => self.0.retain(|(_, of, other)| match other {
                Read::Post { id: own, tags, .. } => {
                    !(kind == *of && is_told(own, tags) && *own == Some(*id))
                }
                _ => true,
            }),
            Read::TakeDown(author) => self.0.retain(|(_, of, other)| match other {
                Read::Post {
                    id,
                    tags,
                    author: own,
                    ..
                } => !(kind == *of && is_told(id, tags) && *own == Some(*author)),
                _ => true,
            }),
        }
    }

    fn left(&self) -> BTreeMap<What, i64> {
        let mut by_epoch: BTreeMap<u64, Vec<(Kind, Open)>> = BTreeMap::new();
        for (epoch, kind, read) in &self.0 {
            let opens = by_epoch.entry(*epoch).or_default();
            opens.push(open(*kind, std::slice::from_ref(read)));
        }
        let deltas = by_epoch
            .into_iter()
            .map(|(epoch, opens)| (epoch, combine(opens, vec![])));
        left(deltas)
    }
}

fn reads() -> impl Strategy<Value = Read> {
    let number = |end| 0..end;
    let post = (
        prop::option::weighted(0.8, number(12_u8)),
        prop::option::weighted(0.8, number(4_u8)),
        prop::collection::vec(number(TAGS.len() as u8), 0..4),
        any::<bool>(),
    )
        .prop_map(|(id, author, tags, german)| Read::Post {
            id,
            author,
            tags,
            german,
        });
    prop_oneof![
        6 => post,
        2 => number(12_u8).prop_map(Read::Delete),
        1 => number(4_u8).prop_map(Read::TakeDown),
    ]
}

proptest! {
    /// Two kinds of source, epochs, restarts between any two of them.
    #[test]
    fn counts_are_those_of_the_posts_that_are_left(
        epochs in prop::collection::vec(
            (prop::collection::vec(reads(), 0..8), prop::collection::vec(reads(), 0..4), any::<bool>()),
            1..12,
        )
    ) {
        let mut naive = Naive::default();
        let mut stored = Stored::default();
        let mut remembered = stored.load(UNBOUNDED);
        let mut all = Vec::new();
        for ((tcp, listen, restart), epoch) in epochs.into_iter().zip(5..) {
            let parts = [(Kind::Tcp, tcp), (Kind::Listen, listen)];
            for (kind, reads) in &parts {
                reads.iter().for_each(|read| naive.read(epoch, *kind, read));
            }
            let opens = parts.iter().map(|(kind, reads)| open(*kind, reads)).collect();
            all.push((epoch, sealed(&mut remembered, &mut stored, epoch, opens).0));
            if restart {
                remembered = stored.load(UNBOUNDED);
            }
        }
        prop_assert_eq!(left(all), naive.left());
    }

    /// Restarts change nothing also where most is forgotten, and nothing is retracted twice.
    #[test]
    fn what_is_forgotten_is_the_same_after_a_restart(
        epochs in prop::collection::vec((prop::collection::vec(reads(), 0..12), any::<bool>()), 1..20),
        posts in 1..8_usize,
        back in 0..6_u64,
    ) {
        let limits = Limits { posts, epochs: back, ..UNBOUNDED };
        let (mut stored, mut other) = (Stored::default(), Stored::default());
        let (mut straight, mut restarted) = (stored.load(limits), stored.load(limits));
        let mut all = Vec::new();
        for ((reads, restart), epoch) in epochs.into_iter().zip(5..) {
            let opens = || vec![open(Kind::Tcp, &reads)];
            let (mut one, one_applied) = sealed(&mut straight, &mut stored, epoch, opens());
            let (mut two, two_applied) = sealed(&mut restarted, &mut other, epoch, opens());
            // Posts without an id draw anew.
            one.iter_mut().chain(&mut two).for_each(|(_, delta)| delta.samples.clear());
            one.retain(|(_, delta)| *delta != engine::count::Delta::default());
            two.retain(|(_, delta)| *delta != engine::count::Delta::default());
            prop_assert_eq!(&one, &two);
            prop_assert_eq!(one_applied.unknown, two_applied.unknown);
            prop_assert!(straight.posts.len() <= posts && straight.order.len() <= posts);
            prop_assert_eq!(&stored.0, &other.0);
            prop_assert!(stored.0.len() <= back as usize + 1);
            if restart {
                restarted = other.load(limits);
            }
            all.push((epoch, one));
        }
        prop_assert!(left(all).values().all(|count| *count > 0));
    }
}

fn post(id: u8, author: u8) -> Read {
    Read::Post {
        id: Some(id),
        author: Some(author),
        tags: vec![0],
        german: true,
    }
}

#[test]
fn an_edit_takes_the_former_out_of_its_epoch_and_slice() {
    let mut stored = Stored::default();
    let mut remembered = stored.load(UNBOUNDED);
    let twice_tagged = Read::Post {
        id: Some(1),
        author: Some(2),
        tags: vec![0, 3],
        german: true,
    };
    let opens = vec![open(Kind::X, &[twice_tagged])];
    let (deltas, _) = sealed(&mut remembered, &mut stored, 4, opens);
    let mut samples = deltas.iter().flat_map(|(_, delta)| &delta.samples);
    let priority = samples.next().unwrap().priority;
    let edit = Read::Post {
        id: Some(1),
        author: Some(2),
        tags: vec![2],
        german: false,
    };
    let (deltas, applied) = sealed(
        &mut remembered,
        &mut stored,
        6,
        vec![open(Kind::X, &[edit])],
    );
    assert_eq!((applied.posts, applied.unknown), (1, 0));
    let retracted: Vec<_> = deltas
        .into_iter()
        .flat_map(|(_, delta)| delta.retracted)
        .collect();
    let slice = Slice {
        source: Kind::X,
        lang: Lang::of_tag("de"),
    };
    assert!(
        retracted
            .iter()
            .all(|part| part.epoch == Epoch(4) && part.slice == slice)
    );
    assert_eq!(retracted.iter().map(|part| part.posts).sum::<u64>(), 1);
    let mentions: Vec<_> = retracted.iter().flat_map(|part| &part.mentions).collect();
    let author = AuthorKey::new([7; 16]).hashes(Kind::X).author("2");
    let mut spellings: Vec<_> = mentions.iter().map(|mention| &*mention.spelling).collect();
    spellings.sort_unstable();
    assert_eq!((mentions[0].count, &spellings[..]), (1, &["a", "日本"][..]));
    assert_eq!(mentions[0].author, Some(author));
    assert_eq!(mentions[0].priority, priority, "that of its sample");
}

#[test]
fn what_is_not_known_is_counted_and_changes_nothing() {
    let mut stored = Stored::default();
    let mut remembered = stored.load(UNBOUNDED);
    let reads = [Read::Delete(9), Read::TakeDown(3), post(1, 1)];
    let (_, applied) = sealed(&mut remembered, &mut stored, 4, vec![open(Kind::X, &reads)]);
    assert_eq!((applied.posts, applied.unknown), (0, 1));
    let other_network = [Read::Delete(1)];
    let opens = vec![open(Kind::Bluesky, &other_network)];
    let (_, applied) = sealed(&mut remembered, &mut stored, 5, opens);
    assert_eq!((applied.posts, applied.unknown), (0, 1));
}

#[test]
fn one_id_again_and_again_takes_no_more_than_its_share() {
    let limits = Limits {
        posts: 10,
        ..UNBOUNDED
    };
    let mut stored = Stored::default();
    let mut remembered = stored.load(limits);
    for epoch in 1..100 {
        let opens = vec![open(Kind::X, &[post(1, 1), post(1, 1), post(1, 2)])];
        let (_, applied) = sealed(&mut remembered, &mut stored, epoch, opens);
        assert_eq!(applied.posts, if epoch == 1 { 2 } else { 3 });
        assert!(remembered.order.len() <= 10 && stored.0.len() <= 10);
    }
    assert_eq!((remembered.posts.len(), remembered.by_author.len()), (1, 1));
}

#[test]
fn the_bound_in_bytes_holds() {
    let limits = Limits {
        bytes: 100 * POST_BYTES,
        ..UNBOUNDED
    };
    let mut stored = Stored::default();
    let mut remembered = stored.load(limits);
    for epoch in 1..10 {
        let reads: Vec<_> = (0..25).map(|n| post(epoch as u8 * 25 + n, 1)).collect();
        sealed(
            &mut remembered,
            &mut stored,
            epoch,
            vec![open(Kind::X, &reads)],
        );
    }
    assert!((80..100).contains(&remembered.posts.len()));
    assert!(remembered.forgotten(Epoch(9)) >= Epoch(5));
}

#[test]
fn what_another_process_has_read_reaches_posts_up_to_its_epoch_and_is_not_told_on() {
    let mut remembered = Remembered::new(Grammar::Twitter, UNBOUNDED);
    let mut stored = Stored::default();
    let post = |id| Read::Post {
        id: Some(id),
        author: Some(1),
        tags: vec![0],
        german: false,
    };
    let mut seal = |epoch, opens| sealed(&mut remembered, &mut stored, epoch, opens).1;
    let read = [post(1), post(2), Read::Delete(9)];
    let here = seal(5, vec![open(Kind::Http, &read)]);
    let hashes = AuthorKey::new([7; 16]).hashes(Kind::Http);
    assert_eq!(here.taken_back.posts, [hashes.post("9").0]);
    seal(6, vec![open(Kind::Http, &[post(3)])]);

    let mut hear = |epoch, posts: &[&str], authors: &[&str]| {
        let taken_back = TakenBack {
            posts: posts.iter().map(|id| hashes.post(id).0).collect(),
            authors: authors.iter().map(|name| hashes.author(name)).collect(),
        };
        let noted = Noted::of_another(Epoch(5), taken_back);
        let open = Open::of_another(Grammar::Twitter, noted);
        let applied = seal(epoch, vec![(Kind::Http, open)]);
        assert!(applied.taken_back.is_empty());
        (applied.posts, applied.unknown)
    };
    assert_eq!(hear(7, &["1", "3", "8"], &[]), (1, 0));
    assert_eq!(hear(8, &["1", "3", "8"], &[]), (0, 0), "it is told again");
    assert_eq!(hear(9, &[], &["1"]), (1, 0));
    assert_eq!(remembered.len(), 1, "what came later stays");
}
