//! What must hold whatever bytes come: a check for each thing that reads what others have written.
//!
//! A check is given any bytes and panics where something does not hold. `make fuzz` has libFuzzer look for
//! bytes that make one panic, or take long; the unit tests run each over the inputs kept for it in
//! `server/fuzz/seeds`, where what was found once stays.
//!
//! A check stands beside what it checks, in a module `fuzzing`, and is a line in [`CHECKS`] here or in one
//! of its parts. What it is given is an [`input`].

mod grammar;
pub(crate) mod input;
mod key;
mod literal;

use engine::grammar::Grammar;

use crate::{epoch, source, store};
pub use input::Check;

type Named = (&'static str, Check);

/// By the name of their folder in `server/fuzz/seeds`.
const CHECKS: [&[Named]; 4] = [
    &[
        ("literal", literal::check),
        ("twitter", |text| grammar::check(Grammar::Twitter, text)),
        ("mastodon", |text| grammar::check(Grammar::Mastodon, text)),
        ("bluesky", |text| grammar::check(Grammar::Bluesky, text)),
        ("words", |text| grammar::check(Grammar::Words, text)),
        ("key", key::check),
    ],
    &source::fuzzing::CHECKS,
    &store::fuzzing::CHECKS,
    &epoch::fuzzing::CHECKS,
];

/// The names of all checks.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.into_iter().flatten().map(|(name, _)| *name)
}

/// The check of this name.
pub fn check(name: &str) -> Option<Check> {
    let mut all = CHECKS.into_iter().flatten();
    all.find(|(other, _)| *other == name)
        .map(|(_, check)| *check)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn seeds() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
    }

    #[test]
    fn each_check_has_seeds_and_each_folder_of_seeds_a_check() {
        let folders = fs::read_dir(seeds()).unwrap().map(|entry| entry.unwrap());
        let folders: BTreeSet<_> = folders
            .map(|folder| folder.file_name().into_string().unwrap())
            .collect();
        let checks: Vec<_> = names().collect();
        assert!(checks.iter().all(|name| folders.contains(*name)));
        assert_eq!(checks.len(), folders.len());
    }

    #[test]
    fn all_that_is_checked_holds_for_the_seeds() {
        for (name, check) in CHECKS.into_iter().flatten() {
            let mut inputs = 0;
            for entry in fs::read_dir(seeds().join(name)).unwrap() {
                let path = entry.unwrap().path();
                let bytes = fs::read(&path).unwrap();
                let held = std::panic::catch_unwind(|| check(&bytes));
                assert!(held.is_ok(), "{}", path.display());
                inputs += 1;
            }
            assert!(inputs > 0, "{name} has none");
        }
    }
}
