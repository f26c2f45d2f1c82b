//! `tagtide count` against other programs on the same file.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::ensure;

use super::{
    Scale,
    data::{self, Data, Form},
    plain,
    table::Table,
};

const PIPELINE: &str = "LC_ALL=C grep -o '#[^ ]*' \"$0\" | LC_ALL=C sort | uniq -c | sort -rn";

pub(crate) fn measure(scale: Scale, cores: usize, table: &mut Table) -> anyhow::Result<()> {
    let text = data::file(Form::Text, scale.lines)?;
    let path = &text.path;
    let mut distinct = 0;
    let tuned = best(scale.runs, || {
        distinct = plain::tuned(path, 1)?;
        Ok(())
    })?;
    table.section(&format!(
        "text: {} lines, {} bytes, {distinct} distinct words with a hash sign",
        text.lines, text.bytes
    ));
    let beside = |took: Duration| {
        let ratio = tuned.as_secs_f64() / took.as_secs_f64();
        format!("{ratio:.2} × tuned")
    };
    let mut row = |what: &str, took: Duration| {
        table.speed(what, took, text.lines, text.bytes, beside(took));
    };
    for grammar in ["words", "twitter"] {
        for threads in threads(cores) {
            let took = best(scale.runs, || count(path, grammar, threads))?;
            row(
                &format!("tagtide count --grammar {grammar} --threads {threads}"),
                took,
            );
        }
    }
    for threads in threads(cores) {
        let took = match threads {
            1 => tuned,
            _ => best(scale.runs, || plain::tuned(path, threads).map(drop))?,
        };
        row(&format!("tuned one-pass counter, {threads} threads"), took);
    }
    row(
        "naive one-pass counter",
        best(1, || plain::naive(path).map(drop))?,
    );
    row(
        "wc -l",
        best(scale.runs, || run(Command::new("wc").arg("-l").arg(path)))?,
    );
    let pipeline = best(1, || {
        run(Command::new("sh").arg("-c").arg(PIPELINE).arg(path))
    })?;
    row("grep -o | sort | uniq -c | sort -rn", pipeline);

    for (form, name) in [(Form::X, "X v2"), (Form::Jetstream, "Jetstream")] {
        let json = data::file(form, scale.json)?;
        check(&json)?;
        table.section(&format!(
            "{name}: {} lines, {} bytes",
            json.lines, json.bytes
        ));
        for threads in threads(cores) {
            let took = best(scale.runs, || count(&json.path, "twitter", threads))?;
            let what = format!("tagtide count --threads {threads}");
            table.speed(&what, took, json.lines, json.bytes, String::new());
        }
    }
    Ok(())
}

/// One, and all.
fn threads(cores: usize) -> impl Iterator<Item = usize> {
    [1].into_iter().chain((cores > 1).then_some(cores))
}

fn count(path: &Path, grammar: &str, threads: usize) -> io::Result<()> {
    run(tagtide()
        .args(["--grammar", grammar, "--threads", &threads.to_string()])
        .arg(path))
}

fn tagtide() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagtide"));
    command.arg("count");
    command
}

/// That the lines are read as what they are, and none is refused: their tags are those of the texts.
fn check(json: &Data) -> anyhow::Result<()> {
    let text = data::file(Form::Text, json.lines)?;
    let top = |path: &Path| {
        tagtide()
            .args(["--json", "--top", "1000"])
            .arg(path)
            .output()
    };
    ensure!(
        top(&text.path)?.stdout == top(&json.path)?.stdout,
        "the tags of {:?} are not those of {:?}",
        json.path,
        text.path
    );
    Ok(())
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?} ended with {status}")))
    }
}

fn best(runs: u32, mut what: impl FnMut() -> io::Result<()>) -> io::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        let begun = Instant::now();
        what()?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}
