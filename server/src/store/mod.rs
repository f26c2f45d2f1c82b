//! What survives the process: two redb files in the data directory, and their versioned bytes.
//!
//! `log.redb` ([`Log`]) holds the sealed epochs, the cursor of every source and what operators did, `state.redb`
//! ([`State`]) the count as it was some epochs ago. The state is a function of the log; it exists so
//! that the log can be short. [`send`] gives both as of one moment, while they are written; a [`Copy`]
//! makes another data directory of that. [`Membership`] is what a directory is to a cluster, and [`adopt`](adopt()) takes
//! one over that belonged to a process that is gone.
//!
//! **Invariants:** a commit is durable when the call returns. An entry leaves the log only when the
//! state that holds it is durable. Bytes of an unknown format are refused, never guessed at; a file of a
//! known old one is made one of the newest when it is opened. This is
//! the only place that names redb.

mod action;
mod adopt;
mod alert;
mod author;
mod commits;
mod copy;
pub(crate) mod crash;
mod entry;
mod error;
mod file;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod log;
mod membership;
mod receipt;
mod sizes;
mod snapshot;
mod state;
mod stream;
mod tables;
mod untouched;

pub(crate) use action::{
    Action, Deed, JudgedTag, Judgement, LAST_ACTIONS, Merging, Review, Said, Target, Verdict,
};
pub(crate) use adopt::{AdoptError, adopt};
pub(crate) use alert::{Alert, AlertChange};
pub(crate) use commits::Commits;
pub(crate) use copy::Copy;
pub(crate) use entry::{SealedEpoch, TakenBack};
pub(crate) use error::{OpenError, StoreError};
pub(crate) use file::FORMAT;
pub(crate) use log::{Log, Settings};
pub(crate) use membership::{Held, Lost, Membership, Place};
pub(crate) use receipt::{DeliveryKey, Receipt, SealedReceipts};
pub(crate) use sizes::{Files, Sizes};
pub(crate) use snapshot::send;
pub(crate) use state::{Batch, Row, State};

/// Opens both files of a data directory, which is made if it is not there.
pub(crate) fn open(
    directory: &std::path::Path,
    settings: &Settings,
) -> Result<(Log, State), OpenError> {
    copy::is_finished(directory)?;
    let mut making = std::fs::DirBuilder::new();
    // The key that people are hashed with is in it.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
    let made = making.recursive(true).create(directory);
    made.map_err(|error| OpenError::Directory {
        path: directory.to_owned(),
        error,
    })?;
    // The log first: it is what two processes on one directory meet at.
    let log = Log::open(directory, settings)?;
    let state = State::open(directory)?;
    Ok((log, state))
}

