use std::{fs, path::PathBuf, sync::Arc};

use engine::{
    count::{Counted, Delta, SliceDelta},
    grammar::Grammar,
    key::{group_of, key_of},
};
use model::{Kind, Slice};

use super::*;
use crate::{
    source::{Cursor, Taken},
    store::{Batch, DeliveryKey, Receipt, SealedEpoch, SealedReceipts},
};

const SETTINGS: Settings = Settings {
    batch: Duration::from_secs(2),
    grammar: Grammar::Twitter,
};

fn sealed(epoch: u64) -> SealedEpoch {
    let mut deltas = BTreeMap::new();
    for tag in 0..300 {
        let name = format!("Tag{}", (epoch * 37 + tag) % 2000);
        let key = key_of(&name).expect("a key");
        let counts: &mut Vec<Counted> = deltas.entry(group_of(&key)).or_default();
        counts.push(Counted {
            key,
            spelling: name.into(),
            count: 1 + tag % 3,
            authors: Vec::new(),
        });
    }
    let delta = |(group, counts)| {
        let slice = Slice {
            source: Kind::File,
            lang: None,
        };
        let slices = vec![SliceDelta {
            slice,
            posts: 1,
            counts,
        }];
        let delta = Delta {
            slices,
            ..Delta::default()
        };
        (group, delta)
    };
    SealedEpoch {
        epoch: Epoch(epoch),
        deltas: deltas.into_iter().map(delta).collect(),
        remembered: Vec::new(),
        taken_back: store::TakenBack::default(),
    }
}

fn receipts(epoch: u64) -> SealedReceipts {
    let receipt = Receipt {
        digest: [7; 32],
        epoch: Epoch(epoch),
        taken: Taken::default(),
    };
    SealedReceipts {
        at: 1000 * epoch,
        fresh: vec![(DeliveryKey(epoch.into()), receipt)],
        expired: 0,
    }
}

/// A data directory with a state as of epoch 15 and a log from 8 to 20.
fn fill(directory: &Path) {
    let (log, state) = store::open(directory, &SETTINGS).unwrap();
    let shape = Shape {
        batch_ms: 2000,
        max_tags: 2_000_000,
    };
    let mut groups: Vec<Group> = (0..GROUPS)
        .map(|number| Group::new(number, shape))
        .collect();
    for epoch in 1..=20 {
        let sealed = sealed(epoch);
        let drop_to = Epoch(if epoch == 20 { 7 } else { 0 });
        let cursors = [(Arc::from("file:/posts"), Cursor(format!("at {epoch}")))];
        let mut deltas: BTreeMap<u8, Delta> = sealed.deltas.iter().cloned().collect();
        let receipts = receipts(epoch);
        log.seal(&[sealed], &cursors, &receipts, drop_to, Epoch(0))
            .unwrap();
        let mut batch = Batch::default();
        for (number, group) in (0..GROUPS).zip(&mut groups) {
            group.apply(Epoch(epoch), deltas.remove(&number).unwrap_or_default());
            if epoch == 7 || epoch == 15 {
                batch.add(number, &group.changes()).unwrap();
                group.saved();
            }
        }
        state.save(&[batch]).unwrap();
    }
}

/// What is said of a directory, or why it cannot be opened.
fn checked(directory: &Path) -> Result<String, String> {
    let (log, state) = store::open_untouched(directory).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    report
        .look(directory, &log, &state)
        .map_err(|error| error.to_string())?;
    match report.findings {
        0 => Ok(report.text),
        _ => Err(report.text),
    }
}

fn files(directory: &Path) -> [PathBuf; 2] {
    ["log.redb", "state.redb"].map(|name| directory.join(name))
}

#[test]
fn what_is_there_is_told_and_nothing_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let before = files(directory.path()).map(|file| fs::read(file).unwrap());
    let text = checked(directory.path()).unwrap();
    for told in [
        "format 3, --batch 2s, --grammar twitter",
        "13 sealed epochs: 8 (1970-01-01T00:00:18Z) to 20 (1970-01-01T00:00:42Z)",
        "file:/posts is read up to at 20",
        "20 deliveries under a key are remembered",
        "64 of 64 key groups, as of epoch 15 to 15",
        "  all  ",
        "12000 mentions of 1003 tags",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    let after = files(directory.path()).map(|file| fs::read(file).unwrap());
    assert!(before == after);
}

#[test]
fn one_that_is_open_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let open = store::open(directory.path(), &SETTINGS).unwrap();
    let refused = checked(directory.path()).unwrap_err();
    assert!(refused.contains("in use by another process"), "{refused}");
    drop(open);
    checked(directory.path()).unwrap();
}

/// A flipped bit is found, or it is where nothing is stored, and then all that is said is the same.
#[test]
fn a_flipped_bit_is_found_or_means_nothing() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let sound = checked(directory.path()).unwrap();
    let mut found = 0;
    // Odd numbers, so that every place in a byte and in a page has its turn.
    const HEADER_STEP: usize = 29;
    const STEP: usize = 8_009;
    for path in files(directory.path()) {
        let content = fs::read(&path).unwrap();
        let header = 320 * 8;
        let rest = (header..content.len() * 8).step_by(STEP);
        for bit in (0..header).step_by(HEADER_STEP).chain(rest) {
            let mut flipped = content.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, flipped).unwrap();
            match checked(directory.path()) {
                Ok(text) => assert_eq!(text, sound, "bit {bit} of {}", path.display()),
                Err(_) => found += 1,
            }
        }
        fs::write(&path, content).unwrap();
    }
    assert!(found > 200, "{found} of them were found");
}
