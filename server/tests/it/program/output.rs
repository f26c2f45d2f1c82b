//! What a process writes, collected while it runs.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

/// What a process has written so far.
#[derive(Debug)]
pub(super) struct Output {
    written: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
}

impl Output {
    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        let written = Arc::default();
        let filled: Arc<Mutex<Vec<u8>>> = Arc::clone(&written);
        let reading = thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                filled
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .append(&mut line);
            }
        });
        Self {
            written,
            reading: Some(reading),
        }
    }

    /// Waits for what it wrote last; it has ended.
    pub(super) fn finish(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
    }

    pub(super) fn text(&self) -> String {
        let bytes = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[expect(clippy::print_stderr, reason = "shown with the test that failed")]
pub(super) fn show(title: &str, text: &str) {
    eprintln!("--- {title} ---\n{text}---");
}
