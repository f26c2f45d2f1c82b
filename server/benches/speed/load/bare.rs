//! What is compared with: axum with one route that gives bytes away, in a process of its own.

use std::{
    io::{BufRead, BufReader, Write, stdin, stdout},
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, routing::get};

/// The bench itself, started with this, is the server.
pub(crate) const ARGUMENT: &str = "serve-bare";

pub(super) struct Bare {
    child: Child,
    address: String,
}

impl Bare {
    pub(super) fn start(answer: &[u8]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // Its end is the end of what is to be given away.
        child
            .stdin
            .take()
            .context("no standard input")?
            .write_all(answer)?;
        let mut address = String::new();
        let stdout = child.stdout.take().context("no standard output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        Ok(Self {
            child,
            address: address.trim().to_owned(),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Where it has ended there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives away what comes from standard input until it is killed.
pub(crate) fn serve() -> anyhow::Result<()> {
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stdin(), &mut answer)?;
    let answer = Bytes::from(answer);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        writeln!(stdout(), "{}", listener.local_addr()?)?;
        let route = get(|| async move { ([(CONTENT_TYPE, "application/json")], answer) });
        axum::serve(listener, Router::new().route("/", route)).await?;
        Ok(())
    })
}
