//! The most used tags.

use std::collections::HashMap;

use engine::key::Key;
use model::Row;

use super::Counts;

impl Counts {
    /// Equal ones by key. Of the spellings of one, the most used; of equally used ones, the first in the
    /// order of their bytes.
    pub(super) fn top(&self, k: usize) -> Vec<Row> {
        let mut tags = Vec::with_capacity(self.tally.keys());
        for entry in self.tally.entries() {
            if entry.number == tags.len() {
                tags.push((0, entry.key, entry.number));
            }
            tags[entry.number].0 += entry.value;
        }
        let order = |a: &(u64, &Key, usize), b: &(u64, &Key, usize)| {
            b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1))
        };
        if k < tags.len() {
            tags.select_nth_unstable_by(k, order);
            tags.truncate(k);
        }
        tags.sort_unstable_by(order);
        let spellings = self.spellings(tags.iter().map(|tag| tag.2));
        let rows = (1..).zip(tags).map(|(rank, (count, _, number))| {
            let shown = self.grammar.shown(spellings[&number]);
            Row::counted(rank, shown, count, self.mentions)
        });
        rows.collect()
    }

    /// Of the keys of these numbers, the spellings shown.
    fn spellings(&self, numbers: impl Iterator<Item = usize>) -> HashMap<usize, &str> {
        let mut best: HashMap<_, _> = numbers.map(|number| (number, (0, ""))).collect();
        for entry in self.tally.entries() {
            if let Some(best) = best.get_mut(&entry.number)
                && (*entry.value > best.0 || *entry.value == best.0 && entry.spelling < best.1)
            {
                *best = (*entry.value, entry.spelling);
            }
        }
        let spelling = |(number, (_, spelling))| (number, spelling);
        best.into_iter().map(spelling).collect()
    }
}
