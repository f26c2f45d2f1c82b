//! From a [`Spec`] to a running source, in two steps: [`open`] finds out whether it can start and
//! holds what it needs (the bound port, the open file), [`Opened::run`] starts it. So that several
//! sources start all or none.

use super::{Context, Sink, Spec, kinds::Ready, options::Options, protocol::OpenError};

/// A source that is ready to run.
#[derive(Debug)]
pub(crate) struct Opened {
    spec: Spec,
    ready: Ready,
}

/// Finds out whether the source can start.
pub(crate) async fn open(spec: Spec, options: &Options) -> Result<Opened, OpenError> {
    let ready = spec.what.open(options).await?;
    Ok(Opened { spec, ready })
}

impl Opened {
    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The source as it was given, with the port that it got where any would do (`listen:…:0`).
    pub(crate) fn name(&self) -> String {
        self.ready.name(&self.spec.to_string())
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
        self.ready.run(context).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::bind;

    async fn opened(spec: &str) -> Result<Opened, OpenError> {
        open(spec.parse().unwrap(), &Options::default()).await
    }

    async fn refused(spec: &str) -> String {
        opened(spec).await.unwrap_err().to_string()
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
        assert!(refused("x").await.contains("TAGTIDE_X_TOKEN"));
    }

    #[tokio::test]
    async fn its_name_says_the_port_that_it_got() {
        for address in ["127.0.0.1", "localhost"] {
            let opened = opened(&format!("listen:{address}:0")).await.unwrap();
            let port = opened.address().unwrap().port();
            assert_ne!(port, 0);
            assert_eq!(opened.name(), format!("listen:{address}:{port}"));
        }
        let listener = bind("127.0.0.1:0").await.unwrap();
        let given = "listen:[::1]:9009";
        assert_eq!(Ready::Listen(Box::new(listener)).name(given), given);
        for given in ["demo", "tcp:127.0.0.1:9009", "file:Cargo.toml,speed=2x"] {
            assert_eq!(opened(given).await.unwrap().name(), given);
        }
    }
}
