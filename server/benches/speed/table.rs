//! The table that is printed.

use std::{
    fmt,
    io::{self, Write},
    time::Duration,
};

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<[String; 5]>);

const HEAD: [&str; 5] = ["", "seconds", "M lines/s", "GB/s", ""];

impl Table {
    pub(crate) fn section(&mut self, title: &str) {
        self.row([title, "", "", "", ""].map(str::to_owned));
    }

    /// So many lines and bytes took so long; `note` is what it is compared with.
    pub(crate) fn speed(
        &mut self,
        what: &str,
        took: Duration,
        lines: u64,
        bytes: u64,
        note: String,
    ) {
        let seconds = took.as_secs_f64();
        self.row([
            format!("  {what}"),
            format!("{seconds:.3}"),
            format!("{:.2}", lines as f64 / seconds / 1e6),
            format!("{:.2}", bytes as f64 / seconds / 1e9),
            note,
        ]);
    }

    /// What is no speed.
    pub(crate) fn note(&mut self, what: &str, note: String) {
        let none = String::new;
        self.row([format!("  {what}"), none(), none(), none(), note]);
    }

    fn row(&mut self, cells: [String; 5]) {
        let shown = cells.each_ref().map(String::as_str).join("  ");
        // Who waits for minutes sees what is done; the table comes at the end.
        let _ = writeln!(io::stderr(), "{}", shown.trim_end());
        self.0.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = HEAD.map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.0);
        let width = |column: usize| {
            rows()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let [what, seconds, lines, bytes] = [width(0), width(1), width(2), width(3)];
        for row in rows() {
            let line = format!(
                "{:<what$}  {:>seconds$}  {:>lines$}  {:>bytes$}  {}",
                row[0], row[1], row[2], row[3], row[4]
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
