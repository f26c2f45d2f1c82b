//! The best tags of some groups.

use std::{
    cell::LazyCell,
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
};

use model::{Filter, Window};

use super::{
    Before, Group, Hides, Leader, Leaders, Part, Partial, Pulse, Set, Strand,
    group::place_of,
    leaders::{PAST, order},
    rising::Past,
    standing::{Look, Pasts, Standing},
    windows::SLIDING,
};
use crate::key::{Key, group_of};

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
    fn candidate(&self, weight: f64, group: usize) -> Candidate<'a> {
        Candidate {
            weight,
            key: &self.tag.key,
            group,
            slot: self.slot,
        }
    }

    fn enter(&self, group: usize, races: &mut [Race<'a>], hidden: &impl Hides) {
        let counts = self.counts();
        if counts.all == 0 {
            return;
        }
        // Asked of those only that could be among the best, and of each once.
        let by_itself = |key| !hidden.hides(key) && hidden.sets().of(key).is_none();
        let is_shown = LazyCell::new(|| by_itself(&self.tag.key));
        let offer = |best: &mut Best<'a>, weight| best.offer(self.candidate(weight, group));
        let bands = counts.bands();
        for (window, race) in races.iter_mut().enumerate() {
            let count = counts.within(window);
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
                let weight = (count + self.error(window)) as f64;
                if by_count.admits(weight) && *is_shown {
                    offer(by_count, weight);
                }
            }
            if window == SLIDING {
                continue;
            }
            let count = counts.before[window];
            // Who was among its people a window ago is not known.
            let [by_count, _, by_rise] = &mut race.before;
            if count > 0 {
                if by_count.admits(count as f64) && *is_shown {
                    offer(by_count, count as f64);
                }
                let rises = |score| by_rise.admits(score);
                if rises(Past::most(count))
                    && *is_shown
                    && let Some(score) = self.score_before(window, &bands, rises)
                {
                    offer(by_rise, score);
                }
            }
        }
    }
}

impl Partial {
    /// The best `k` tags of some groups in each window and ranking, of the posts that the filter
    /// admits. Tags that are `hidden` take no rank; in what is counted of all tags they are. Those that are
    /// shown as one take theirs where all of them are known: when partials are merged.
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
        let members = members(&groups, hidden);
        let leading = finals.iter().flat_map(|last| &last.now).flatten();
        let leading = leading.map(|candidate| (candidate.group, candidate.slot));
        let kept = members
            .iter()
            .filter_map(|member| Some((member.group, member.slot?)));
        let mut recent = recent(&groups, &admits, leading.chain(kept));
        let strand = |Member { group, slot, set }: Member<'_>| {
            let (own, admits) = (groups[group], admits[group].as_deref());
            let look = slot.and_then(|slot| Look::at(own, &pasts[group], slot, admits));
            let Some(look) = look else {
                return Strand::unseen(own, slot, set);
            };
            let recent = recent.remove(look.key()).unwrap_or_default();
            Some(Strand::of(&look, Some(set), recent))
        };
        let strands = members.into_iter().filter_map(strand).collect();
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
            recent,
            strands,
            watched: Vec::new(),
            watched_as: Vec::new(),
        }
    }
}

/// A tag of one of some groups, in a set that is shown.
struct Member<'a> {
    group: usize,
    /// `None` where the group does not keep it.
    slot: Option<u32>,
    set: &'a Set,
}

fn members<'a>(groups: &[&Group], hidden: &'a impl Hides) -> Vec<Member<'a>> {
    let places = groups.iter().zip(0..);
    let places: HashMap<u8, usize> = places.map(|(group, at)| (group.number, at)).collect();
    let mut members = Vec::new();
    for set in hidden.shown_sets() {
        members.extend(set.members.iter().filter_map(|key| {
            let group = *places.get(&group_of(key))?;
            let slot = groups[group].table.find(key.as_str());
            Some(Member { group, slot, set })
        }));
    }
    members
}

/// The last minutes of tags by their places, each looked at once.
fn recent(
    groups: &[&Group],
    admits: &[Option<Vec<bool>>],
    looked_at: impl Iterator<Item = (usize, u32)>,
) -> BTreeMap<Key, Vec<u64>> {
    let mut slots: Vec<Vec<u32>> = vec![Vec::new(); groups.len()];
    for (group, slot) in looked_at {
        slots[group].push(slot);
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
    pub(super) fn pasts(&self) -> Pasts {
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
}
