//! `--print`: what the tutorial's Spark job prints, once an epoch: a line with the time, and the
//! all-time top ten as Spark's `show()` draws a table.
//!
//! Nothing here waits for whoever reads the output: a thread of its own writes, epochs that it cannot
//! keep up with are left out, and closed output only ends the printing. No control character reaches a
//! terminal.

use std::{
    io::Write,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    time::Duration,
};

use model::{Ranking, Row, Window};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{live::Live, results::Results};

/// Rows of the tutorial's board.
const ROWS: usize = 10;
/// Epochs that may wait for a slow reader.
const QUEUE: usize = 16;
/// How long the last epochs may take to be written when the program ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Cells longer than this are cut.
const CELL: usize = 20;
const MIN_WIDTH: usize = 3;

/// Prints every epoch to standard output until the program ends or nobody reads it any more.
pub(crate) async fn to_stdout(live: Live, stop: CancellationToken) {
    run(live, std::io::stdout(), stop).await;
}

/// Prints every epoch to `out` until the program ends or nobody reads any more.
async fn run(mut live: Live, out: impl Write + Send + 'static, stop: CancellationToken) {
    let (queue, waiting) = sync_channel(QUEUE);
    let (done, written) = oneshot::channel();
    let writer = std::thread::Builder::new().name("print".to_owned());
    if let Err(error) = writer.spawn(move || {
        write_all(out, &waiting);
        let _ = done.send(());
    }) {
        tracing::error!(%error, "cannot print: no thread for it");
        return;
    }
    give(&mut live, &queue, &stop).await;
    drop(queue);
    let _ = tokio::time::timeout(FAREWELL, written).await;
}

