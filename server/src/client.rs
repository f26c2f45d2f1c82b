//! How this program asks others over HTTP: under its own name, and secured by what the system trusts.

use std::sync::Once;

use reqwest::{Client, ClientBuilder};

/// A client is made of this and of no other, for the means to secure connections is chosen here.
pub(crate) fn builder() -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    // An error is only that there is one already.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder().user_agent(concat!("tagtide/", env!("CARGO_PKG_VERSION")))
}
