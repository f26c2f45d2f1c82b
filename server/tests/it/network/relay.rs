//! A way between two machines that takes its time.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Gives every byte on `late`, both ways. `there` connects to the other end.
pub(super) fn relay(
    listener: TcpListener,
    late: Duration,
    there: impl Fn() -> io::Result<TcpStream> + Send + 'static,
) {
    thread::spawn(move || {
        for here in listener.incoming().flatten() {
            // Who finds nobody there is let go.
            if let Ok(there) = there() {
                pass(here.try_clone().unwrap(), there.try_clone().unwrap(), late);
                pass(there, here, late);
            }
        }
    });
}

fn pass(mut from: TcpStream, mut to: TcpStream, late: Duration) {
    let (under_way, comes) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + late;
            if under_way.send((due, buffer[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in comes {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
