//! Where the board and the APIs are.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted: after a restart all pages come back within a second, and one that
/// finds no place tries again only seconds later.
const WAITING: u32 = 4096;

pub(super) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // What the last process has left to its end does not keep the next one waiting.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(WAITING)
    };
    bound().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use by another program: end that one, or choose another --listen"
        ),
        _ => anyhow::anyhow!("cannot listen at {address}: {error}; choose another --listen"),
    })
}
