//! What several processes cost and give, all of them on this machine: `server/SCALE.md` reckons with it.
//!
//! * Posts of X, each once, as fast as one, two and three processes take them: what a million costs, on processors,
//!   on disk and between the processes.
//! * What goes between two processes when so many tags change.
//! * How long it takes from the death of one of them to results again, with so many tags in their stores.

mod cluster;

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;

use super::{
    Scale,
    data::{self, Data, Form},
    live::Usage,
    posts,
    table::Table,
};
use cluster::Cluster;

const PROCESSES: [usize; 3] = [1, 2, 3];

/// So many tags change.
const TAGS: [u64; 2] = [100_000, 1_000_000];

/// The length of an epoch where many posts are counted, in milliseconds.
const LONG: u64 = 2000;

/// The same where it is looked how soon there are results.
const SHORT: u64 = 200;

/// What goes between processes that have nothing to count is measured for so long.
const IDLE: Duration = Duration::from_secs(5);

/// What has changed is in the store after that.
const CHECKPOINTED: Duration = Duration::from_secs(12);

/// A large store is written within that, all of it.
const STORED: Duration = Duration::from_secs(120);

pub(crate) fn measure(scale: Scale, cores: usize, table: &mut Table) -> anyhow::Result<()> {
    let json = data::file(Form::X, scale.lines / 2)?;
    table.section(&format!(
        "scale: {} posts of X, {} bytes, as fast as all processes together take them",
        json.lines, json.bytes
    ));
    for processes in PROCESSES {
        fed(&json, processes, cores, table)?;
    }
    table.section("scale: two processes, epochs of 0.2 s");
    let cluster = Cluster::start(2, 1, SHORT)?;
    let idle = idle(&cluster)?;
    table.note(
        "nothing to count",
        format!("{:.1} kB/s between them", idle / 1e3),
    );
    let mut cluster = cluster;
    let empty = died("no tags", Duration::ZERO, &mut cluster, table)?;
    let mut counted = 0;
    for tags in TAGS.into_iter().filter(|tags| *tags <= scale.tags) {
        changed(&cluster, tags, &mut counted, idle, table)?;
        stored(&cluster)?;
        died(&format!("{tags} tags"), empty, &mut cluster, table)?;
    }
    cluster.end()
}

/// Each process is fed its share.
fn fed(json: &Data, processes: usize, cores: usize, table: &mut Table) -> anyhow::Result<()> {
    let workers = (cores / processes).max(1);
    let cluster = Cluster::start(processes, workers, LONG)?;
    let before = cluster.usage()?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let programs = cluster.programs().iter().enumerate();
        let feeding: Vec<_> = programs
            .map(|(index, program)| {
                scope.spawn(move || program.write(part(json, index, processes)?))
            })
            .collect();
        let fed = feeding.into_iter().map(|feeding| {
            feeding
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        fed.collect::<io::Result<()>>()
    })?;
    cluster.wait(json.lines)?;
    let took = begun.elapsed();
    let seconds = cluster.usage()?.seconds - before.seconds;
    thread::sleep(CHECKPOINTED);
    let Usage { peak, written, .. } = cluster.usage()?;
    let [exchanged, sealed, checkpoints] = [
        "tagtide_cluster_sent_bytes_total",
        "tagtide_seal_bytes_total",
        "tagtide_checkpoint_bytes_total",
    ]
    .map(|name| cluster.sum(name));
    cluster.end()?;

    let what = match processes {
        1 => format!("1 process, --workers {workers}"),
        _ => format!("{processes} processes, --workers {workers}"),
    };
    let millions = json.lines as f64 / 1e6;
    let note = format!("{:.2} processor seconds per M posts", seconds / millions);
    table.speed(&what, took, json.lines, json.bytes, note);
    let epochs = took.as_secs_f64() * 1e3 / LONG as f64;
    let exchanged = exchanged?;
    table.note(
        "  between them",
        format!(
            "{:.2} MB an epoch, {:.1} MB per M posts",
            exchanged / epochs / 1e6,
            exchanged / millions / 1e6
        ),
    );
    table.note(
        "  to disk, memory",
        format!(
            "{:.0} MB per M posts, of them sealed {:.1} MB and checkpoints {:.1} MB; peak {} MB, all together",
            (written - before.written) as f64 / millions / 1e6,
            sealed? / millions / 1e6,
            checkpoints? / millions / 1e6,
            peak >> 20
        ),
    );
    Ok(())
}

