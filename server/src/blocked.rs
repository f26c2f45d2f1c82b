//! Tags that are never shown: those of a file, one a line, read again when it has changed.
//!
//! What must stay true: all workers of a process show an epoch by the same list, whenever each of them
//! comes to it; a list is in force from the next epoch on that none of them has come to yet. Processes of
//! a cluster read their files on their own: they may show an epoch by different lists for as long as one
//! has read what another has not. A file that cannot be read or understood changes nothing.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::address::tag_name;
use engine::{grammar::Grammar, key::Key};
use model::Epoch;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// Bytes of a file.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Lists that are kept for workers who are behind: by the epochs that are under way, which are fewer.
const MOST_LISTS: usize = 16;

type List = Arc<HashSet<Key>>;

/// The lists that are in force. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Blocked(Arc<Mutex<Lists>>);

#[derive(Debug)]
struct Lists {
    /// From which epoch on each is in force; the oldest first, and never none.
    lists: Vec<(Epoch, List)>,
    /// The latest epoch that a list was asked for.
    asked: Epoch,
}

/// The file of the list, as it was read last.
#[derive(Debug)]
pub(crate) struct ListFile {
    path: PathBuf,
    grammar: Grammar,
    read: Result<Vec<u8>, String>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
#[error("--block {}: {reason}", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    reason: String,
}

impl Default for Blocked {
    /// Nothing is blocked.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Lists {
            lists: vec![(Epoch(0), List::default())],
            asked: Epoch(0),
        })))
    }
}

impl Blocked {
    pub(crate) fn newest(&self) -> List {
        self.with(|all| all.lists.last().map(|(_, list)| list.clone()))
    }

    /// What an epoch is shown by.
    pub(crate) fn in_force(&self, epoch: Epoch) -> List {
        self.with(|all| {
            all.asked = epoch.max(all.asked);
            let mut newest_first = all.lists.iter().rev();
            let found = newest_first.find(|(from, _)| *from <= epoch);
            found.or(all.lists.first()).map(|(_, list)| list.clone())
        })
    }

    fn replace(&self, list: HashSet<Key>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = Epoch(all.asked.0 + 1);
        all.lists.retain(|(other, _)| *other < from);
        if all.lists.len() == MOST_LISTS {
            all.lists.remove(0);
        }
        all.lists.push((from, Arc::new(list)));
    }

    fn with(&self, find: impl FnOnce(&mut Lists) -> Option<List>) -> List {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&mut all).unwrap_or_default()
    }

    /// Reads the file again whenever it has changed.
    pub(crate) async fn follow(self, mut file: ListFile, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(PERIOD))
            .await
            .is_some()
        {
            let looking = spawn_blocking(move || (file.news(), file));
            let Ok((news, looked)) = looking.await else {
                return;
            };
            file = looked;
            match news {
                Ok(Some(list)) => {
                    tracing::info!("{} tags are blocked", list.len());
                    self.replace(list);
                }
                Ok(None) => {}
                Err(why) => tracing::warn!("{why}; what was blocked stays blocked"),
            }
        }
    }
}

impl ListFile {
    /// Refuses a file that is no list.
    pub(crate) fn open(path: PathBuf, grammar: Grammar) -> Result<(Self, Blocked), Unreadable> {
        let mut file = Self {
            path,
            grammar,
            read: Err(String::new()),
        };
        let blocked = Blocked::default();
        if let Some(list) = file.news()? {
            blocked.replace(list);
        }
        Ok((file, blocked))
    }

    /// The list where it is another one than before; what is wrong is said once.
    fn news(&mut self) -> Result<Option<HashSet<Key>>, Unreadable> {
        let read = bytes(&self.path).map_err(|error| error.to_string());
        if read == self.read {
            return Ok(None);
        }
        self.read = read;
        let list = match &self.read {
            Ok(bytes) => list(bytes, self.grammar),
            Err(reason) => Err(reason.clone()),
        };
        let unreadable = |reason| Unreadable {
            path: self.path.clone(),
            reason,
        };
        list.map(Some).map_err(unreadable)
    }
}

