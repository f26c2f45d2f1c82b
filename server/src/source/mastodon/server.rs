//! A server, as it was given, and how it is asked.
//!
//! **Invariant:** the token goes into one header of the requests to the server and to where it says that it
//! streams, and nowhere else; a redirection to another host takes none along.

use std::time::Duration;

use reqwest::{
    Client, Response, Url,
    header::{ACCEPT, AUTHORIZATION},
};

use super::{
    refusal::{self, Refused},
    token::Token,
};

#[derive(Debug)]
pub(super) struct Server {
    /// Without a path.
    pub(super) base: Url,
    /// As people know it.
    pub(super) host: String,
    pub(super) token: Token,
    pub(super) client: Client,
    /// How long an answer may take to begin, and to end.
    pub(super) patience: Duration,
}

/// `HOST` or `HOST:PORT`, in lower case.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Server {
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Asks the server, or where it streams.
    pub(super) async fn ask(
        &self,
        url: Url,
        query: &[(&str, String)],
    ) -> Result<Response, Refused> {
        self.ask_for("application/json", url, query).await
    }

    pub(super) async fn ask_for(
        &self,
        kind: &'static str,
        url: Url,
        query: &[(&str, String)],
    ) -> Result<Response, Refused> {
        let mut request = self.client.get(url).query(query).header(ACCEPT, kind);
        if let Some(secret) = self.token.secret() {
            request = request.header(AUTHORIZATION, secret.bearer());
        }
        refusal::answer(request, self.patience).await
    }
}
