//! The list of a cluster's processes.

use std::{collections::HashSet, fs, str::FromStr};

use engine::key::GROUPS;
use sha2::{Digest, Sha256};

/// `HOST:PORT` of each process, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn at(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }

    /// What tells the cluster from others.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for part in &self.0 {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }

    fn of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let named = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let hosts: Vec<String> = lines.map(str::trim).filter(named).map(Into::into).collect();
        let is_host = |host: &&String| {
            let parts = host.rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        if let Some(bad) = hosts.iter().find(|host| !is_host(host)) {
            return Err(format!("{bad:?} is no HOST:PORT, such as 10.0.0.1:2101"));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = hosts.iter().find(|host| !seen.insert(host.as_str())) {
            return Err(format!("{twice} is there twice"));
        }
        match hosts.len() {
            0 => Err("it names no HOST:PORT".to_owned()),
            // More would have nothing to count.
            many if many > usize::from(GROUPS) => Err(format!("{GROUPS} processes at most")),
            _ => Ok(Self(hosts)),
        }
    }
}

/// A file with a host on each line, or the hosts themselves with commas between them.
impl FromStr for Hosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(',') {
            return Self::of_lines(text.split(','));
        }
        let lines = fs::read_to_string(text).map_err(|error| format!("cannot be read: {error}"))?;
        Self::of_lines(lines.lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_list_name_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        fs::write(&path, "# two\na:1\n\n  b:2 \n").unwrap();
        let of_file: Hosts = path.to_str().unwrap().parse().unwrap();
        assert_eq!(of_file, "a:1,b:2".parse().unwrap());
        assert_eq!((of_file.len(), of_file.at(1)), (2, "b:2"));
    }

    #[test]
    fn what_names_no_hosts_is_refused() {
        for bad in ["a,b", "a:1,a:1", "a:1,b:x", ",", "a:1,:2", "/nowhere/hosts"] {
            assert!(bad.parse::<Hosts>().is_err(), "{bad}");
        }
        let many: Vec<_> = (0..65).map(|port| format!("a:{port}")).collect();
        assert!(many.join(",").parse::<Hosts>().is_err());
    }

    #[test]
    fn clusters_are_told_apart() {
        let digest = |hosts: &str| hosts.parse::<Hosts>().unwrap().digest();
        let one = digest("a:1,b:2");
        assert_eq!(one, digest("a:1,b:2"));
        for other in [digest("b:2,a:1"), digest("a:1,b:22")] {
            assert_ne!(one, other);
        }
    }
}
