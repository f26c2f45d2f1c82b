//! What the system knows of this process, and of the disk under its data.
//!
//! All of it is asked for when somebody wants to know. What a system does not tell is `None`.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// This process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    begun: SystemTime,
}

/// A process may have as many files open as the system lets it, and not as few as it has without asking:
/// each connection is one.
pub(crate) fn allow_all_files() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::debug!(%error, "no more files may be open");
    }
}

/// What it uses just now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Time of processors.
    pub(crate) busy: Option<Duration>,
    pub(crate) threads: Option<u64>,
    pub(crate) virtual_bytes: Option<u64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    /// How many files it may have open.
    pub(crate) most_files: Option<u64>,
}

/// Bytes of the disk that holds a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) size: u64,
    /// What is left for programs that are not root's.
    pub(crate) free: u64,
}

impl Process {
    /// It begins now.
    pub(crate) fn begins() -> Self {
        Self {
            begun: SystemTime::now(),
        }
    }

    /// In seconds of the Unix epoch. It does not change while the process lives.
    pub(crate) fn begun(self) -> f64 {
        let since = self.begun.duration_since(UNIX_EPOCH);
        since.unwrap_or_default().as_millis() as f64 / 1000.0
    }

    pub(crate) fn usage(self) -> Usage {
        let stat = fs::read_to_string("/proc/self/stat");
        let limits = fs::read_to_string("/proc/self/limits");
        let of_stat = stat.ok().and_then(|stat| of_stat(&stat));
        Usage {
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                // But for the one that they are counted by.
                .map(|files| files.count().saturating_sub(1) as u64),
            most_files: limits.ok().and_then(|limits| most_files(&limits)),
            ..of_stat.unwrap_or_default()
        }
    }
}

/// The fields have numbers, of which the name in parentheses, that may hold anything, is the second.
fn of_stat(stat: &str) -> Option<Usage> {
    let (_, from_third) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = from_third.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)?;
    let busy = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Some(Usage {
        busy: Some(Duration::from_secs_f64(busy)),
        threads: field(20),
        virtual_bytes: field(23),
        resident_bytes: field(24).map(|pages| pages * rustix::param::page_size() as u64),
        ..Usage::default()
    })
}

fn most_files(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    // `unlimited` is no number.
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The disk may take its time.
pub(crate) fn disk(directory: &Path) -> Option<Disk> {
    let told = rustix::fs::statvfs(directory).ok()?;
    Some(Disk {
        size: told.f_blocks * told.f_frsize,
        free: told.f_bavail * told.f_frsize,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_fields() {
        let page = rustix::param::page_size() as u64;
        let ticks = rustix::param::clock_ticks_per_second();
        let stat = format!(
            "7 (a) R 1 (b) S 1 1 1 0 -1 4194304 9 0 0 0 {ticks} {ticks} 0 0 20 0 12 0 99 4096000 10 0"
        );
        let usage = of_stat(&stat).unwrap();
        assert_eq!(usage.busy, Some(Duration::from_secs(2)));
        assert_eq!(
            (usage.threads, usage.virtual_bytes),
            (Some(12), Some(4_096_000))
        );
        assert_eq!(usage.resident_bytes, Some(10 * page));
        assert_eq!(of_stat(""), None);
        assert_eq!(of_stat("7 (a) R 1"), None);
    }

    #[test]
    fn the_soft_limit_is_the_one_that_holds() {
        let limits = "Limit   Soft Limit   Hard Limit   Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(most_files(limits), Some(1024));
        assert_eq!(most_files("Max open files unlimited unlimited files"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_something() {
        let usage = Process::begins().usage();
        assert!(usage.resident_bytes.is_some_and(|bytes| bytes > 1 << 20));
        assert!(usage.virtual_bytes > usage.resident_bytes);
        assert!(usage.threads.is_some_and(|threads| threads > 1));
        assert!(usage.open_files.is_some_and(|files| files > 2));
        assert!(usage.most_files >= usage.open_files);
        let disk = disk(Path::new(".")).unwrap();
        assert!(disk.size > disk.free && disk.free > 0);
    }
}
