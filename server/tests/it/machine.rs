//! A machine, as far as a network goes: a namespace of the system. It is gone with the test, however that ends, and
//! what the real machine has is not touched.

use std::{
    fs::File,
    io::Read as _,
    os::fd::AsFd as _,
    process::{Child, Command, Stdio},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

#[derive(Debug)]
pub(crate) struct Machine {
    place: Place,
    /// It is there for as long as somebody in it lives.
    somebody: Child,
}

/// Where a machine is.
#[derive(Debug)]
pub(crate) struct Place(File);

impl Machine {
    /// `None` where this system makes no such thing, or not for this user.
    pub(crate) fn new() -> Option<Self> {
        // It says that it is there, and stays until the test is over.
        let mut somebody = Command::new("unshare")
            .args(["--net", "sh", "-c", "ip -V >&2 && echo && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let is_there = somebody.stdout.as_mut().unwrap().read_exact(&mut [0]);
        let namespace = File::open(format!("/proc/{}/ns/net", somebody.id()));
        let machine = Self {
            place: Place(namespace.ok()?),
            somebody,
        };
        is_there.is_ok().then_some(machine)
    }

    /// What others call it by.
    pub(crate) fn namespace(&self) -> String {
        format!("/proc/{}/ns/net", self.somebody.id())
    }

    pub(crate) fn place(&self) -> Place {
        Place(self.place.0.try_clone().unwrap())
    }

    /// As on this machine, with all that is started there.
    pub(crate) fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        let _inside = self.enter();
        work()
    }

    /// The thread is there, with all that it starts.
    pub(crate) fn enter(&self) -> Inside {
        self.place.enter()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // One that has ended is no error here.
        let _ = self.somebody.kill();
        let _ = self.somebody.wait();
    }
}

impl Place {
    /// The thread is there, with all that it starts.
    pub(crate) fn enter(&self) -> Inside {
        let outside = File::open("/proc/thread-self/ns/net").unwrap();
        enter(&self.0);
        Inside { outside }
    }
}

/// On its drop the thread is back where it was.
pub(crate) struct Inside {
    outside: File,
}

impl Drop for Inside {
    fn drop(&mut self) {
        enter(&self.outside);
    }
}

fn enter(namespace: &File) {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

/// Runs a command; false where it failed, or is not there.
pub(crate) fn run(command: &str, args: &str) -> bool {
    let mut command = Command::new(command);
    let command = command.args(args.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
