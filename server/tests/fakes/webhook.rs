//! Somebody who takes webhooks: every POST is answered 204, unless the script says otherwise.

use std::time::Duration;

use super::{
    http::{Answer, Connection, Request},
    server::{Fake, Service, Shared},
};

pub(crate) const PATH: &str = "/hook";

/// There are no streams, so nothing beats.
const NEVER: Duration = Duration::from_secs(3600);

pub(crate) type Hook = Fake<Receiver>;

#[derive(Debug)]
pub(crate) struct Receiver(Shared<()>);

impl Hook {
    pub(crate) async fn start() -> Self {
        Self::open(Receiver(Shared::new(NEVER))).await
    }

    /// With what nobody but its owner should see.
    pub(crate) fn url(&self) -> String {
        format!("http://user:hidden@{}{PATH}?token=hidden", self.address())
    }

    /// What was sent to it, in the order of its arrival.
    pub(crate) fn told(&self) -> Vec<Request> {
        self.seen.requests_to(PATH)
    }

    pub(crate) async fn until_told(&self, times: usize) -> Vec<Request> {
        let what = format!("{times} deliveries");
        let to_it = |request: &&Request| request.path == PATH;
        self.seen
            .until(&what, |record| {
                record.requests.iter().filter(to_it).count() >= times
            })
            .await;
        self.told()
    }
}

impl Service for Receiver {
    type Event = ();

    fn shared(&self) -> &Shared<()> {
        &self.0
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let status = if request.method == "POST" { 204 } else { 405 };
        connection.answer(&Answer::text(status, "")).await
    }
}
