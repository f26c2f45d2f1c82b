//! What a socket between processes is set to.

use std::{io, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// A machine that is gone sends nothing: what was sent and is not acknowledged for so long, by nobody, is
/// the end of the connection.
const GONE: Duration = Duration::from_secs(10);

pub(super) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let idle = TcpKeepalive::new()
        .with_time(GONE / 2)
        .with_interval(GONE / 5)
        .with_retries(3);
    socket.set_tcp_keepalive(&idle)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(GONE))?;
    Ok(())
}
