//! Two machines and a line between them, made of the system's network namespaces: what a peer on this machine
//! cannot do, such as to vanish without a word, one on the other can.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
};

use socket2::{Domain, Socket, Type};

use crate::{
    machine::{Machine, run},
    program::{Program, SOON},
};

const NEEDED: &str = "this test needs root, network namespaces (Linux) and iproute2";

/// Of the machine that serves.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// Of the other one, which is two strangers.
pub(super) const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
pub(super) const ANOTHER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

/// Gone when it is dropped.
#[derive(Debug)]
pub(super) struct Network {
    near: Machine,
    far: Machine,
}

impl Network {
    /// `None`, and a word why, where the system makes no such thing.
    pub(super) fn new() -> Option<Self> {
        let Some((near, far)) = Machine::new().zip(Machine::new()) else {
            // Not by a macro: what these say is shown only of tests that fail.
            let _ = writeln!(io::stderr(), "not tried: {NEEDED}");
            return None;
        };
        let ip = |args: &str| assert!(run("ip", args), "ip {args}");
        let peer = far.namespace();
        near.inside(|| ip(&format!("link add line type veth peer line netns {peer}")));
        for (machine, addresses) in [(&near, &[SERVER][..]), (&far, &[STRANGER, ANOTHER])] {
            machine.inside(|| {
                for address in addresses {
                    ip(&format!("address add {address}/24 dev line"));
                }
                ip("link set lo up");
                ip("link set line up");
            });
        }
        Some(Self { near, far })
    }

    /// Tries this on the machine that serves; what is started there stays there.
    pub(super) fn near(&self, what: impl AsyncFnOnce()) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        self.near.inside(|| runtime.block_on(what()));
    }

    /// Connects as one of the strangers, and says this.
    pub(super) fn ask(&self, from: Ipv4Addr, program: &Program, sent: &str) -> TcpStream {
        let port = program.address().rsplit_once(':').unwrap().1.parse();
        let to = SocketAddr::from((SERVER, port.unwrap()));
        let mut stream: TcpStream = self.far.inside(|| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
            socket.connect(&to.into()).unwrap();
            socket.into()
        });
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    }

    pub(super) fn listen(&self, at: Ipv4Addr) -> TcpListener {
        self.far.inside(|| TcpListener::bind((at, 0)).unwrap())
    }

    /// From now on nothing comes from this stranger, no end and no refusal, and it takes nothing.
    pub(super) fn vanishes(&self, stranger: Ipv4Addr) {
        let delete = format!("address delete {stranger}/24 dev line");
        assert!(self.far.inside(|| run("ip", &delete)));
    }
}

/// Reads until this has come.
pub(super) fn read_until(mut stream: &TcpStream, expected: &str) {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&all).contains(expected) {
        let length = stream.read(&mut part).unwrap();
        let so_far = String::from_utf8_lossy(&all);
        assert!(length > 0, "it ended before {expected:?}: {so_far}");
        all.extend(&part[..length]);
    }
}
