//! How fast tagtide is: one table, all of it measured in one run on generated data.
//!
//! * `posts` the generator, `data` its files in `target/bench`
//! * `files` `tagtide count` against other programs, `plain` the counters that are compared with it
//! * `live` a running server that is fed over loopback
//! * `load` a running server that many ask at once
//! * `epoch` what an epoch costs
//! * `scale` several processes that count together
//!
//! `make bench ARGS=--quick` takes a tenth of the data and of the time; a word (`files`, `live`, `load`,
//! `epoch`, `scale`) takes that part alone.

mod data;
mod epoch;
mod files;
mod live;
mod load;
mod plain;
mod posts;
mod scale;
mod table;

use std::{env, io::Write, thread};

use table::Table;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// Lines of text.
    lines: u64,
    /// Lines of JSON, of each kind.
    json: u64,
    /// Seconds that the server is fed for.
    seconds: u64,
    /// The largest number of tags that an epoch is measured with.
    tags: u64,
    /// The best of so many runs counts.
    runs: u32,
}

const FULL: Scale = Scale {
    lines: 5_000_000,
    json: 1_000_000,
    seconds: 60,
    tags: 1_000_000,
    runs: 3,
};

const QUICK: Scale = Scale {
    lines: 500_000,
    json: 100_000,
    seconds: 6,
    tags: 100_000,
    runs: 1,
};

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let args: Vec<_> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.iter().any(|arg| arg == load::BARE) {
        return load::serve_bare();
    }
    let scale = if args.iter().any(|arg| arg == "--quick") {
        QUICK
    } else {
        FULL
    };
    let parts: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|arg| *arg == part);

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut table = Table::default();
    if wanted("files") {
        files::measure(scale, cores, &mut table)?;
    }
    if wanted("live") {
        live::measure(scale, &mut table)?;
    }
    if wanted("load") {
        load::measure(scale, &mut table)?;
    }
    if wanted("epoch") {
        epoch::measure(scale, &mut table)?;
    }
    if wanted("scale") {
        scale::measure(scale, cores, &mut table)?;
    }
    let seed = posts::SEED;
    writeln!(std::io::stdout(), "\n{cores} cores, seed {seed}\n\n{table}")?;
    Ok(())
}
