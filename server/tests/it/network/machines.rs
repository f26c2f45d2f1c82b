//! Machines, as far as a network goes: namespaces of the system, with a switch between them that is one more. They
//! are gone with the test, however it ends, and what the real machine has is not touched.

use std::{
    fs::File,
    io::Read as _,
    net::{TcpListener, TcpStream},
    os::fd::AsFd as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::relay::relay;

pub(super) struct Network {
    switch: Machine,
    machines: Vec<Machine>,
}

/// A namespace. It is there for as long as somebody in it lives.
struct Machine {
    namespace: File,
    somebody: Child,
}

impl Network {
    /// So many machines on one switch; `None` where this system makes no such thing, or not for this user.
    pub(super) fn new(machines: usize) -> Option<Self> {
        let network = Self {
            switch: Machine::new()?,
            machines: (0..machines)
                .map(|_| Machine::new())
                .collect::<Option<_>>()?,
        };
        let ip = |args: &str| run("ip", args);
        let is_made = network.switch.inside(|| {
            let port = |(index, machine): (usize, &Machine)| {
                let namespace = format!("/proc/{}/ns/net", machine.somebody.id());
                ip(&format!(
                    "link add port{index} type veth peer name eth0 netns {namespace}"
                )) && ip(&format!("link set port{index} master switch up"))
            };
            ip("link add switch type bridge")
                && ip("link set switch up")
                && network.machines.iter().enumerate().all(port)
        });
        let is_up = |(index, machine): (usize, &Machine)| {
            machine.inside(|| {
                ip("link set lo up")
                    && ip(&format!("address add {}/24 dev eth0", address(index)))
                    && ip("link set eth0 up")
            })
        };
        (is_made && network.machines.iter().enumerate().all(is_up)).then_some(network)
    }

    /// As on this machine: `work` starts programs there, and connects from there. For a runtime of one thread.
    pub(super) async fn on<T>(&self, machine: usize, work: impl AsyncFnOnce() -> T) -> T {
        let _inside = self.machines[machine].enter();
        work().await
    }

    /// A cable is pulled out, or put back: the machine sees it.
    pub(super) fn set_cable(&self, machine: usize, plugged: bool) {
        let state = if plugged { "up" } else { "down" };
        let set = || run("ip", &format!("link set port{machine} {state}"));
        assert!(self.switch.inside(set));
    }

    /// What is sent to the machine or by it is lost without a trace, or no longer.
    pub(super) fn set_lost(&self, machine: usize, lost: bool) {
        let state = if lost { "nomaster" } else { "master switch" };
        let set = || run("ip", &format!("link set port{machine} {state}"));
        assert!(self.switch.inside(set));
    }

    /// So many of a hundred packets that come to the machine are lost from now on; false where the system
    /// cannot do that.
    pub(super) fn lose(&self, machine: usize, percent: u32) -> bool {
        let chain = "add chain inet loss in { type filter hook input priority 0; }";
        let rule = format!(
            "add rule inet loss in iifname eth0 numgen random mod 100 < {percent} counter drop"
        );
        self.machines[machine]
            .inside(|| run("nft", "add table inet loss") && run("nft", chain) && run("nft", &rule))
    }

    /// How many packets were lost by [`Network::lose`].
    pub(super) fn packets_lost(&self, machine: usize) -> u64 {
        let list = || Command::new("nft").args(["list", "ruleset"]).output();
        let listed = self.machines[machine].inside(list).unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let packets = listed.split_once("counter packets ").unwrap().1;
        packets.split(' ').next().unwrap().parse().unwrap()
    }

    /// What machine `from` says to this port of machine `to` arrives so late, and so does each answer. To be set
    /// before anybody listens there.
    pub(super) fn delay(&self, from: usize, to: usize, port: u16, late: Duration) {
        let place = format!("{}:{port}", address(to));
        let namespace = self.machines[to].namespace.try_clone().unwrap();
        self.machines[from].inside(|| {
            // The way is found on the machine itself.
            let here = format!("address add {}/32 dev lo", address(to));
            assert!(run("ip", &here));
            let listener = TcpListener::bind(&place).unwrap();
            relay(listener, late, move || {
                let outside = Inside::here();
                enter(&namespace);
                let connected = TcpStream::connect(&place);
                drop(outside);
                connected
            });
        });
    }
}

pub(super) fn address(machine: usize) -> String {
    format!("10.77.0.{}", machine + 1)
}

impl Machine {
    fn new() -> Option<Self> {
        // It says that it is there, and stays until the test is over.
        let mut somebody = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let is_there = somebody.stdout.as_mut().unwrap().read_exact(&mut [0]);
        let namespace = File::open(format!("/proc/{}/ns/net", somebody.id()));
        let machine = Self {
            namespace: namespace.ok()?,
            somebody,
        };
        is_there.is_ok().then_some(machine)
    }

    fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.enter();
        work()
    }

    /// The thread is there, with all that it starts.
    fn enter(&self) -> Inside {
        let inside = Inside::here();
        enter(&self.namespace);
        inside
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // One that has ended is no error here.
        let _ = self.somebody.kill();
        let _ = self.somebody.wait();
    }
}

/// On its drop the thread is back where it was.
struct Inside {
    outside: File,
}

impl Inside {
    fn here() -> Self {
        let outside = File::open("/proc/thread-self/ns/net").unwrap();
        Self { outside }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        enter(&self.outside);
    }
}

fn enter(namespace: &File) {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

fn run(command: &str, args: &str) -> bool {
    let mut command = Command::new(command);
    let command = command.args(args.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
