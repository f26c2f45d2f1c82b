//! One generation after the other.
//!
//! Alone, there is one. In a cluster the loss of a process ends the generation in all others as well, and
//! the next one begins as soon as all are connected again. Sources are read and sealed meanwhile; what is
//! shown is what was counted last.

use std::{
    net::TcpStream,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, time::sleep};

use super::{FlowError, Parts, Signal, generation, mesh::Mesh, questions::Waiting};

/// How often it is looked after what else there is while others are waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Questions of the rest of the program.
type Questions = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// Runs until it is told to finish, or fails.
pub(super) fn run(
    parts: &Parts,
    mut mesh: Option<Mesh>,
    signal: &Signal,
    questions: mpsc::Receiver<Waiting>,
) -> Result<(), FlowError> {
    let questions = Arc::new(Mutex::new(questions));
    loop {
        let sockets = match &mut mesh {
            Some(mesh) => match all_connected(mesh, parts, signal, &questions) {
                Some(sockets) => Some(sockets),
                None => return Ok(()),
            },
            None => None,
        };
        match generation::run(parts, sockets, signal, &questions) {
            Err(lost @ FlowError::Lost { .. }) => {
                tracing::warn!("{lost}: results stand still until all are connected again");
            }
            ended => return ended,
        }
    }
}

/// `None`: told to finish meanwhile.
fn all_connected(
    mesh: &mut Mesh,
    parts: &Parts,
    signal: &Signal,
    questions: &Questions,
) -> Option<Vec<Option<TcpStream>>> {
    signal.set_waiting(true);
    let runtime = mesh.runtime();
    runtime.block_on(async {
        let mut connected = pin!(mesh.connect());
        loop {
            tokio::select! {
                sockets = &mut connected => return Some(sockets),
                () = sleep(LOOK_AGAIN) => {}
            }
            if signal.is_finishing() {
                return None;
            }
            turn_away(questions);
            // Nobody else holds them.
            let _ = parts.receipts.closed();
        }
    })
}

/// Nobody can answer, so nobody shall wait.
fn turn_away(questions: &Questions) {
    let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
    while questions.try_recv().is_ok() {}
}
