//! The lines of files, in blocks that several threads can take.
//!
//! **Invariant:** the lines of all blocks are those of the files, each file for itself; no more is held
//! than the blocks that are taken, and an unfinished line.

use std::{
    io::{self, Read},
    mem,
};

use anyhow::Context;

use crate::source::{Lines, compression::text_of};

/// So much is read at once: large enough that taking it costs nothing, small enough that it is
/// still in a core's own cache when it is counted.
const BLOCK: usize = 256 << 10;

/// A file, or why there is none.
pub(super) struct Input {
    name: String,
    bytes: io::Result<Box<dyn Read + Send>>,
}

impl Input {
    pub(super) fn new(name: &str, bytes: io::Result<impl Read + Send + 'static>) -> Self {
        Self {
            name: name.to_owned(),
            bytes: bytes.and_then(text_of),
        }
    }
}

/// What is left of the input.
pub(super) struct Blocks<I> {
    inputs: I,
    open: Option<(String, Box<dyn Read + Send>)>,
    /// The unfinished line.
    lines: Lines,
}

impl<I: Iterator<Item = Input>> Blocks<I> {
    pub(super) fn new(inputs: I) -> Self {
        Self {
            inputs,
            open: None,
            lines: Lines::default(),
        }
    }

    /// Reads the next lines in place of those that `block` held; false at the end, also after an error.
    pub(super) fn next(&mut self, block: &mut Lines) -> anyhow::Result<bool> {
        let more = self.read(block);
        if more.is_err() {
            self.open = None;
            self.inputs.by_ref().for_each(drop);
        }
        more
    }

    fn read(&mut self, block: &mut Lines) -> anyhow::Result<bool> {
        loop {
            let (name, input) = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(Input { name, bytes }) = self.inputs.next() else {
                        return Ok(false);
                    };
                    let bytes = bytes.with_context(|| unreadable(&name))?;
                    self.lines = Lines::of_file(0);
                    self.open.insert((name, bytes))
                }
            };
            match input.read(self.lines.room(BLOCK)) {
                Ok(0) => {
                    self.lines.end();
                    self.open = None;
                    mem::swap(&mut self.lines, block);
                    return Ok(true);
                }
                Ok(read) => {
                    self.lines.filled(read);
                    if self.lines.finished().next().is_some() {
                        self.lines.go_on_in(block);
                        mem::swap(&mut self.lines, block);
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(|| unreadable(name)),
            }
        }
    }
}

fn unreadable(name: &str) -> String {
    format!("{name} cannot be read to its end")
}
