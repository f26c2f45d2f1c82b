//! Alerts in the log: what has fired, with whom it has still to reach, and the rules that are spent.

use std::collections::{BTreeMap, HashSet};

use engine::alerts::{Place, Spent};
use model::{AlertKind, Epoch, Window};
use redb::{
    ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction,
};
use serde::{Deserialize, Serialize};

use super::{
    Log, StoreError, file,
    format::{decode, encode, parse},
};

/// Number in the order of firing → its [`Alert`]. Not there before the first one.
pub(super) const ALERTS: TableDefinition<u64, &[u8]> = TableDefinition::new("alerts");
/// A [`Place`] → its [`Spent`]. Not there before the first one.
pub(super) const SPENT: TableDefinition<&[u8], &[u8]> = TableDefinition::new("spent_alerts");

/// The epoch as of which what is kept of alerts stands.
const AS_OF: &str = "alerted";

/// Something that has fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alert {
    /// The same for good, and for no other alert.
    pub(crate) id: String,
    pub(crate) kind: AlertKind,
    /// In the spelling that was shown then.
    pub(crate) tag: String,
    pub(crate) window: Window,
    pub(crate) count: u64,
    pub(crate) people: Option<u64>,
    pub(crate) score: Option<f64>,
    pub(crate) threshold: f64,
    pub(crate) epoch: Epoch,
    /// When the epoch closed, in UTC (RFC 3339).
    pub(crate) at: String,
    /// When it fired by the wall clock, in milliseconds since the Unix epoch.
    pub(crate) fired: u64,
    /// Digests of the addresses that it has still to reach.
    pub(crate) waiting: Vec<u64>,
}

/// The forms that these were ever stored in.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Stored<T> {
    First(T),
}

/// What a commit does to the alerts.
#[derive(Debug, Default)]
pub(crate) struct AlertChange<'a> {
    /// The epoch that `spent` is of, where it is a newer one.
    pub(crate) as_of: Option<Epoch>,
    /// Fresh ones, and those whose waiting has changed, by their numbers.
    pub(crate) alerts: Vec<(u64, &'a Alert)>,
    /// Those with lower numbers leave.
    pub(crate) from: u64,
    /// `None`: armed again.
    pub(crate) spent: BTreeMap<Place, Option<Spent>>,
}

impl Log {
    /// Makes a change of the alerts durable, in one commit.
    pub(crate) fn keep_alerts(&self, change: &AlertChange<'_>) -> Result<(), StoreError> {
        let write = file::begin_write(self.database())?;
        {
            let mut table = write.open_table(ALERTS)?;
            for (number, alert) in &change.alerts {
                table.insert(number, encode(&Stored::First(*alert))?.as_slice())?;
            }
            while table
                .first()?
                .is_some_and(|(number, _)| number.value() < change.from)
            {
                table.pop_first()?;
            }
            let mut table = write.open_table(SPENT)?;
            for (place, spent) in &change.spent {
                let place = postcard::to_stdvec(place)?;
                match spent {
                    Some(spent) => {
                        let value = encode(&Stored::First(spent))?;
                        table.insert(place.as_slice(), value.as_slice())?;
                    }
                    None => {
                        table.remove(place.as_slice())?;
                    }
                }
            }
        }
        if let Some(as_of) = change.as_of {
            file::record(&write, AS_OF, as_of.0)?;
        }
        write.commit()?;
        Ok(())
    }

