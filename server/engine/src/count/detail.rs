//! One tag in depth, or several that are shown as one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use model::{Epoch, Kind, Lang, Window};
use serde::{Deserialize, Serialize};

use super::{
    Group, Hides, Leader, Named, Set, Strand,
    group::place_of,
    rising::Mentions,
    standing::{Look, Standing},
    strand::{Fold, sums},
    table::{Counts, Parts},
    windows::{pane_of, step_ms},
};
use crate::key::{Key, group_of};

/// How many tags of the same posts are told.
const TOGETHER: usize = 20;

/// How many links are told.
const LINKS: usize = 10;

/// What is known of a tag in one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub leader: Leader,
    /// The first epoch of its rise, where it has a score.
    pub rising_since: Option<Epoch>,
    /// Most first.
    pub languages: Vec<(Option<Lang>, u64)>,
    /// Most first.
    pub sources: Vec<(Kind, u64)>,
    /// Since the count began, most used first.
    pub spellings: Vec<(Box<str>, u64)>,
    /// Tags of the same posts with estimated counts, most first.
    pub together: Vec<(Named, u64)>,
    /// First epoch of each step, oldest first, and its mentions.
    pub series: Vec<(Epoch, u64)>,
    /// Newest first.
    pub links: Vec<(Box<str>, Kind, Epoch)>,
}

/// What a group knows of one of its tags in one window: all of it, or what it adds to what is shown as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    window: Window,
    strand: Strand,
    languages: BTreeMap<Option<Lang>, u64>,
    sources: BTreeMap<Kind, u64>,
    spellings: Vec<(Box<str>, u64)>,
    together: Vec<(Named, u64)>,
    series: Vec<(Epoch, u64)>,
    links: Vec<(Box<str>, Kind, Epoch)>,
    /// Oldest first.
    panes: Vec<Mentions>,
}

impl Share {
    /// Of those tags of some groups that are shown as `key` is, in a window, beside tags that are not
    /// `hidden`.
    pub fn of<'a>(
        groups: impl IntoIterator<Item = &'a Group>,
        key: &Key,
        window: Window,
        hidden: &impl Hides,
    ) -> Vec<Self> {
        let set = hidden.sets().of(key);
        let alone = std::slice::from_ref(key);
        let keys = set.map_or(alone, |set| &set.members);
        let groups = groups.into_iter();
        let of_group = |group: &'a Group| {
            let own = keys.iter().filter(|key| group_of(key) == group.number);
            let share = |key: &Key| match group.share(key, set, window, hidden) {
                Some(share) => Some(share),
                None => Self::unseen(group, set?, window),
            };
            own.filter_map(share).collect::<Vec<_>>()
        };
        groups.flat_map(of_group).collect()
    }

    /// Of a tag of `set` that the group does not keep, if there may have been any mentions of it.
    fn unseen(group: &Group, set: &Set, window: Window) -> Option<Self> {
        Some(Self {
            window,
            strand: Strand::unseen(group, None, set)?,
            languages: BTreeMap::new(),
            sources: BTreeMap::new(),
            spellings: Vec::new(),
            together: Vec::new(),
            series: Vec::new(),
            links: Vec::new(),
            panes: Vec::new(),
        })
    }
}

