//! Connections that are secured (TLS), by what the system trusts and by nothing else.

use std::{path::Path, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::{
    fakes::{Jetstream, jetstream},
    program::{Program, SOON, wait_until},
};

/// Takes secured connections as `localhost`, and hands on what they say. Gives its port, and writes who may
/// be trusted to the file.
async fn secured(plain: String, trusted: &Path) -> u16 {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(trusted, own.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, plain) = (acceptor.clone(), plain.clone());
            tokio::spawn(async move {
                // One that does not trust this server goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut behind = TcpStream::connect(plain).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_read_when_the_system_trusts_it_and_only_then() {
    let fake = Jetstream::start().await;
    let directory = tempfile::tempdir().unwrap();
    let trusted = directory.path().join("trusted.pem");
    let port = secured(fake.address().to_string(), &trusted).await;
    let source = format!("bluesky:wss://localhost:{port}");
    let args = ["--source", &source, "--batch", "200ms"];

    let mut stranger = Program::serve(&args);
    wait_until("it does not trust", SOON, async || {
        let status = stranger
            .try_json("/api/v1/status")
            .await
            .unwrap_or_default();
        let why = status["sources"][0]["detail"].to_string();
        why.contains("localhost") && why.contains("certificate")
    })
    .await;
    assert_eq!(fake.seen.streams().ever, 0);
    stranger.terminate();

    let environment = [("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let mut program = Program::serve_with(&args, &environment);
    fake.seen.until_streams(1).await;
    let record = jetstream::post("it is #safe", &["en"]);
    fake.publish(jetstream::create(
        "did:plc:ann",
        jetstream::POST,
        "1",
        record,
    ));
    wait_until("the post is counted", SOON, async || {
        program.counts().await == [("#safe".to_owned(), 1)]
    })
    .await;
    program.terminate();
}