    /// The alerts of both in the order in which they fired, each once; the rules are armed as the newer of
    /// both says.
    pub(super) fn give_alerts(
        &self,
        other: &Self,
        to: &WriteTransaction,
    ) -> Result<(), StoreError> {
        let mut all = self.alerts()?;
        let ids: HashSet<String> = all.iter().map(|(_, alert)| alert.id.clone()).collect();
        let theirs = other.alerts()?.into_iter();
        all.extend(theirs.filter(|(_, alert)| !ids.contains(&alert.id)));
        all.sort_by_key(|(_, alert)| alert.fired);
        let mut table = to.open_table(ALERTS)?;
        table.retain(|_, _| false)?;
        for (number, (_, alert)) in (0..).zip(all) {
            table.insert(number, encode(&Stored::First(alert))?.as_slice())?;
        }
        let (here, _) = self.spent_alerts()?;
        let (there, spent) = other.spent_alerts()?;
        if there > here {
            let mut table = to.open_table(SPENT)?;
            table.retain(|_, _| false)?;
            for (place, spent) in spent {
                let place = postcard::to_stdvec(&place)?;
                table.insert(place.as_slice(), encode(&Stored::First(spent))?.as_slice())?;
            }
            file::record(to, AS_OF, there.0)?;
        }
        Ok(())
    }

    /// All that are kept with their numbers, the oldest first.
    pub(crate) fn alerts(&self) -> Result<Vec<(u64, Alert)>, StoreError> {
        let Some(table) = there(self.database().begin_read()?.open_table(ALERTS))? else {
            return Ok(Vec::new());
        };
        let mut alerts = Vec::new();
        for row in table.iter()? {
            let (number, stored) = row?;
            let Stored::First(alert) = decode(stored.value())?;
            alerts.push((number.value(), alert));
        }
        Ok(alerts)
    }

    /// The rules that are not armed, and the epoch as of which that is so.
    pub(crate) fn spent_alerts(&self) -> Result<(Epoch, Vec<(Place, Spent)>), StoreError> {
        let Some(table) = there(self.database().begin_read()?.open_table(SPENT))? else {
            return Ok((Epoch(0), Vec::new()));
        };
        let mut spent = Vec::new();
        for row in table.iter()? {
            let (place, stored) = row?;
            let Stored::First(one) = decode(stored.value())?;
            spent.push((parse(place.value())?, one));
        }
        let as_of = file::recorded(self.database(), AS_OF)?.unwrap_or(0);
        Ok((Epoch(as_of), spent))
    }
}

/// `None` where there was never one.
fn there<K: redb::Key, V: redb::Value>(
    opened: Result<ReadOnlyTable<K, V>, TableError>,
) -> Result<Option<ReadOnlyTable<K, V>>, StoreError> {
    match opened {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use engine::alerts::PlaceKind;

    use super::*;

    fn alert(number: u64) -> Alert {
        Alert {
            id: format!("alert_{number}"),
            kind: AlertKind::Rise,
            tag: "#a".to_owned(),
            window: Window::FiveMinutes,
            count: 12,
            people: None,
            score: Some(8.5),
            threshold: 8.0,
            epoch: Epoch(number),
            at: "2026-11-22T18:30:24Z".to_owned(),
            fired: 7,
            waiting: vec![1, 2],
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_the_oldest_leave() {
        let log = Log::in_memory();
        assert_eq!(log.alerts().unwrap(), []);
        assert_eq!(log.spent_alerts().unwrap(), (Epoch(0), Vec::new()));
        let place = |key: &str| Place {
            kind: PlaceKind::Rise(8.0_f64.to_bits()),
            key: key.to_owned(),
        };
        let spent = Spent {
            since: Epoch(3),
            low_since: Some(Epoch(4)),
        };
        let all: Vec<Alert> = (0..4).map(alert).collect();
        log.keep_alerts(&AlertChange {
            as_of: Some(Epoch(4)),
            alerts: (0..).zip(&all).collect(),
            from: 0,
            spent: BTreeMap::from([(place("a"), Some(spent)), (place("b"), Some(spent))]),
        })
        .unwrap();
        let reached = Alert {
            waiting: Vec::new(),
            ..alert(3)
        };
        log.keep_alerts(&AlertChange {
            alerts: vec![(3, &reached)],
            from: 2,
            spent: BTreeMap::from([(place("b"), None)]),
            ..AlertChange::default()
        })
        .unwrap();
        assert_eq!(log.alerts().unwrap(), [(2, alert(2)), (3, reached)]);
        let (as_of, kept) = log.spent_alerts().unwrap();
        assert_eq!((as_of, kept), (Epoch(4), vec![(place("a"), spent)]));
    }
}
