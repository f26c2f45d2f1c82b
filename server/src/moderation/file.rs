//! The file of tags that are never shown: one a line, read again when it has changed.
//!
//! **Invariant:** a file that cannot be read or understood changes nothing.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use app::address::tag_name;
use engine::{grammar::Grammar, key::Key};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::Rulebook;

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// Bytes of a file.
const LARGEST: u64 = 16 * 1024 * 1024;

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

impl ListFile {
    /// Reads the file again whenever it has changed.
    pub(crate) async fn follow(self, rules: Rulebook, stop: CancellationToken) {
        let mut file = self;
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
                    rules.change(|rules| rules.of_file = Arc::new(list));
                }
                Ok(None) => {}
                Err(why) => tracing::warn!("{why}; what was blocked stays blocked"),
            }
        }
    }

    /// Refuses a file that is no list.
    pub(crate) fn open(path: PathBuf, grammar: Grammar) -> Result<(Self, Rulebook), Unreadable> {
        let mut file = Self {
            path,
            grammar,
            read: Err(String::new()),
        };
        let rules = Rulebook::default();
        if let Some(list) = file.news()? {
            rules.change(|rules| rules.of_file = Arc::new(list));
        }
        Ok((file, rules))
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
    use model::Epoch;

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
    fn what_is_broken_leaves_the_list_as_it_is_and_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let error = ListFile::open(path.clone(), Grammar::Twitter).unwrap_err();
        assert!(error.to_string().contains("--block"), "{error}");
        fs::write(&path, "#a").unwrap();
        let (mut file, rules) = ListFile::open(path.clone(), Grammar::Twitter).unwrap();
        assert_eq!(*rules.in_force(Epoch(1)).of_file, keys(&["a"]));
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
