//! What all of it takes of the machine, under the names that other programs' metrics have as well.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::DescriptorEncoder,
    metrics::{MetricType, gauge::ConstGauge},
};
use tokio::task::spawn_blocking;

use super::{each, gauge, one, seconds_counter};
use crate::{
    process::{self, Disk, Usage},
    store::Sizes,
    web::Web,
};

/// As it is when it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    begun: f64,
    usage: Usage,
    disk: Option<Disk>,
    stores: Sizes,
}

impl Machine {
    pub(super) async fn look(web: &Web) -> Self {
        let (process, directory) = (web.process, web.files.directory().to_owned());
        let looking = spawn_blocking(move || (process.usage(), process::disk(&directory)));
        let (looked, stores) = tokio::join!(looking, web.files.sizes());
        let (usage, disk) = looked.unwrap_or_default();
        Self {
            begun: process.begun(),
            usage,
            disk,
            stores,
        }
    }

    pub(super) fn encode_stores(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let sizes = [
            ("log.redb", self.stores.log),
            ("state.redb", self.stores.state),
        ];
        let known = sizes
            .into_iter()
            .filter_map(|(file, size)| Some(([("file", file)], size?)));
        let help = "Sizes of the files of the data directory";
        each(to, "store_bytes", help, MetricType::Gauge, known)?;
        if let Some(disk) = self.disk {
            let help = "Size of the disk that holds the data directory";
            gauge(to, "disk_size_bytes", help, disk.size)?;
            let help = "What is free of it";
            gauge(to, "disk_free_bytes", help, disk.free)?;
        }
        Ok(())
    }
}

impl Collector for Machine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut encoder;
        let usage = self.usage;
        if let Some(busy) = usage.busy {
            let help = "Time of processors";
            seconds_counter(to, "process_cpu_seconds", help, busy.as_secs_f64())?;
        }
        let numbers = [
            (
                "process_resident_memory_bytes",
                "Memory in use",
                usage.resident_bytes,
            ),
            (
                "process_virtual_memory_bytes",
                "Memory that has addresses",
                usage.virtual_bytes,
            ),
            (
                "process_open_fds",
                "Files and sockets that are open",
                usage.open_files,
            ),
            (
                "process_max_fds",
                "How many of them may be",
                usage.most_files,
            ),
            ("process_threads", "Threads", usage.threads),
        ];
        for (name, help, number) in numbers {
            if let Some(number) = number {
                gauge(to, name, help, number)?;
            }
        }
        let help = "When it was started, in Unix time";
        one(
            to,
            "process_start_time_seconds",
            help,
            &ConstGauge::new(self.begun),
        )
    }
}