fn bytes(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

fn list(bytes: &[u8], grammar: Grammar) -> Result<HashSet<Key>, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let lines = text.trim_start_matches('\u{feff}').lines();
    let named = (1..).zip(lines.map(str::trim));
    let tag = |(number, name): (usize, &str)| {
        let key = grammar.key_of(&tag_name(name));
        key.ok_or_else(|| format!("line {number} is no hashtag"))
    };
    named
        .filter(|(_, name)| !name.is_empty())
        .map(tag)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use engine::key::key_of;

    use super::*;

    fn keys(names: &[&str]) -> HashSet<Key> {
        names.iter().filter_map(|name| key_of(name)).collect()
    }

    #[test]
    fn a_line_is_a_tag_in_any_spelling() {
        let text = "\u{feff}#Rust\r\n  wasm \n\n#ＷＡＳＭ\n#日本";
        let all = list(text.as_bytes(), Grammar::Twitter).unwrap();
        assert_eq!(all, keys(&["rust", "wasm", "日本"]));
        let words = list(b"C#\nrust\n#Rust", Grammar::Words).unwrap();
        let verbatim = ["C#", "#rust", "#Rust"].map(Key::verbatim);
        assert_eq!(words, HashSet::from(verbatim));
        assert_eq!(list(b"", Grammar::Twitter), Ok(HashSet::new()));
        assert!(
            list(b"#a\n#", Grammar::Twitter)
                .unwrap_err()
                .contains("line 2")
        );
        assert!(
            list(b"#a\n\xff", Grammar::Twitter)
                .unwrap_err()
                .contains("UTF-8")
        );
    }

    #[test]
    fn a_list_is_in_force_from_the_next_epoch_on_for_whoever_comes_to_it() {
        let blocked = Blocked::default();
        assert!(blocked.in_force(Epoch(7)).is_empty());
        blocked.replace(keys(&["a"]));
        // One is behind, another has it before him already.
        assert!(blocked.in_force(Epoch(6)).is_empty());
        assert!(blocked.in_force(Epoch(7)).is_empty());
        assert_eq!(*blocked.newest(), keys(&["a"]));
        assert_eq!(*blocked.in_force(Epoch(8)), keys(&["a"]));
        blocked.replace(keys(&["b"]));
        blocked.replace(keys(&["c"]));
        assert_eq!(*blocked.in_force(Epoch(9)), keys(&["c"]));
        assert_eq!(*blocked.in_force(Epoch(8)), keys(&["a"]));
        for epoch in 10..100 {
            blocked.replace(keys(&["d"]));
            blocked.in_force(Epoch(epoch));
        }
        let lists = blocked.0.lock().unwrap().lists.len();
        assert_eq!(lists, MOST_LISTS);
    }

    #[test]
    fn what_is_broken_leaves_the_list_as_it_is_and_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let error = ListFile::open(path.clone(), Grammar::Twitter).unwrap_err();
        assert!(error.to_string().contains("--block"), "{error}");
        fs::write(&path, "#a").unwrap();
        let (mut file, blocked) = ListFile::open(path.clone(), Grammar::Twitter).unwrap();
        assert_eq!(*blocked.in_force(Epoch(1)), keys(&["a"]));
        assert_eq!(file.news().unwrap(), None);
        fs::write(&path, "\u{85}#\n#b").unwrap();
        file.news().unwrap_err();
        assert_eq!(file.news().unwrap(), None);
        fs::remove_file(&path).unwrap();
        file.news().unwrap_err();
        assert_eq!(file.news().unwrap(), None);
        fs::write(&path, "#b").unwrap();
        assert_eq!(file.news().unwrap(), Some(keys(&["b"])));
    }
}
