//! Machines, as far as a network goes: namespaces of the system, with a switch between them that is one more. They
//! are gone with the test, however it ends, and what the real machine has is not touched.

use std::{
    net::{TcpListener, TcpStream},
    process::Command,
    time::Duration,
};

use super::relay::relay;
use crate::machine::{Machine, run};

pub(super) struct Network {
    switch: Machine,
    machines: Vec<Machine>,
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
                let namespace = machine.namespace();
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
        let there = self.machines[to].place();
        self.machines[from].inside(|| {
            // The way is found on the machine itself.
            let here = format!("address add {}/32 dev lo", address(to));
            assert!(run("ip", &here));
            let listener = TcpListener::bind(&place).unwrap();
            relay(listener, late, move || {
                let _inside = there.enter();
                TcpStream::connect(&place)
            });
        });
    }
}

pub(super) fn address(machine: usize) -> String {
    format!("10.77.0.{}", machine + 1)
}
