//! From a [`Spec`] to a running source, in two steps: [`open`] finds out whether it can start and
//! holds what it needs (the bound port, the open file), [`Opened::run`] starts it. So that several
//! sources start all or none.

use std::{io, path::PathBuf};

use tokio::net::TcpListener;

use super::{
    Context, Sink, Spec, demo,
    file::Replay,
    listen,
    spec::{Input, What},
    tcp,
};

/// A source that is ready to run.
#[derive(Debug)]
pub(crate) struct Opened {
    spec: Spec,
    ready: Ready,
}

#[derive(Debug)]
enum Ready {
    Demo(demo::Settings),
    Tcp(String),
    Listen(TcpListener),
    File(Replay),
}

/// Why a source cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot read {path:?}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{0:?} is a directory; name a file in it")]
    Directory(PathBuf),
    #[error("cannot listen at {0}: another program does; end it or choose another port")]
    InUse(String),
    #[error("listen:{0} is not a loopback address, such as 127.0.0.1: only these are served")]
    Public(String),
    #[error("cannot listen at {address}: {error}")]
    Listen { address: String, error: io::Error },
}

/// Finds out whether the source can start.
pub(crate) async fn open(spec: Spec) -> Result<Opened, OpenError> {
    let ready = match &spec.what {
        What::Demo { rate, seed } => Ready::Demo(demo::Settings {
            rate: *rate,
            seed: *seed,
        }),
        What::Tcp(address) => Ready::Tcp(address.clone()),
        What::Listen(address) => Ready::Listen(bind(address).await?),
        What::File {
            input: Input::Standard,
            speed,
        } => Ready::File(Replay::of_stdin(*speed)),
        What::File {
            input: Input::Path(path),
            speed,
        } => Ready::File(Replay::of(path, *speed)?),
    };
    Ok(Opened { spec, ready })
}

/// A port that a program has left a moment ago can be had again at once (`SO_REUSEADDR`, which
/// tokio sets).
pub(crate) async fn bind(address: &str) -> Result<TcpListener, OpenError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => OpenError::InUse(address.to_owned()),
            _ => OpenError::Listen {
                address: address.to_owned(),
                error,
            },
        })?;
    match listener.local_addr() {
        Ok(bound) if bound.ip().is_loopback() => Ok(listener),
        _ => Err(OpenError::Public(address.to_owned())),
    }
}

impl Opened {
    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The source as it was given, with the port that it got where any would do (`listen:…:0`).
    pub(crate) fn name(&self) -> String {
        let given = self.spec.to_string();
        if let Ready::Listen(listener) = &self.ready
            && let Some((address, port)) = given.rsplit_once(':')
            && port.parse() == Ok(0_u16)
            && let Ok(bound) = listener.local_addr()
        {
            return format!("{address}:{}", bound.port());
        }
        given
    }

    /// Where a `listen:` source takes lines.
    #[cfg(test)]
    pub(super) fn address(&self) -> Option<std::net::SocketAddr> {
        match &self.ready {
            Ready::Listen(listener) => listener.local_addr().ok(),
            _ => None,
        }
    }

    /// Reads until the source ends, or is stopped.
    pub(crate) async fn run<S: Sink>(self, context: Context<S>) {
        match self.ready {
            Ready::Demo(settings) => demo::run(settings, context).await,
            Ready::Tcp(address) => tcp::run(&address, context).await,
            Ready::Listen(listener) => listen::run(&self.spec, listener, context).await,
            Ready::File(replay) => replay.run(context).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(spec: &str) -> String {
        open(spec.parse().unwrap()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn what_cannot_start_is_said_before_anything_starts() {
        let taken = bind("127.0.0.1:0").await.unwrap();
        let taken = taken.local_addr().unwrap();
        assert!(
            refused(&format!("listen:{taken}"))
                .await
                .contains("choose another port")
        );
        assert!(refused("file:no/such/file").await.contains("No such file"));
        assert!(refused("file:src").await.contains("is a directory"));
        assert!(
            refused("listen:192.0.2.1:9009")
                .await
                .contains("cannot listen at 192.0.2.1:9009")
        );
    }

    #[tokio::test]
    async fn its_name_says_the_port_that_it_got() {
        for address in ["127.0.0.1", "localhost"] {
            let opened = open(format!("listen:{address}:0").parse().unwrap());
            let opened = opened.await.unwrap();
            let port = opened.address().unwrap().port();
            assert_ne!(port, 0);
            assert_eq!(opened.name(), format!("listen:{address}:{port}"));
        }
        let given = "listen:[::1]:9009";
        let asked_for = Opened {
            spec: given.parse().unwrap(),
            ready: Ready::Listen(bind("127.0.0.1:0").await.unwrap()),
        };
        assert_eq!(asked_for.name(), given);
        for given in ["demo", "tcp:127.0.0.1:9009", "file:Cargo.toml,speed=2x"] {
            assert_eq!(open(given.parse().unwrap()).await.unwrap().name(), given);
        }
    }
}
