//! `tagtide serve` as several processes.

use std::{
    fs, io,
    net::TcpListener,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tempfile::TempDir;

use super::super::{
    data,
    live::{Program, Usage},
};

/// How often it is looked for results.
const LOOK: Duration = Duration::from_millis(10);

const SOON: Duration = Duration::from_secs(120);

pub(super) struct Cluster {
    programs: Vec<Program>,
    workers: usize,
    batch: u64,
    hosts: String,
    folder: TempDir,
}

impl Cluster {
    /// With epochs of so many milliseconds; each of them shows results when this returns.
    pub(super) fn start(processes: usize, workers: usize, batch: u64) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(data::directory()?)?;
        fs::write(folder.path().join("secret"), "what only they know")?;
        let taken = (0..processes).map(|_| TcpListener::bind("127.0.0.1:0"));
        let taken = taken.collect::<io::Result<Vec<_>>>()?;
        let hosts = taken.iter().map(TcpListener::local_addr);
        let hosts = hosts.map(|host| Ok(format!("{},", host?)));
        let mut cluster = Self {
            programs: Vec::new(),
            workers,
            batch,
            hosts: hosts.collect::<io::Result<_>>()?,
            folder,
        };
        drop(taken);
        for index in 0..processes {
            let program = cluster.process(index)?;
            cluster.programs.push(program);
        }
        let begun = Instant::now();
        for program in &cluster.programs {
            while program.top("all")?.is_null() {
                ensure!(begun.elapsed() < SOON, "no results come after a start");
                thread::sleep(LOOK);
            }
        }
        Ok(cluster)
    }

    fn process(&self, index: usize) -> anyhow::Result<Program> {
        let secret = self.folder.path().join("secret").display().to_string();
        let (index, workers) = (index.to_string(), self.workers.to_string());
        let place = ["--cluster", &self.hosts, "--index", &index];
        let options = ["--secret-file", &secret, "--workers", &workers];
        Program::start_with(
            "twitter",
            self.batch,
            &self.data(&index),
            &[place, options].concat(),
        )
    }

    fn data(&self, index: &str) -> PathBuf {
        self.folder.path().join(index)
    }

    pub(super) fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// Until each of them shows so many posts.
    pub(super) fn wait(&self, posts: u64) -> anyhow::Result<()> {
        let mut programs = self.programs.iter();
        programs.try_for_each(|program| program.wait(posts))
    }

    /// What all of them have used.
    pub(super) fn usage(&self) -> anyhow::Result<Usage> {
        let mut all = Usage::default();
        for program in &self.programs {
            let one = program.usage()?;
            all.seconds += one.seconds;
            all.peak += one.peak;
            all.written += one.written;
        }
        Ok(all)
    }

    /// Of a metric, over all processes and labels.
    pub(super) fn sum(&self, metric: &str) -> anyhow::Result<f64> {
        let mut sum = 0.0;
        for program in &self.programs {
            let metrics = program.get("/metrics")?.unwrap_or_default();
            let numbers = metrics.lines().filter(|line| line.starts_with(metric));
            let numbers = numbers.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
            sum += numbers.sum::<f64>();
        }
        Ok(sum)
    }

    /// Bytes that have gone between them.
    pub(super) fn exchanged(&self) -> anyhow::Result<f64> {
        self.sum("tagtide_cluster_sent_bytes_total")
    }

    /// Bytes of their stored state.
    pub(super) fn stored(&self) -> anyhow::Result<u64> {
        let mut stored = 0;
        for index in 0..self.programs.len() {
            let file = self.data(&index.to_string()).join("state.redb");
            stored += fs::metadata(file)?.len();
        }
        Ok(stored)
    }

    /// The last of them; how long it takes until the first one shows what all have counted anew.
    pub(super) fn kill_and_start_again(&mut self) -> anyhow::Result<Duration> {
        let before = self.generation()?;
        let begun = Instant::now();
        drop(self.programs.pop());
        let again = self.process(self.programs.len())?;
        self.programs.push(again);
        let wait = || {
            ensure!(begun.elapsed() < SOON, "no results come after a kill");
            thread::sleep(LOOK);
            Ok(())
        };
        while self.generation()? <= before {
            wait()?;
        }
        // What came of the one that died may have been shown until now.
        let shown = self.epoch()?;
        while self.epoch()? <= shown {
            wait()?;
        }
        Ok(begun.elapsed())
    }

    /// As the first one tells it.
    fn generation(&self) -> anyhow::Result<Option<u64>> {
        let status = self.programs[0].get("/api/v1/status")?.unwrap_or_default();
        let status: serde_json::Value = serde_json::from_str(&status)?;
        Ok(status["cluster"]["generation"].as_u64())
    }

    /// The newest that the first one shows.
    fn epoch(&self) -> anyhow::Result<Option<u64>> {
        Ok(self.programs[0].top("all")?["epoch"].as_u64())
    }

    pub(super) fn end(self) -> anyhow::Result<()> {
        self.programs.into_iter().try_for_each(Program::end)
    }
}
