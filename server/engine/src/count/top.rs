//! The best tags of some groups, and one tag in depth.

use std::{
    borrow::Cow,
    cell::LazyCell,
    cmp::Ordering,
    collections::{BTreeMap, HashSet},
};

use model::{Epoch, Filter, Kind, Lang, Window};

use super::{
    Before, Detail, Group, Hides, Leader, Leaders, Part, Partial, Pulse,
    group::place_of,
    partial::{PAST, order},
    people::People,
    rising::{BANDS, LEAST_PEOPLE, Mentions, Past},
    table::{Counts, Parts, Tag},
    windows::{SLIDING, pane_of, step_ms},
};
use crate::key::Key;

/// A tag that may be among the best.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    weight: f64,
    key: &'a Key,
    group: usize,
    slot: u32,
}

/// The best `k` of what it is offered.
struct Best<'a> {
    k: usize,
    kept: Vec<Candidate<'a>>,
    /// What comes after this one is not among them.
    last: Option<Candidate<'a>>,
}

/// Of one window.
struct Race<'a> {
    tags: u64,
    /// In the order of [`Ranking::ALL`].
    now: [Best<'a>; 3],
    before: [Best<'a>; 3],
}

/// What came of it.
struct Final<'a> {
    tags: u64,
    now: [Vec<Candidate<'a>>; 3],
    before: [Vec<Candidate<'a>>; 3],
}

/// One tag as the filter shows it.
struct Look<'a> {
    group: &'a Group,
    pasts: &'a Pasts,
    slot: u32,
    tag: &'a Tag,
    counts: Counts,
    admits: Option<&'a [bool]>,
}

impl<'a> Candidate<'a> {
    fn order(&self, other: &Self) -> Ordering {
        order(self.weight, self.key, other.weight, other.key)
    }
}

impl<'a> Best<'a> {
    fn new(k: usize) -> Self {
        Self {
            k,
            kept: Vec::with_capacity(2 * k),
            last: None,
        }
    }

    /// Whether something of this weight could be among the best.
    fn admits(&self, weight: f64) -> bool {
        self.last.is_none_or(|last| weight >= last.weight)
    }

    fn offer(&mut self, candidate: Candidate<'a>) {
        let worse = |last: Candidate<'a>| candidate.order(&last) == Ordering::Greater;
        if self.k == 0 || self.last.is_some_and(worse) {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() == 2 * self.k {
            self.kept
                .select_nth_unstable_by(self.k - 1, Candidate::order);
            self.kept.truncate(self.k);
            self.last = self.kept.last().copied();
        }
    }

    fn finish(mut self) -> Vec<Candidate<'a>> {
        self.kept.sort_unstable_by(Candidate::order);
        self.kept.truncate(self.k);
        self.kept
    }
}

impl<'a> Race<'a> {
    fn new(k: usize) -> Self {
        Self {
            tags: 0,
            now: std::array::from_fn(|_| Best::new(k)),
            before: std::array::from_fn(|_| Best::new(PAST * k)),
        }
    }

    fn finish(self) -> Final<'a> {
        Final {
            tags: self.tags,
            now: self.now.map(Best::finish),
            before: self.before.map(Best::finish),
        }
    }
}

impl<'a> Look<'a> {
    /// `None` for a tag that the filter lets nothing through of.
    fn at(
        group: &'a Group,
        pasts: &'a Pasts,
        slot: u32,
        admits: Option<&'a [bool]>,
    ) -> Option<Self> {
        let row = &group.table.rows[slot as usize];
        if row.is_free() {
            return None;
        }
        let tag = group.table.tag(slot)?;
        let counts = match (admits, &tag.parts) {
            (None, _) => row.counts,
            (Some(admits), Parts::One(slice)) => {
                if !admits[usize::from(*slice)] {
                    return None;
                }
                row.counts
            }
            (Some(admits), Parts::Several(parts)) => {
                let parts = parts.iter().filter(|part| admits[usize::from(part.slice)]);
                parts.fold(Counts::default(), |sum, part| sum.sum(&part.counts))
            }
        };
        Some(Self {
            group,
            pasts,
            slot,
            tag,
            counts,
            admits,
        })
    }