/// Hands each epoch over until the program or the writer ends.
async fn give(live: &mut Live, queue: &SyncSender<String>, stop: &CancellationToken) {
    let mut left_out = false;
    while let Some(Some(results)) = stop.run_until_cancelled(live.next()).await {
        match queue.try_send(epoch(&results)) {
            Ok(()) => left_out = false,
            Err(TrySendError::Full(_)) if left_out => {}
            Err(TrySendError::Full(_)) => {
                left_out = true;
                tracing::warn!("standard output is read too slowly: tables are left out");
            }
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

fn write_all(mut out: impl Write, waiting: &Receiver<String>) {
    for text in waiting {
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            tracing::warn!(%error, "nothing is printed any more: standard output is closed");
            return;
        }
    }
}

/// All that is printed for one epoch. Before the first hashtag that is the line with the time.
fn epoch(results: &Results) -> String {
    let top = results.top(Window::All, Ranking::Count);
    let mut text = format!("----------- {} -----------\n", clock(&top.at));
    if !top.rows.is_empty() {
        text.push_str(&table(&top.rows[..top.rows.len().min(ROWS)]));
        text.push('\n');
    }
    text
}

/// `2026-11-22T18:30:24.5Z` as `2026-11-22 18:30:24`.
fn clock(at: &str) -> String {
    at.get(..19).unwrap_or(at).replacen('T', " ", 1)
}

/// The rows as `show()` draws them, with the columns of the tutorial's query.
fn table(rows: &[Row]) -> String {
    let mut lines = vec![["hashtag".to_owned(), "hashtag_count".to_owned()]];
    lines.extend(
        rows.iter()
            .map(|row| [cell(&row.tag), row.count.to_string()]),
    );
    let widths = [0, 1].map(|column| {
        let widest = lines.iter().map(|line| width(&line[column])).max();
        widest.unwrap_or_default().max(MIN_WIDTH)
    });
    let border = format!("+{}+{}+\n", "-".repeat(widths[0]), "-".repeat(widths[1]));
    let mut text = border.clone();
    for (index, line) in lines.iter().enumerate() {
        for (cell, width_of_column) in line.iter().zip(widths) {
            text.push('|');
            text.extend(std::iter::repeat_n(' ', width_of_column - width(cell)));
            text.push_str(cell);
        }
        text.push_str("|\n");
        if index == 0 {
            text.push_str(&border);
        }
    }
    text + &border
}

/// A tag as it may be printed: Spark's escapes where it has one, else Rust's, then cut.
fn cell(tag: &str) -> String {
    let mut text = String::with_capacity(tag.len());
    for char in tag.chars() {
        match char {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\x0c' => text.push_str("\\f"),
            '\x08' => text.push_str("\\b"),
            '\x0b' => text.push_str("\\v"),
            '\x07' => text.push_str("\\a"),
            // Controls, and what turns the direction of the text around it.
            _ if char.is_control() || is_direction(char) => text.extend(char.escape_unicode()),
            _ => text.push(char),
        }
    }
    if text.chars().count() <= CELL {
        return text;
    }
    text.chars().take(CELL - 3).chain("...".chars()).collect()
}

fn is_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Columns that Spark gives a text: two for what it takes as a full-width character.
fn width(text: &str) -> usize {
    let wide = |char: char| {
        matches!(
            char,
            '\u{1100}'..='\u{115f}'
                | '\u{2e80}'..='\u{a4cf}'
                | '\u{ac00}'..='\u{d7a3}'
                | '\u{f900}'..='\u{faff}'
                | '\u{fe10}'..='\u{fe19}'
                | '\u{fe30}'..='\u{fe6f}'
                | '\u{ff00}'..='\u{ff60}'
                | '\u{ffe0}'..='\u{ffe6}'
        )
    };
    // Spark counts UTF-16 units, so a character beyond the BMP has two columns as well.
    text.chars()
        .map(|char| if wide(char) { 2 } else { char.len_utf16() })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        io::Read,
        task::Poll::{self, Ready},
    };

    use super::*;
    use crate::web::testing::{Counting, row};

    #[test]
    fn a_table_as_spark_draws_it() {
        let rows = [
            row(1, "#rust", 1234),
            row(2, "#タグ", 9),
            row(3, "#aaaaaaaaaaaaaaaaaaaaaaaaa", 1),
        ];
        let expected = "\
+--------------------+-------------+
|             hashtag|hashtag_count|
+--------------------+-------------+
|               #rust|         1234|
|               #タグ|            9|
|#aaaaaaaaaaaaaaaa...|            1|
+--------------------+-------------+
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_heads() {
        let expected = "\
+-------+-------------+
|hashtag|hashtag_count|
+-------+-------------+
|     #a|            2|
+-------+-------------+
";
        assert_eq!(table(&[row(1, "#a", 2)]), expected);
    }

    #[test]
    fn no_control_character_is_printed() {
        assert_eq!(cell("#a\x1b[31m\n"), "#a\\u{1b}[31m\\n");
        assert_eq!(cell("#\u{202e}x"), "#\\u{202e}x");
    }

    #[test]
    fn the_time_is_that_of_the_epoch() {
        assert_eq!(clock("2026-11-22T18:30:24Z"), "2026-11-22 18:30:24");
        assert_eq!(clock("2026-11-22T18:30:24.500Z"), "2026-11-22 18:30:24");
        assert_eq!(clock("soon"), "soon");
    }

    /// Output that was closed on the other side.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn closed_output_ends_only_the_printing() {
        let counting = Counting::default();
        let printing = tokio::spawn(run(counting.live(), Closed, CancellationToken::new()));
        for epoch in 1.. {
            if printing.is_finished() {
                break;
            }
            counting.show(epoch, &[("#a", epoch)]);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        printing.await.unwrap();
    }

    /// Output that takes nothing until its gate is gone.
    struct Gated<W> {
        gate: Receiver<()>,
        out: W,
    }

    impl<W: Write> Write for Gated<W> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // It never opens but by the loss of the other side.
            let _ = self.gate.recv();
            self.out.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.out.flush()
        }
    }

    #[tokio::test]
    async fn the_newest_epoch_is_written_before_the_end() {
        let (mut read, out) = std::io::pipe().unwrap();
        let (opens, gate) = sync_channel(0);
        let counting = Counting::default();
        let stop = CancellationToken::new();
        counting.show(7, &[]);
        let mut printing = Box::pin(run(counting.live(), Gated { gate, out }, stop.clone()));
        let mut waits = async || poll_fn(|context| Ready(printing.as_mut().poll(context))).await;
        counting.show(8, &[]);
        assert_eq!(waits().await, Poll::Pending, "it waits for epochs");
        stop.cancel();
        assert_eq!(waits().await, Poll::Pending, "it waits for its output");
        drop(opens);
        printing.await;
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "----------- 2026-11-22 18:30:08 -----------\n");
    }
}
