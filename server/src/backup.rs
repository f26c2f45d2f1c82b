//! A backup of the data while it is in use: the socket in the data directory at which `tagtide backup`
//! asks for it.
//!
//! The program that runs sends the rows, and the one that asks writes them: the backup lies where the
//! asking user may write, and belongs to them. Whoever may use the data directory may ask.
//!
//! **Invariant:** nothing that is asked here changes the data or keeps the count waiting.

use std::{
    fs::{self, Permissions},
    io,
    net::Shutdown,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::UnixListener, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::store::{self, Log, State};

const NAME: &str = "backup.sock";

/// One that takes nothing for so long is let go, as what it holds on to lets the files grow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where to ask; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Backups {
    listener: UnixListener,
    path: PathBuf,
}

impl Backups {
    /// Only for whoever has the directory open: what lies there from before is nobody's any more.
    pub(crate) fn listen(directory: &Path) -> io::Result<Self> {
        let path = directory.join(NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Gives one backup at a time until `stop`.
    pub(crate) async fn serve(self, log: Arc<Log>, state: Arc<State>, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let sent = match accepted.and_then(|(stream, _)| blocking(stream)) {
                Ok(stream) => send(stream, log.clone(), state.clone(), &stop).await,
                Err(error) => Err(error.into()),
            };
            match sent {
                Ok(()) => tracing::info!("a backup was taken"),
                Err(error) => {
                    tracing::warn!("a backup was not finished: {error}");
                    // Where no socket can be had, the next one comes no sooner for haste.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Backups {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn blocking(stream: tokio::net::UnixStream) -> io::Result<UnixStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

async fn send(
    stream: UnixStream,
    log: Arc<Log>,
    state: Arc<State>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let handle = stream.try_clone()?;
    let mut sending = spawn_blocking(move || store::send(&log, &state, stream));
    let sent = tokio::select! {
        sent = &mut sending => sent,
        () = stop.cancelled() => {
            // Ends it at once, also where nobody reads.
            let _ = handle.shutdown(Shutdown::Both);
            sending.await
        }
    };
    Ok(sent??)
}

/// Asks the program that runs on a data directory; `None` where none does.
pub(crate) fn ask(directory: &Path) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(directory.join(NAME)) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(error),
        },
    }
}