impl Detail {
    /// All of a tag; `None` for one that nobody keeps.
    pub fn of(shares: Vec<Share>) -> Option<Self> {
        let place = place_of(shares.first()?.window);
        let mut strands = Vec::new();
        let (mut languages, mut sources) = (BTreeMap::new(), BTreeMap::new());
        let (mut spellings, mut together) = (BTreeMap::new(), BTreeMap::new());
        let (mut all_series, mut links, mut panes) = (Vec::new(), Vec::new(), Vec::new());
        for share in shares {
            strands.push(share.strand);
            add(&mut languages, share.languages);
            add(&mut sources, share.sources);
            add(&mut spellings, share.spellings);
            for (named, count) in share.together {
                let known = together.entry(named.key.clone());
                let known: &mut (Named, u64) = known.or_insert_with(|| (named.clone(), 0));
                // Whoever comes first.
                known.0.spelling = named.spelling.min(known.0.spelling.clone());
                known.1 += count;
            }
            all_series.push(share.series);
            links.extend(share.links);
            panes.extend(share.panes);
        }
        let fold = Fold::of(strands)?;
        let leader = fold.leader(place);
        let rising_since = leader.score.and_then(|_| {
            let (past, _) = fold.pasts().get(place)?;
            let counts = fold.counts();
            let panes = in_turn(panes);
            past.began(counts.within(place), &counts.bands(), panes, fold.as_of)
        });
        let mut together: Vec<_> = together.into_values().collect();
        together.sort_by_key(|(_, count)| Reverse(*count));
        together.truncate(TOGETHER);
        links.sort_unstable_by(|a: &(Box<str>, _, _), b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        let mut told = HashSet::new();
        links.retain(|(link, ..): &(Box<str>, _, _)| told.insert(link.clone()));
        links.truncate(LINKS);
        Some(Self {
            leader,
            rising_since,
            languages: most_first(languages),
            sources: most_first(sources),
            spellings: most_first(spellings),
            together,
            series: added_up(&all_series),
            links,
        })
    }
}

fn add<T: Ord>(into: &mut BTreeMap<T, u64>, more: impl IntoIterator<Item = (T, u64)>) {
    for (of, count) in more {
        *into.entry(of).or_default() += count;
    }
}

/// Equal ones in their own order.
fn most_first<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    // It is stable.
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

/// Series end with the same step; that of a group which began later may have fewer.
fn added_up(all: &[Vec<(Epoch, u64)>]) -> Vec<(Epoch, u64)> {
    let longest = all.iter().max_by_key(|series| series.len());
    let begins = longest.into_iter().flatten().map(|(begin, _)| *begin);
    let counts: Vec<Vec<u64>> = all
        .iter()
        .map(|series| series.iter().map(|(_, count)| *count).collect())
        .collect();
    begins
        .zip(sums(counts.iter().map(|counts| &counts[..])))
        .collect()
}

/// The panes of several tags as those of one. Where a group has nothing of an epoch, its pane may begin later
/// than another's of the same time, or end earlier.
fn in_turn(mut panes: Vec<Mentions>) -> Vec<Mentions> {
    panes.sort_unstable_by_key(|pane| (pane.from, pane.to));
    let mut all: Vec<Mentions> = Vec::with_capacity(panes.len());
    for pane in panes {
        match all.last_mut() {
            Some(last) if pane.from <= last.to => {
                last.to = pane.to.max(last.to);
                last.count += pane.count;
            }
            _ => all.push(pane),
        }
    }
    all
}

impl Group {
    fn share(
        &self,
        key: &Key,
        set: Option<&Set>,
        window: Window,
        hidden: &impl Hides,
    ) -> Option<Share> {
        let slot = self.table.find(key.as_str())?;
        let pasts = self.pasts();
        let look = Look::at(self, &pasts, slot, None)?;
        let place = place_of(window);
        let (mut languages, mut sources) = (BTreeMap::new(), BTreeMap::new());
        let mut add = |slice: u16, counts: &Counts| {
            let count = counts.within(place);
            if let Some(slice) = self.slice_of(slice)
                && count > 0
            {
                *languages.entry(slice.lang).or_default() += count;
                *sources.entry(slice.source).or_default() += count;
            }
        };
        match &look.tag.parts {
            Parts::One(slice) => add(*slice, look.counts()),
            Parts::Several(parts) => {
                parts.iter().for_each(|part| add(part.slice, &part.counts));
            }
        }
        let begin = self.begin(place);
        let k = self.sketches.samples_k() as usize;
        let samples = look.tag.samples.as_deref();
        let together = samples.map(|samples| samples.together(key, begin, k, hidden));
        let links = samples.map(|samples| samples.links(begin));
        // What of a set rises is known only where all of it is.
        let bands = look.counts().bands();
        let may_rise = set.is_some() || look.score(place, &bands, |_| true).is_some();
        let panes = may_rise.then(|| self.mentions(slot).collect());
        Some(Share {
            window,
            strand: Strand::of(&look, set, Vec::new()),
            languages,
            sources,
            spellings: look.tag.spellings.ranked(),
            together: together.unwrap_or_default(),
            series: self.series(slot, window),
            links: links.unwrap_or_default(),
            panes: panes.unwrap_or_default(),
        })
    }

    /// A tag's mentions over time, pane by pane, without those that have none.
    pub(super) fn mentions(&self, slot: u32) -> impl Iterator<Item = Mentions> {
        let admitted = self.table.rows[slot as usize].admitted;
        let panes = self.panes.iter().filter(move |pane| admitted <= pane.to);
        let mentions = panes.map(move |pane| Mentions {
            from: pane.from,
            to: pane.to,
            count: pane
                .entries_of(slot)
                .iter()
                .map(|entry| entry.count())
                .sum(),
        });
        mentions.filter(|mentions| mentions.count > 0)
    }

    /// A tag's mentions over time, without gaps. What is older than two days is in no step.
    fn series(&self, slot: u32, window: Window) -> Vec<(Epoch, u64)> {
        let oldest = match window {
            Window::All => self.edges.oldest().max(self.head.began),
            _ => self.begin(place_of(window)).max(self.head.began),
        };
        let step_ms = step_ms(window, self.shape);
        let step = |epoch| pane_of(epoch, step_ms, self.shape);
        let first = step(oldest);
        let steps = step(self.head.as_of) - first + 1;
        let begin = |number: u64| {
            let begin = ((first + number) * step_ms).div_ceil(self.shape.batch_ms);
            (Epoch(begin).max(oldest), 0)
        };
        let mut series: Vec<(Epoch, u64)> = (0..steps).map(begin).collect();
        for pane in self.mentions(slot).filter(|pane| pane.from >= oldest) {
            let number = (step(pane.from) - first) as usize;
            if let Some((_, sum)) = series.get_mut(number) {
                *sum += pane.count;
            }
        }
        series
    }
}
