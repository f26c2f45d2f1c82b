//! The lines of one connection, whoever opened it.
//!
//! What came before the end of a connection is given, also a last line without an end, as `readLine`
//! gives it. Where a connection is lost (a reset), its finished lines are given and the unfinished one is
//! dropped: its writer did not say that it was whole, and Spark's reader drops it as well.

use std::{io, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, select, task::coop};
use tokio_util::sync::CancellationToken;

use super::{Closed, Cursor, Event, Lines, Sink, Status, decode};

/// As much is read at once: a little from one that writes now and then, more and more from a busy one,
/// so that less of the time goes to asking for it.
const FIRST_CHUNK: usize = 16 << 10;
const CHUNK: usize = 512 << 10;

/// So many events are given at once: few enough that they stay in the processor's cache, and that a
/// chunk of very short lines does not take a multiple of its own size.
pub(super) const EVENTS: usize = 256;

/// A silent peer is asked after so long whether it is there, and if it does not say so three times, of which
/// each has a third of that, it has vanished: half a minute in all.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    ByPeer,
    Lost(io::Error),
    Stopped,
}

/// Gives the connection's posts to the sink until it ends. A silent one holds no buffers.
pub(super) async fn read<S: Sink>(
    stream: &TcpStream,
    sink: &mut S,
    status: &Status,
    stop: &CancellationToken,
) -> End {
    let alive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 3)
        .with_retries(3);
    // Without it a vanished peer is only found out later.
    let _ = SockRef::from(stream).set_tcp_keepalive(&alive);
    let mut lines = Lines::default();
    let mut chunk = FIRST_CHUNK;
    loop {
        let readable = select! {
            biased;
            () = stop.cancelled() => return End::Stopped,
            readable = stream.readable() => readable,
        };
        let room = lines.room(chunk);
        let most = room.len();
        let read = match readable.and_then(|()| stream.try_read(room)) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                lines.forget();
                chunk = FIRST_CHUNK;
                continue;
            }
            Err(error) => return End::Lost(error),
        };
        status.bytes(read);
        match read {
            0 => lines.end(),
            read => lines.filled(read),
        }
        if read == most {
            chunk = (2 * chunk).min(CHUNK);
        }
        if give(&lines, sink, status, stop).await.is_err() {
            return End::Stopped;
        }
        if read == 0 {
            return End::ByPeer;
        }
        coop::consume_budget().await;
    }
}

async fn give<S: Sink>(
    lines: &Lines,
    sink: &mut S,
    status: &Status,
    stop: &CancellationToken,
) -> Result<(), Closed> {
    let mut decoded = decoded(lines, status).map(|(event, _)| event);
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        events.extend(decoded.by_ref().take(EVENTS));
        if events.is_empty() {
            return Ok(());
        }
        accept(&events, None, sink, stop).await?;
        events.clear();
    }
}

/// What the finished lines say, each with the offset behind its line.
pub(super) fn decoded<'a>(
    lines: &'a Lines,
    status: &'a Status,
) -> impl Iterator<Item = (Event<'a>, u64)> {
    lines.finished().filter_map(|line| {
        if line.cut {
            status.line_cut();
        }
        match decode(line.bytes) {
            Ok(event) => Some((event?, line.offset)),
            Err(why) => {
                status.line_refused(&why);
                None
            }
        }
    })
}

/// Gives events to the sink. Where there is room they are taken also when it is time to stop.
pub(super) async fn accept<S: Sink>(
    events: &[Event<'_>],
    cursor: Option<Cursor>,
    sink: &mut S,
    stop: &CancellationToken,
) -> Result<(), Closed> {
    select! {
        biased;
        accepted = sink.accept(events, cursor) => accepted,
        () = stop.cancelled() => Err(Closed),
    }
}
