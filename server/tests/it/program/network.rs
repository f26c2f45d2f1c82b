//! Two machines and a line between them, made of the system's network namespaces: what a peer on this machine
//! cannot do, such as to vanish without a word, one on the other can.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd as _,
    process::{Child, Command, Stdio},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Socket, Type};

use super::{Program, SOON};

const NEEDED: &str = "this test needs root, network namespaces (Linux) and iproute2";

/// Of the machine that serves.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// Of the other one, which is two strangers.
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
pub(crate) const ANOTHER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

/// Gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Network {
    near: Machine,
    far: Machine,
}

impl Network {
    /// `None`, and a word why, where the system makes no such thing.
    pub(crate) fn new() -> Option<Self> {
        let Some((near, far)) = Machine::new().zip(Machine::new()) else {
            // Not by a macro: what these say is shown only of tests that fail.
            let _ = writeln!(io::stderr(), "not tried: {NEEDED}");
            return None;
        };
        let peer = far.holder.id().to_string();
        near.ip(&[
            "link", "add", "line", "type", "veth", "peer", "line", "netns", &peer,
        ]);
        for (machine, addresses) in [(&near, &[SERVER][..]), (&far, &[STRANGER, ANOTHER])] {
            for address in addresses {
                machine.ip(&["address", "add", &format!("{address}/24"), "dev", "line"]);
            }
            machine.ip(&["link", "set", "lo", "up"]);
            machine.ip(&["link", "set", "line", "up"]);
        }
        Some(Self { near, far })
    }

    /// Tries this on the machine that serves; what is started there stays there.
    pub(crate) fn near(&self, what: impl AsyncFnOnce() + Send) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        self.near.does(|| runtime.block_on(what()));
    }

    /// Connects as one of the strangers, and says this.
    pub(crate) fn ask(&self, from: Ipv4Addr, program: &Program, sent: &str) -> TcpStream {
        let port = program.address().rsplit_once(':').unwrap().1.parse();
        let to = SocketAddr::from((SERVER, port.unwrap()));
        let mut stream: TcpStream = self.far.does(|| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
            socket.connect(&to.into()).unwrap();
            socket.into()
        });
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn listen(&self, at: Ipv4Addr) -> TcpListener {
        self.far.does(|| TcpListener::bind((at, 0)).unwrap())
    }

    /// From now on nothing comes from this stranger, no end and no refusal, and it takes nothing.
    pub(crate) fn vanishes(&self, stranger: Ipv4Addr) {
        let address = format!("{stranger}/24");
        self.far.ip(&["address", "delete", &address, "dev", "line"]);
    }
}

/// A namespace, as long as the process lives that holds it.
#[derive(Debug)]
struct Machine {
    holder: Child,
    namespace: File,
}

impl Machine {
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() || Command::new("ip").arg("-V").output().is_err() {
            return None;
        }
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo made && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let mut output = BufReader::new(holder.stdout.take()?);
        output.read_line(&mut line).ok()?;
        let namespace = File::open(format!("/proc/{}/ns/net", holder.id())).ok();
        let namespace = namespace.filter(|_| line == "made\n");
        let Some(namespace) = namespace else {
            let _ = holder.wait();
            return None;
        };
        Some(Self { holder, namespace })
    }

    fn does<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        // The namespace is the thread's own, so that other tests stay where they are.
        let there = || {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.namespace.as_fd(), kind).unwrap();
            what()
        };
        thread::scope(|scope| scope.spawn(there).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn ip(&self, args: &[&str]) {
        let status = self.does(|| Command::new("ip").args(args).status().unwrap());
        assert!(status.success(), "ip {args:?}");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Reads until this has come.
pub(crate) fn read_until(mut stream: &TcpStream, expected: &str) {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&all).contains(expected) {
        let length = stream.read(&mut part).unwrap();
        let so_far = String::from_utf8_lossy(&all);
        assert!(length > 0, "it ended before {expected:?}: {so_far}");
        all.extend(&part[..length]);
    }
}
