//! `tagtide check`: what a data directory holds, and whether all of it is as it was written.
//!
//! Nothing is changed. redb looks at every page when a file is opened; after that every row is decoded
//! behind its checksum, the state is taken into the count, and the log is counted in behind it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    io::Write as _,
    path::Path,
    time::Duration,
};

use app::address::tag_name;
use engine::{
    count::{Group, Partial, Shape},
    grammar::Grammar,
    key::GROUPS,
};
use jiff::Timestamp;
use model::{Epoch, Filter, Window};

use crate::{
    cli::Check,
    epoch::{end_of, remembered},
    flow,
    store::{self, Held, JudgedTag, Log, Membership, Merging, Settings, State, StoreError, Target},
};

pub(super) fn run(typed: &Check) -> anyhow::Result<()> {
    let (log, state) = store::open_untouched(&typed.data)?;
    let mut report = Report::default();
    if let Err(error) = report.look(&typed.data, &log, &state) {
        report.find(format_args!("{error}"));
    }
    // A reader that is gone is no failure.
    let _ = std::io::stdout().write_all(report.text.as_bytes());
    match report.findings {
        0 => Ok(()),
        findings => anyhow::bail!(
            "{} is damaged (findings: {findings}): restore it from a backup, or begin anew with another --data",
            typed.data.display()
        ),
    }
}

#[derive(Debug, Default)]
struct Report {
    text: String,
    findings: u64,
}

/// What is in the log.
#[derive(Debug, Default)]
struct Sealed {
    epochs: u64,
    first: Epoch,
    last: Epoch,
}

impl Report {
    fn say(&mut self, line: fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{line}");
    }

    fn find(&mut self, finding: fmt::Arguments<'_>) {
        self.findings += 1;
        let _ = writeln!(self.text, "damaged: {finding}");
    }

    fn look(&mut self, directory: &Path, log: &Log, state: &State) -> Result<(), StoreError> {
        let Settings { batch, grammar } = log.settings()?;
        self.say(format_args!(
            "{}: format {}, --batch {}, --grammar {grammar}",
            directory.display(),
            store::FORMAT,
            humantime::format_duration(batch),
        ));
        self.membership(&log.membership()?);
        let mut groups = self.restore(state, batch)?;
        let stands = groups.values().map(Group::as_of);
        let held: Vec<Epoch> = stands.filter(|as_of| *as_of > Epoch(0)).collect();
        let (oldest, newest) = (held.iter().min().copied(), held.iter().max().copied());
        let sealed = self.count(log, &mut groups)?;
        if let Err(error) = flow::check(log, state) {
            self.find(format_args!("{error}"));
        }

        self.say(format_args!("log.redb     {}", size(directory, "log.redb")));
        let last = log.last()?;
        if sealed.epochs > 0 {
            self.say(format_args!(
                "  {} sealed epochs: {} ({}) to {} ({})",
                sealed.epochs,
                sealed.first.0,
                at(sealed.first, batch),
                sealed.last.0,
                at(sealed.last, batch),
            ));
        } else {
            self.say(format_args!("  no sealed epochs; the last was {}", last.0));
        }
        for (identity, cursor) in log.cursors()? {
            self.say(format_args!(
                "  {} is read up to {}",
                printable(&identity),
                printable(&cursor.0)
            ));
        }
        match remembered(log, grammar, batch) {
            Ok(posts) => self.say(format_args!("  {} posts can be retracted", posts.len())),
            Err(error) => self.find(format_args!("log.redb: remembered posts: {error}")),
        }
        self.receipts(log, last);
        self.alerts(log, last);
        self.actions(log, grammar);
        self.say(format_args!(
            "state.redb   {}",
            size(directory, "state.redb")
        ));
        if let (Some(oldest), Some(newest)) = (oldest, newest) {
            self.say(format_args!(
                "  {} of {GROUPS} key groups, as of epoch {} to {} ({})",
                held.len(),
                oldest.0,
                newest.0,
                at(newest, batch),
            ));
        } else {
            self.say(format_args!("  nothing is written down yet"));
        }
        if !groups.is_empty() {
            self.windows(&groups, last, batch);
        }
        Ok(())
    }

