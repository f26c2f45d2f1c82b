//! The processes of a cluster as a table.

use std::time::Duration;

use serde::Deserialize;
use unicode_width::UnicodeWidthStr as _;

use super::{duration, printable};

/// A process is told to be silent when nothing has come of it for so long: what is connected says something
/// many times a second.
const SILENT: Duration = Duration::from_secs(2);

/// What `/api/v1/status` answers of them.
#[derive(Debug, Deserialize)]
pub(super) struct Cluster {
    index: usize,
    generation: Option<u64>,
    processes: Vec<Process>,
}

#[derive(Debug, Deserialize)]
struct Process {
    index: usize,
    address: String,
    connected: bool,
    silent_seconds: Option<f64>,
    epoch: Option<u64>,
}

impl Cluster {
    /// Who is away, in words.
    pub(super) fn away(&self) -> Option<String> {
        let away = self.processes.iter().filter(|process| !process.connected);
        let away: Vec<_> = away.map(|process| process.index.to_string()).collect();
        match away.as_slice() {
            [] => None,
            [one] => Some(format!("process {one} is not connected")),
            [most @ .., last] => Some(format!(
                "processes {} and {last} are not connected",
                most.join(", ")
            )),
        }
    }

    pub(super) fn table(&self) -> String {
        let generation = self.generation.map_or_else(
            || "they were not connected yet".to_owned(),
            |generation| format!("generation {generation}"),
        );
        let (index, processes) = (self.index, self.processes.len());
        let mut text = format!("process {index} of {processes}, {generation}\n");
        let addresses = self.processes.iter().map(|one| printable(&one.address));
        let addresses: Vec<_> = addresses.collect();
        let widths = addresses.iter().map(|address| address.width());
        let wide = widths.max().unwrap_or(0);
        for (process, address) in self.processes.iter().zip(&addresses) {
            let gap = " ".repeat(wide - address.width());
            let epoch = process.epoch.map(|epoch| format!(", at epoch {epoch}"));
            text.push_str(&format!(
                "  {}  {address}{gap}  {}{}\n",
                process.index,
                self.state(process),
                epoch.unwrap_or_default(),
            ));
        }
        text
    }

    fn state(&self, process: &Process) -> String {
        let silent = process.silent_seconds;
        let long = silent.filter(|silent| !process.connected || *silent >= SILENT.as_secs_f64());
        let said = match process.connected {
            _ if process.index == self.index => return "this one".to_owned(),
            true => "connected",
            false => "away",
        };
        match long {
            Some(seconds) => format!("{said}, nothing of it for {}", duration(seconds)),
            None => said.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cluster(connected: [bool; 2]) -> Cluster {
        let process = |index: usize, address: &str, connected, silent, epoch| {
            json!({"index": index, "address": address, "connected": connected,
                "silent_seconds": silent, "epoch": epoch})
        };
        let told = json!({
            "index": 1, "generation": 17, "processes": [
                process(0, "a:1", connected[0], Some(3.2), Some(5)),
                process(1, "タグ:2", true, None, Some(6)),
                process(2, "c:3", connected[1], Some(0.1), None),
            ],
        });
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn each_has_a_line() {
        let expected = "\
process 1 of 3, generation 17
  0  a:1     away, nothing of it for 3s, at epoch 5
  1  タグ:2  this one, at epoch 6
  2  c:3     connected
";
        assert_eq!(cluster([false, true]).table(), expected);
        let silent = cluster([true, true]).table();
        assert!(
            silent.contains("connected, nothing of it for 3s"),
            "{silent}"
        );
    }

    #[test]
    fn who_is_away_is_named() {
        let away = |connected| cluster(connected).away();
        assert_eq!(away([true, true]), None);
        assert_eq!(away([true, false]).unwrap(), "process 2 is not connected");
        assert_eq!(
            away([false, false]).unwrap(),
            "processes 0 and 2 are not connected"
        );
    }
}