    /// Whose mentions they are, in the slices that the filter admits.
    fn people(&self) -> Option<Cow<'a, People>> {
        let (Parts::Several(parts), Some(admits)) = (&self.tag.parts, self.admits) else {
            return self.tag.people.as_deref().map(Cow::Borrowed);
        };
        let admitted = parts.iter().filter(|part| admits[usize::from(part.slice)]);
        let mut known = admitted.filter_map(|part| part.people.as_deref());
        let first = known.next()?;
        Some(match known.next() {
            None => Cow::Borrowed(first),
            Some(second) => Cow::Owned(People::union([first, second].into_iter().chain(known))),
        })
    }

    /// Distinct authors in a window; `None` where none is known.
    fn people_in(&self, window: usize) -> Option<u64> {
        let people = self.people()?;
        let k = self.group.sketches.people_k() as usize;
        let number = people.count(self.group.begin(window), k);
        // An estimate may be more than there are mentions, but no tag has more people than those.
        let number = number.min(self.counts.within(window));
        (number > 0).then_some(number)
    }

    /// Whether enough people to make it rise have mentioned it since the window before this one began,
    /// or nobody knows how many did.
    fn had_people(&self, window: usize) -> bool {
        let k = self.group.sketches.people_k() as usize;
        let begin = self.group.edges.before[window];
        // None is as in a window: of its mentions no author is known.
        let number = self.people().map_or(0, |people| people.count(begin, k));
        number == 0 || number >= LEAST_PEOPLE
    }

    /// The rise in a window, if it is one; people are asked last, as that takes longest.
    fn score(
        &self,
        window: usize,
        bands: &[u64; BANDS],
        least: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let (past, _) = self.pasts.get(window)?;
        let score = past.score(self.counts.now[window], bands)?;
        let enough = || {
            let people = self.people_in(window);
            people.is_none_or(|people| people >= LEAST_PEOPLE)
        };
        (least(score) && enough()).then_some(score)
    }

    fn leader(&self, window: usize) -> Leader {
        let error = self.group.error(self.slot, window);
        let spelling = self.tag.spellings.most_used();
        Leader {
            key: self.tag.key.clone(),
            spelling: spelling.unwrap_or(self.tag.key.as_str()).into(),
            count: self.counts.within(window) + error,
            error,
            people: self.people_in(window),
            score: self.score(window, &self.counts.bands(), |_| true),
        }
    }

    fn candidate(&self, weight: f64, group: usize) -> Candidate<'a> {
        Candidate {
            weight,
            key: &self.tag.key,
            group,
            slot: self.slot,
        }
    }

    fn enter(&self, group: usize, races: &mut [Race<'a>], hidden: &impl Hides) {
        if self.counts.all == 0 {
            return;
        }
        // Asked of those only that could be among the best, and of each once.
        let is_shown = LazyCell::new(|| !hidden.hides(&self.tag.key));
        let offer = |best: &mut Best<'a>, weight| best.offer(self.candidate(weight, group));
        let bands = self.counts.bands();
        for (window, race) in races.iter_mut().enumerate() {
            let count = self.counts.within(window);
            let [by_count, by_people, by_rise] = &mut race.now;
            if count > 0 {
                race.tags += 1;
                // No tag has more people than mentions.
                if by_people.admits(count as f64)
                    && *is_shown
                    && let Some(people) = self.people_in(window)
                    && by_people.admits(people as f64)
                {
                    offer(by_people, people as f64);
                }
                let rises = |score| by_rise.admits(score);
                if rises(Past::most(count))
                    && *is_shown
                    && let Some(score) = self.score(window, &bands, rises)
                {
                    offer(by_rise, score);
                }
                let weight = (count + self.group.error(self.slot, window)) as f64;
                if by_count.admits(weight) && *is_shown {
                    offer(by_count, weight);
                }
            }
            if window == SLIDING {
                continue;
            }
            let count = self.counts.before[window];
            // Of people only the latest mention is known: who was among them a window ago is not.
            let [by_count, _, by_rise] = &mut race.before;
            if count > 0 {
                if by_count.admits(count as f64) && *is_shown {
                    offer(by_count, count as f64);
                }
                let (_, past) = &self.pasts[window];
                if by_rise.admits(Past::most(count))
                    && *is_shown
                    && let Some(score) = past.score(count, &bands)
                    && by_rise.admits(score)
                    && self.had_people(window)
                {
                    offer(by_rise, score);
                }
            }
        }
    }
}