    fn membership(&mut self, membership: &Membership) {
        let Held {
            processes, parts, ..
        } = &membership.held;
        if let Some(to) = membership.given_to {
            self.say(format_args!(
                "  process {to} of its cluster has taken it over"
            ));
        } else if membership.mark != 0 {
            let parts: Vec<_> = parts.iter().map(u64::to_string).collect();
            let parts = parts.join(" and ");
            self.say(format_args!(
                "  process {parts} of {processes} of a cluster"
            ));
        }
    }

    /// The stored state as groups; none where it is damaged.
    fn restore(
        &mut self,
        state: &State,
        batch: Duration,
    ) -> Result<BTreeMap<u8, Group>, StoreError> {
        let shape = Shape {
            batch_ms: batch.as_millis() as u64,
            // Nothing is dropped here, whatever bound it was counted with.
            max_tags: u64::from(u32::MAX),
        };
        let group = |number| (number, Group::new(number, shape));
        let mut groups: BTreeMap<u8, Group> = (0..GROUPS).map(group).collect();
        let mut rows = state.rows()?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) if self.findings > 0 => return Ok(BTreeMap::new()),
                Ok(None) => return Ok(groups),
                Err(error @ StoreError::Redb(_)) => return Err(error),
                Err(error) => {
                    self.find(format_args!("state.redb: {error}"));
                    continue;
                }
            };
            let number = row.group;
            match (groups.get_mut(&number), row.decode()) {
                // With a row missing the others may not fit together.
                (Some(_), Ok(_)) if self.findings > 0 => {}
                (Some(group), Ok(row)) => group.restore(row),
                (None, _) => self.find(format_args!("state.redb: there is no key group {number}")),
                (_, Err(error)) => {
                    self.find(format_args!("state.redb: key group {number}: {error}"));
                }
            }
        }
    }

    /// Counts the log in.
    fn count(&mut self, log: &Log, groups: &mut BTreeMap<u8, Group>) -> Result<Sealed, StoreError> {
        let (last, dropped) = (log.last()?, log.dropped()?);
        let mut sealed = Sealed::default();
        let mut before = Epoch(0);
        loop {
            let (epoch, deltas) = match log.next(before) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error @ StoreError::Redb(_)) => return Err(error),
                Err(error) => {
                    // Which one it is the error does not say, nor what comes behind it.
                    self.find(format_args!(
                        "log.redb: the epoch after {}: {error}",
                        before.0
                    ));
                    return Ok(sealed);
                }
            };
            if sealed.epochs == 0 {
                sealed.first = epoch;
            }
            sealed.epochs += 1;
            sealed.last = epoch;
            before = epoch;
            let mut deltas: BTreeMap<u8, _> = deltas.into_iter().collect();
            for (number, group) in &mut *groups {
                group.apply(epoch, deltas.remove(number).unwrap_or_default());
            }
            if let Some(number) = deltas.keys().find(|number| **number >= GROUPS) {
                self.find(format_args!("log.redb: there is no key group {number}"));
            }
        }
        if sealed.epochs > 0 && sealed.first <= dropped {
            self.find(format_args!(
                "log.redb: it begins with epoch {} and should begin after {}",
                sealed.first.0, dropped.0
            ));
        }
        if sealed.last.max(dropped) != last {
            self.find(format_args!(
                "log.redb: it ends with epoch {} and should end with {}",
                sealed.last.0, last.0
            ));
        }
        Ok(sealed)
    }

    fn receipts(&mut self, log: &Log, last: Epoch) {
        let (mut number, mut ahead) = (0_u64, 0_u64);
        let read = log.receipts(|_, _, receipt| {
            number += 1;
            ahead += u64::from(receipt.epoch > last);
        });
        match read {
            Ok(()) if ahead == 0 => self.say(format_args!(
                "  {number} deliveries under a key are remembered"
            )),
            Ok(()) => self.find(format_args!(
                "log.redb: {ahead} receipts are of epochs after the last"
            )),
            Err(error) => self.find(format_args!("log.redb: receipts: {error}")),
        }
    }

    fn alerts(&mut self, log: &Log, last: Epoch) {
        let read = log
            .alerts()
            .and_then(|alerts| Ok((alerts, log.spent_alerts()?)));
        let (alerts, (as_of, spent)) = match read {
            Ok(read) => read,
            Err(error) => return self.find(format_args!("log.redb: alerts: {error}")),
        };
        let ahead = alerts
            .iter()
            .filter(|(_, alert)| alert.epoch > last)
            .count();
        if ahead > 0 || as_of > last {
            return self.find(format_args!(
                "log.redb: {ahead} alerts are of epochs after the last, and those that have fired as of {}",
                as_of.0
            ));
        }
        let ids: BTreeSet<&str> = alerts.iter().map(|(_, alert)| alert.id.as_str()).collect();
        if ids.len() < alerts.len() {
            return self.find(format_args!("log.redb: two alerts have the same id"));
        }
        let waiting = alerts.iter().filter(|(_, alert)| !alert.waiting.is_empty());
        self.say(format_args!(
            "  {} alerts are kept, {} of them to be delivered; {} tags fire only when they have fallen",
            alerts.len(),
            waiting.count(),
            spent.len()
        ));
    }

    fn actions(&mut self, log: &Log, grammar: Grammar) {
        let (mut actions, mut blocked, mut approved) = (0_u64, 0_u64, 0_u64);
        let (mut merged, mut wrong) = (0_u64, 0_u64);
        let mut named = |key: &str, tag: &str| {
            let named = grammar.key_of(&tag_name(tag));
            wrong += u64::from(named.is_none_or(|named| named.as_str() != key));
        };
        let read = log
            .actions(|_, _| actions += 1)
            .and_then(|()| {
                log.blocked(|key, JudgedTag { tag, .. }| {
                    blocked += 1;
                    named(key, &tag);
                })
            })
            .and_then(|()| {
                log.approved(|key, JudgedTag { tag, .. }| {
                    approved += 1;
                    named(key, &tag);
                })
            })
            .and_then(|()| {
                log.merges(|key, Merging { tag, target, .. }| {
                    named(key, &tag);
                    if let Some(Target { key, tag }) = target {
                        merged += 1;
                        named(&key, &tag);
                    }
                })
            })
            .and_then(|()| log.is_reviewed());
        match read {
            Ok(is_reviewed) if wrong == 0 => {
                self.say(format_args!(
                    "  {blocked} hashtags are blocked by operators, of whom {actions} actions are kept"
                ));
                let only = if is_reviewed {
                    ", and only those are shown"
                } else {
                    ""
                };
                self.say(format_args!("  {approved} hashtags are approved{only}"));
                self.say(format_args!("  {merged} hashtags are shown as others"));
            }
            Ok(_) => self.find(format_args!(
                "log.redb: {wrong} blocked, approved or merged hashtags are under another's key"
            )),
            Err(error) => self.find(format_args!("log.redb: actions of operators: {error}")),
        }
    }

    fn windows(&mut self, groups: &BTreeMap<u8, Group>, last: Epoch, batch: Duration) {
        let parts = groups
            .values()
            .map(|group| group.partial(Filter::default(), 1));
        let whole = Partial::merge(parts, 1);
        self.say(format_args!("counts       as of {}", at(last, batch)));
        for (window, part) in Window::ALL.into_iter().zip(&whole.parts) {
            self.say(format_args!(
                "  {:<4} {} posts, {} mentions of {} tags",
                window.name(),
                part.posts,
                part.mentions,
                part.tags
            ));
        }
    }
}

/// When an epoch ended.
pub(super) fn at(epoch: Epoch, batch: Duration) -> String {
    let millis = i64::try_from(end_of(epoch, batch)).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    at.to_string()
}

fn size(directory: &Path, name: &str) -> String {
    match std::fs::metadata(directory.join(name)) {
        Ok(file) => format!("{:.1} MiB", file.len() as f64 / f64::from(1 << 20)),
        Err(error) => error.to_string(),
    }
}

/// A source may put anything into its cursor.
fn printable(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
