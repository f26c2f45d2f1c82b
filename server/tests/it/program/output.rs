//! What a process writes, collected while it runs.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// What a process has written so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let filled = output.clone();
        thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                filled
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .append(&mut line);
            }
        });
        output
    }

    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[expect(clippy::print_stderr, reason = "shown with the test that failed")]
pub(super) fn show(title: &str, text: &str) {
    eprintln!("--- {title} ---\n{text}---");
}