impl Partial {
    /// The best `k` tags of some groups in each window and ranking, of the posts that the filter
    /// admits. Tags that are `hidden` take no rank; in what is counted of all tags they are.
    pub fn of<'a>(
        groups: impl IntoIterator<Item = &'a Group>,
        filter: Filter,
        hidden: &impl Hides,
        k: usize,
    ) -> Self {
        let groups: Vec<&Group> = groups.into_iter().collect();
        let admits: Vec<Option<Vec<bool>>> =
            groups.iter().map(|group| admitted(group, filter)).collect();
        let pasts = pasts_of(&groups);
        let mut races: Vec<Race<'_>> = Window::ALL.iter().map(|_| Race::new(k)).collect();
        for (number, group) in groups.iter().enumerate() {
            let nothing = |admits: &Vec<bool>| !admits.contains(&true);
            if admits[number].as_ref().is_some_and(nothing) {
                continue;
            }
            for slot in 0..group.table.slots() {
                if let Some(look) = Look::at(group, &pasts[number], slot, admits[number].as_deref())
                {
                    look.enter(number, &mut races, hidden);
                }
            }
        }
        let finals: Vec<Final<'_>> = races.into_iter().map(Race::finish).collect();
        let look = |candidate: &Candidate<'_>| {
            let Candidate { group, slot, .. } = *candidate;
            let admits = admits[group].as_deref();
            Look::at(groups[group], &pasts[group], slot, admits)
        };
        let part = |(window, last): (usize, &Final<'_>)| {
            let leader = |candidate: &Candidate<'_>| Some(look(candidate)?.leader(window));
            let before = |candidate: &Candidate<'_>| Before {
                key: candidate.key.clone(),
                weight: candidate.weight,
            };
            let mut part = Part {
                tags: last.tags,
                ..Part::default()
            };
            for (group, admits) in groups.iter().zip(&admits) {
                let sum = group.sum(window, |slice| {
                    admits
                        .as_ref()
                        .is_none_or(|admits| admits[usize::from(slice)])
                });
                part.posts += sum.posts;
                part.mentions += sum.mentions;
            }
            for (now, then) in last.now.iter().zip(&last.before) {
                part.rankings.push(Leaders {
                    now: now.iter().filter_map(leader).collect(),
                    before: then.iter().map(before).collect(),
                });
            }
            part
        };
        let (mut pulse, mut slices) = (Pulse::default(), BTreeMap::new());
        for (group, admits) in groups.iter().zip(&admits) {
            pulse.add(&group.pulse(admits.as_deref()));
            for (number, (slice, all)) in group.head.slices.iter().enumerate() {
                if admits.as_ref().is_none_or(|admits| admits[number]) {
                    *slices.entry(*slice).or_default() += all.mentions;
                }
            }
        }
        Self {
            pulse,
            slices,
            parts: finals.iter().enumerate().map(part).collect(),
            recent: recent(&groups, &admits, &finals),
            watched: Vec::new(),
        }
    }
}