/// The lines of which part `index` of so many consists.
fn part(json: &Data, index: usize, parts: usize) -> io::Result<impl Read> {
    let begin = |index: usize| -> io::Result<u64> {
        let at = json.bytes * index as u64 / parts as u64;
        if index == 0 || index == parts {
            return Ok(at);
        }
        let mut from = BufReader::new(File::open(&json.path)?);
        from.seek(SeekFrom::Start(at))?;
        Ok(at + from.skip_until(b'\n')? as u64)
    };
    let mut from = File::open(&json.path)?;
    from.seek(SeekFrom::Start(begin(index)?))?;
    Ok(from.take(begin(index + 1)? - begin(index)?))
}

/// Bytes a second that go between processes without posts.
fn idle(cluster: &Cluster) -> anyhow::Result<f64> {
    let (begun, before) = (Instant::now(), cluster.exchanged()?);
    thread::sleep(IDLE);
    Ok((cluster.exchanged()? - before) / begun.elapsed().as_secs_f64())
}

/// So many tags are mentioned once, half of them at each process.
fn changed(
    cluster: &Cluster,
    tags: u64,
    counted: &mut u64,
    idle: f64,
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut lines = String::new();
    for rank in 0..tags {
        let _ = writeln!(lines, "#{}", posts::tag(rank));
    }
    let (begun, before) = (Instant::now(), cluster.exchanged()?);
    let half = lines.len() / 2;
    let half = half + lines[half..].find('\n').map_or(0, |end| end + 1);
    for (program, lines) in cluster
        .programs()
        .iter()
        .zip([&lines[..half], &lines[half..]])
    {
        program.write(lines.as_bytes())?;
    }
    *counted += tags;
    cluster.wait(*counted)?;
    let took = begun.elapsed();
    let bytes = cluster.exchanged()? - before - idle * took.as_secs_f64();
    table.note(
        &format!("{tags} tags change"),
        format!(
            "{:.1} MB between them, {:.0} bytes for each that the other one keeps; shown after {took:.1?}",
            bytes / 1e6,
            bytes / (tags as f64 / 2.0)
        ),
    );
    Ok(())
}

/// Until nothing is left to be written.
fn stored(cluster: &Cluster) -> anyhow::Result<()> {
    let begun = Instant::now();
    let written = || cluster.sum("tagtide_checkpoint_bytes_total");
    let mut before = written()?;
    loop {
        thread::sleep(CHECKPOINTED);
        let now = written()?;
        if now - before < 1e6 {
            return Ok(());
        }
        before = now;
        ensure!(begun.elapsed() < STORED, "its checkpoints have no end");
    }
}

/// One of them dies and is started again at once. Without anything stored it takes `empty`.
fn died(
    what: &str,
    empty: Duration,
    cluster: &mut Cluster,
    table: &mut Table,
) -> anyhow::Result<Duration> {
    let stored = cluster.stored()? as f64;
    let took = cluster.kill_and_start_again()?;
    let mut note = format!(
        "{:.2} s; {:.1} MB in their state.redb",
        took.as_secs_f64(),
        stored / 1e6
    );
    if !empty.is_zero() {
        let loading = took.saturating_sub(empty).as_secs_f64();
        let _ = write!(note, ", {:.0} s for each GB of it", loading / stored * 1e9);
    }
    table.note(&format!("kill -9 to results, {what}"), note);
    Ok(took)
}
