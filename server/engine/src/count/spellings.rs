use serde::{Deserialize, Serialize};

/// How many spellings of a tag are told apart. More than people really use; a bound against those who
/// play with case.
const MOST: usize = 8;

/// The forms in which a tag is written, and how often.
///
/// At most eight are kept. Past that a new one takes the place of the least used and inherits its
/// count (Space-Saving: Metwally, Agrawal, El Abbadi 2005), so the most used is found even in a flood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spellings(Vec<(Box<str>, u64)>);

impl Spellings {
    pub(crate) fn add(&mut self, spelling: &str, count: u64) {
        if let Some(known) = self.0.iter_mut().find(|(form, _)| **form == *spelling) {
            known.1 += count;
        } else if self.0.len() < MOST {
            self.0.push((spelling.into(), count));
        } else if let Some(least) = self
            .0
            .iter_mut()
            .min_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
        {
            *least = (spelling.into(), least.1 + count);
        }
    }

    /// Takes uses back; a form that has none left is forgotten.
    pub(crate) fn subtract(&mut self, spelling: &str, count: u64) {
        if let Some(at) = self.0.iter().position(|(form, _)| **form == *spelling) {
            let known = &mut self.0[at].1;
            *known = known.saturating_sub(count);
            if *known == 0 {
                self.0.remove(at);
            }
        }
    }

    /// Most used first, equally used ones in byte order.
    pub(crate) fn ranked(&self) -> Vec<(Box<str>, u64)> {
        let mut forms = self.0.clone();
        forms.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        forms
    }

    /// The most used one; of equally used ones the first in byte order.
    pub fn most_used(&self) -> Option<&str> {
        let best = self
            .0
            .iter()
            .min_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        best.map(|(form, _)| &**form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_used_form_is_shown() {
        let mut spellings = Spellings::default();
        spellings.add("RUST", 2);
        spellings.add("Rust", 3);
        spellings.add("rust", 3);
        assert_eq!(spellings.most_used(), Some("Rust"));
        spellings.add("rust", 1);
        assert_eq!(spellings.most_used(), Some("rust"));
    }

    #[test]
    fn a_flood_of_forms_does_not_displace_the_most_used_one() {
        let mut spellings = Spellings::default();
        for n in 0..10_000 {
            spellings.add(&format!("r{n}"), 1);
            spellings.add("Rust", 2);
        }
        assert_eq!(spellings.most_used(), Some("Rust"));
        assert_eq!(spellings.0.len(), MOST);
    }
}
