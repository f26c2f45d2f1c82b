//! What other code finds: a process that answers one text after the other.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use engine::grammar::Grammar;

#[derive(Debug)]
pub(crate) struct Network {
    process: Child,
    texts: ChildStdin,
    tags: BufReader<ChildStdout>,
}

impl Network {
    /// Starts the code of the network that has this grammar.
    pub(crate) fn start(grammar: Grammar) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
        let mut process = Command::new("node")
            .arg("networks.mjs")
            .arg(grammar.name())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node cannot be started ({error}): {INSTALL}"));
        Self {
            texts: process.stdin.take().expect("piped"),
            tags: BufReader::new(process.stdout.take().expect("piped")),
            process,
        }
    }

    pub(crate) fn tags(&mut self, text: &str) -> Result<Vec<String>, String> {
        let mut line = serde_json::to_string(text).expect("a string");
        line.push('\n');
        let mut answer = String::new();
        let asked = self.texts.write_all(line.as_bytes());
        let read = asked.and_then(|()| self.tags.read_line(&mut answer));
        match read {
            Ok(length) if length > 0 => {
                serde_json::from_str(&answer).map_err(|error| format!("{error}: {answer}"))
            }
            _ => Err(format!("node networks.mjs has ended: {INSTALL}")),
        }
    }
}

const INSTALL: &str = "`.build/setup node networks` installs what this test compares with";

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