/// The last minutes of all that leads now, each tag looked at once.
fn recent(
    groups: &[&Group],
    admits: &[Option<Vec<bool>>],
    finals: &[Final<'_>],
) -> BTreeMap<Key, Vec<u64>> {
    let mut slots: Vec<Vec<u32>> = vec![Vec::new(); groups.len()];
    for candidate in finals.iter().flat_map(|last| &last.now).flatten() {
        slots[candidate.group].push(candidate.slot);
    }
    let mut recent = BTreeMap::new();
    for ((group, admits), mut slots) in groups.iter().zip(admits).zip(slots) {
        slots.sort_unstable();
        slots.dedup();
        let keys = slots
            .iter()
            .filter_map(|slot| Some(group.table.tag(*slot)?.key.clone()));
        recent.extend(keys.zip(group.recent(&slots, admits.as_deref())));
    }
    recent
}

/// The pasts of the sliding windows and of those before them.
type Pasts = [(Past, Past); SLIDING];

/// Of each group; they are the same for groups that stand at the same epoch.
fn pasts_of(groups: &[&Group]) -> Vec<Pasts> {
    let mut pasts: Vec<Pasts> = Vec::with_capacity(groups.len());
    for (number, group) in groups.iter().enumerate() {
        let stands = |group: &Group| (group.head.as_of, group.head.began, group.shape);
        let before = number.checked_sub(1);
        let same = before.filter(|before| stands(groups[*before]) == stands(group));
        pasts.push(same.map_or_else(|| group.pasts(), |before| pasts[before]));
    }
    pasts
}

/// Which slices of a group the filter admits, by number; `None` for all.
fn admitted(group: &Group, filter: Filter) -> Option<Vec<bool>> {
    let slices = &group.head.slices;
    let admits = || {
        slices
            .iter()
            .map(|(slice, _)| filter.admits(*slice))
            .collect()
    };
    (!filter.is_all()).then(admits)
}

impl Group {
    fn pasts(&self) -> Pasts {
        Past::of_all(self.head.as_of, self.head.began, &self.edges)
    }

    /// See [`Partial::of`].
    pub fn partial(&self, filter: Filter, k: usize) -> Partial {
        Partial::of([self], filter, &HashSet::new(), k)
    }

    /// One tag in a window, as it would stand in a ranking; `None` for a tag that is not kept.
    pub fn leader(&self, key: &Key, window: Window) -> Option<Leader> {
        let slot = self.table.find(key.as_str())?;
        let pasts = self.pasts();
        Some(Look::at(self, &pasts, slot, None)?.leader(place_of(window)))
    }

    /// What is known of one tag in a window, beside tags that are not `hidden`; `None` for a tag that is
    /// not kept.
    pub fn detail(&self, key: &str, window: Window, hidden: &impl Hides) -> Option<Detail> {
        let slot = self.table.find(key)?;
        let pasts = self.pasts();
        let look = Look::at(self, &pasts, slot, None)?;
        let place = place_of(window);
        let whole = look.counts;
        let mut languages: BTreeMap<Option<Lang>, u64> = BTreeMap::new();
        let mut sources: BTreeMap<Kind, u64> = BTreeMap::new();
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
            Parts::One(slice) => add(*slice, &whole),
            Parts::Several(parts) => {
                parts.iter().for_each(|part| add(part.slice, &part.counts));
            }
        }
        let begin = self.begin(place);
        let k = self.sketches.samples_k() as usize;
        let samples = look.tag.samples.as_deref();
        let leader = look.leader(place);
        let rising_since = leader.score.and_then(|_| {
            let (past, _) = pasts.get(place)?;
            let panes = self.mentions(slot);
            past.began(whole.within(place), &whole.bands(), panes, self.head.as_of)
        });
        Some(Detail {
            leader,
            rising_since,
            languages: most_first(languages),
            sources: most_first(sources),
            spellings: look.tag.spellings.ranked(),
            together: samples.map_or_else(Vec::new, |samples| samples.together(begin, k, hidden)),
            series: self.series(slot, window),
            links: samples.map_or_else(Vec::new, |samples| samples.links(begin)),
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

fn most_first<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    // Stable: equal ones stay in their own order.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