/// Opens both files of a data directory that is there, without changing them: what they are given to
/// write is forgotten.
pub(crate) fn open_untouched(directory: &std::path::Path) -> Result<(Log, State), OpenError> {
    copy::is_finished(directory)?;
    let log = Log::open_untouched(directory)?;
    let state = State::open_untouched(directory)?;
    Ok((log, state))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path, sync::Arc, time::Duration};

    use engine::{
        count::{Counted, Delta, Group, Partial, Saved, Shape, SliceDelta},
        grammar::Grammar,
        key::{GROUPS, Key},
    };
    use model::{Epoch, Filter, Kind, Slice};

    use super::*;
    use crate::source::{Cursor, Taken};

    const SETTINGS: Settings = Settings {
        batch: Duration::from_secs(2),
        grammar: Grammar::Twitter,
    };

    #[test]
    fn what_was_taken_back_is_kept_until_all_have_long_counted_it() {
        let log = Log::in_memory();
        let seal = |numbers: &[u64], drop_to| {
            let sealed = |number: &u64| SealedEpoch {
                taken_back: TakenBack {
                    posts: vec![*number],
                    authors: Vec::new(),
                },
                ..epoch(*number, 1)
            };
            let epochs: Vec<_> = numbers.iter().map(sealed).collect();
            log.seal(&epochs, &[], &NO_RECEIPTS, Epoch(drop_to), Epoch(0))
                .unwrap();
        };
        let kept = |after, to| {
            let kept = log.taken_back(Epoch(after), Epoch(to)).unwrap();
            let posts = kept.into_iter().map(|(epoch, taken_back)| {
                assert_eq!(taken_back.posts, [epoch.0]);
                epoch.0
            });
            posts.collect::<Vec<_>>()
        };
        assert_eq!(kept(0, 9), [0; 0]);
        seal(&[1, 2, 3], 0);
        seal(&[4], 3);
        assert_eq!(kept(0, 9), [1, 2, 3, 4], "they are dropped only as counts");
        assert_eq!(kept(1, 3), [2, 3]);
        seal(&[1000], 302);
        assert_eq!(kept(0, 1000), [2, 3, 4, 1000]);
    }

    const NO_RECEIPTS: SealedReceipts = SealedReceipts {
        at: 0,
        fresh: Vec::new(),
        expired: 0,
    };

    fn epoch(number: u64, count: u64) -> SealedEpoch {
        let slice = Slice {
            source: Kind::Tcp,
            lang: None,
        };
        let counts = vec![Counted {
            key: Key::verbatim("rust"),
            spelling: "Rust".into(),
            count,
            authors: Vec::new(),
        }];
        let slices = vec![SliceDelta {
            slice,
            posts: 1,
            counts,
        }];
        let delta = Delta {
            slices,
            ..Delta::default()
        };
        SealedEpoch {
            epoch: Epoch(number),
            deltas: vec![(0, delta)],
            remembered: Vec::new(),
            taken_back: TakenBack::default(),
        }
    }

    const SHAPE: Shape = Shape {
        batch_ms: 2000,
        max_tags: 1_000_000,
    };

    fn opened(directory: &Path) -> (Log, State) {
        open(directory, &SETTINGS).expect("it opens")
    }

    #[test]
    fn what_is_sealed_is_there_again_with_its_cursor() {
        let directory = tempfile::tempdir().unwrap();
        let cursors = [(Arc::from("file:/posts"), Cursor("120".into()))];
        {
            let (log, _) = opened(directory.path());
            let epochs = [epoch(4, 1), epoch(9, 2)];
            log.seal(&epochs, &cursors, &NO_RECEIPTS, Epoch(0), Epoch(0))
                .unwrap();
        }
        let (log, _) = opened(directory.path());
        assert_eq!(log.last().unwrap(), Epoch(9));
        assert_eq!(
            log.cursor("file:/posts").unwrap(),
            Some(Cursor("120".into()))
        );
        assert_eq!(log.cursor("file:/others").unwrap(), None);
        assert_eq!(
            log.next(Epoch(0)).unwrap(),
            Some((Epoch(4), epoch(4, 1).deltas))
        );
        assert_eq!(
            log.next(Epoch(4)).unwrap(),
            Some((Epoch(9), epoch(9, 2).deltas))
        );
        assert_eq!(log.next(Epoch(9)).unwrap(), None);
    }

    #[test]
    fn what_the_state_holds_leaves_the_log_and_the_log_knows_it() {
        let directory = tempfile::tempdir().unwrap();
        let (log, _) = opened(directory.path());
        let epochs = [epoch(4, 1), epoch(5, 2)];
        log.seal(&epochs, &[], &NO_RECEIPTS, Epoch(0), Epoch(0))
            .unwrap();
        assert_eq!(log.dropped().unwrap(), Epoch(0));
        log.seal(&[epoch(6, 3)], &[], &NO_RECEIPTS, Epoch(5), Epoch(0))
            .unwrap();
        assert_eq!(log.dropped().unwrap(), Epoch(5));
        assert_eq!(
            log.next(Epoch(0)).unwrap(),
            Some((Epoch(6), epoch(6, 3).deltas))
        );
    }

    #[test]
    fn what_is_remembered_leaves_apart_from_the_counts() {
        let directory = tempfile::tempdir().unwrap();
        let remembering = |number, bytes: &[u8]| SealedEpoch {
            remembered: bytes.to_vec(),
            ..epoch(number, 1)
        };
        let (log, _) = opened(directory.path());
        let all = || {
            let mut all = Vec::new();
            log.remembered(|epoch, bytes| {
                all.push((epoch.0, bytes));
                Ok(())
            })
            .unwrap();
            all
        };
        let epochs = [remembering(4, b"four"), epoch(5, 1), remembering(6, b"six")];
        log.seal(&epochs, &[], &NO_RECEIPTS, Epoch(6), Epoch(0))
            .unwrap();
        assert_eq!(all(), [(4, b"four".to_vec()), (6, b"six".to_vec())]);
        let epochs = [remembering(7, b"seven"), remembering(8, b"eight")];
        log.seal(&epochs, &[], &NO_RECEIPTS, Epoch(6), Epoch(7))
            .unwrap();
        assert_eq!(all(), [(8, b"eight".to_vec())]);
    }

    #[test]
    fn a_receipt_is_there_until_it_expires() {
        let directory = tempfile::tempdir().unwrap();
        let receipt = |number: u64| Receipt {
            digest: [7; 32],
            epoch: Epoch(number),
            taken: Taken {
                accepted: number,
                ..Taken::default()
            },
        };
        let seal = |log: &Log, number: u64, expired| {
            let receipts = SealedReceipts {
                at: 100 * number,
                fresh: vec![(DeliveryKey(number.into()), receipt(number))],
                expired,
            };
            log.seal(&[epoch(number, 1)], &[], &receipts, Epoch(0), Epoch(0))
                .unwrap();
        };
        let all = |log: &Log| {
            let mut all = Vec::new();
            log.receipts(|at, DeliveryKey(key), receipt| all.push((at, key, receipt.epoch.0)))
                .unwrap();
            all
        };
        {
            let (log, _) = opened(directory.path());
            // As a directory of before there were receipts.
            assert_eq!(log.receipt(400, DeliveryKey(4)).unwrap(), None);
            assert_eq!(all(&log), []);
            seal(&log, 4, 0);
            seal(&log, 5, 0);
        }
        let (log, _) = opened(directory.path());
        assert_eq!(log.receipt(400, DeliveryKey(4)).unwrap(), Some(receipt(4)));
        assert_eq!(log.receipt(400, DeliveryKey(5)).unwrap(), None);
        seal(&log, 6, 400);
        assert_eq!(all(&log), [(500, 5, 5), (600, 6, 6)]);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_for_who_made_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("data");
        opened(&directory);
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn the_key_of_authors_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        for fresh in [[0xab; 16], [7; 16]] {
            let (log, _) = opened(directory.path());
            assert_eq!(log.author_key_or(fresh).unwrap(), [0xab; 16]);
        }
    }

    #[test]
    fn a_group_comes_back_as_it_was_saved() {
        let directory = tempfile::tempdir().unwrap();
        let counted = |tag: &str| Counted {
            key: Key::verbatim(tag),
            spelling: tag.to_uppercase().into(),
            count: 3,
            authors: Vec::new(),
        };
        let mut group = Group::new(7, SHAPE);
        {
            let (_, state) = opened(directory.path());
            for number in 1..=4 {
                let counts = vec![counted("rust"), counted(&format!("tag{number}"))];
                let slice = Slice {
                    source: Kind::Tcp,
                    lang: None,
                };
                let slices = vec![SliceDelta {
                    slice,
                    posts: 2,
                    counts,
                }];
                let delta = Delta {
                    slices,
                    ..Delta::default()
                };
                group.apply(Epoch(number), delta);
                let mut batch = Batch::default();
                batch.add(7, &group.changes()).unwrap();
                state.save(&[batch]).unwrap();
                group.saved();
            }
        }
        let (_, state) = opened(directory.path());
        let mut again = Group::new(7, SHAPE);
        let mut panes = 0;
        let mut rows = state.rows().unwrap();
        while let Some(row) = rows.next().unwrap() {
            assert_eq!(row.group, 7);
            let row = row.decode().unwrap();
            panes += usize::from(matches!(row, Saved::Pane(_)));
            again.restore(row);
        }
        assert_eq!(panes, 4);
        assert_eq!(again.as_of(), Epoch(4));
        assert_eq!(
            again.partial(Filter::default(), 10),
            group.partial(Filter::default(), 10)
        );
    }

    #[test]
    fn a_second_process_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let first = opened(directory.path());
        let second = open(directory.path(), &SETTINGS).unwrap_err();
        assert!(matches!(second, OpenError::InUse { .. }), "{second}");
        drop(first);
        opened(directory.path());
    }

    #[test]
    fn other_settings_are_refused_with_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        opened(directory.path());
        let faster = Settings {
            batch: Duration::from_millis(500),
            ..SETTINGS
        };
        let error = open(directory.path(), &faster).unwrap_err().to_string();
        assert!(
            error.contains("--batch 2s") && error.contains("--batch 500ms"),
            "{error}"
        );
        let other = Settings {
            grammar: Grammar::Words,
            ..SETTINGS
        };
        let error = open(directory.path(), &other).unwrap_err().to_string();
        assert!(
            error.contains("--grammar twitter") && error.contains("another --data"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_was_half_made_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("log.redb.new"), b"cut short").unwrap();
        opened(directory.path());
        assert!(!directory.path().join("log.redb.new").exists());
    }

    #[test]
    fn what_is_no_store_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.redb");
        fs::write(&path, b"my only copy of something else").unwrap();
        let error = open(directory.path(), &SETTINGS).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"my only copy of something else");
    }

    /// As the version that wrote this format left it: eight posts with #rust on two days, four of them with
    /// #day0 and four with #day1.
    fn unpack_example(format: u64, directory: &Path) {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/examples");
        for name in ["log.redb", "state.redb"] {
            let packed = examples.join(format.to_string()).join(format!("{name}.gz"));
            let packed = fs::File::open(packed).unwrap();
            let mut file = fs::File::create(directory.join(name)).unwrap();
            std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut file).unwrap();
        }
    }

    fn counts((_, state): &(Log, State)) -> Vec<(String, u64)> {
        let mut groups: Vec<Group> = (0..GROUPS)
            .map(|number| Group::new(number, SHAPE))
            .collect();
        let mut rows = state.rows().unwrap();
        while let Some(row) = rows.next().unwrap() {
            groups[usize::from(row.group)].restore(row.decode().unwrap());
        }
        let partial = Partial::of(&groups, Filter::default(), &HashSet::new(), 10);
        let all = partial.parts.last().unwrap();
        let leaders = all.rankings[0].now.iter();
        leaders
            .map(|leader| (leader.key.to_string(), leader.count))
            .collect()
    }

    #[test]
    fn a_known_old_format_is_read_and_becomes_the_new_one() {
        for format in 2..FORMAT {
            let directory = tempfile::tempdir().unwrap();
            unpack_example(format, directory.path());
            let recorded = || {
                let database = redb::Database::open(directory.path().join("state.redb")).unwrap();
                file::recorded(&database, "format").unwrap()
            };
            let expected = [("rust", 8), ("day0", 4), ("day1", 4)];
            let expected = expected.map(|(key, count)| (key.to_owned(), count));
            let untouched = open_untouched(directory.path()).unwrap();
            assert_eq!(counts(&untouched), expected);
            drop(untouched);
            assert_eq!(recorded(), Some(format));

            for _ in 0..2 {
                let opened = opened(directory.path());
                assert_eq!(counts(&opened), expected);
                assert_eq!(opened.0.last().unwrap(), Epoch(850_047_300));
                assert_eq!(opened.0.cursors().unwrap().len(), 1);
                assert_ne!(opened.0.author_key_or([7; 16]).unwrap(), [7; 16]);
                drop(opened);
                assert_eq!(recorded(), Some(FORMAT));
            }
        }
    }

    #[test]
    fn another_format_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        opened(directory.path());
        {
            let database = redb::Database::open(directory.path().join("state.redb")).unwrap();
            let write = database.begin_write().unwrap();
            file::record(&write, "format", FORMAT + 1).unwrap();
            write.commit().unwrap();
        }
        let error = open(directory.path(), &SETTINGS).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Format {
                    found: 4,
                    known: 3,
                    ..
                }
            ),
            "{error}"
        );
    }
}
