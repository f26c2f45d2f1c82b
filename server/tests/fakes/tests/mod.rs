//! The fakes do what their services do: asked by clients that know nothing but sockets.

use std::{future::Future, io};

use futures::StreamExt;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message},
};

use crate::fakes::SOON;

mod jetstream;
mod mastodon;
mod nostr;
mod x;

/// An answer whose head has been read.
struct Http {
    socket: BufReader<TcpStream>,
    status: u16,
    head: String,
}

impl Http {
    /// Headers end with `\r\n` each.
    async fn ask(url: &str, what: &str, headers: &str, body: &str) -> io::Result<Self> {
        let socket = TcpStream::connect(authority(url)).await?;
        let mut socket = BufReader::new(socket);
        let length = body.len();
        let head =
            format!("{what} HTTP/1.1\r\nHost: fake\r\nContent-Length: {length}\r\n{headers}\r\n");
        socket.write_all((head + body).as_bytes()).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if in_time(socket.read_line(&mut head)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Self {
            socket,
            status: head[9..12].parse().unwrap(),
            head,
        })
    }

    async fn get(url: &str, path: &str, token: &str) -> Self {
        let authorization = format!("Authorization: Bearer {token}\r\n");
        let headers = if token.is_empty() { "" } else { &authorization };
        Self::ask(url, &format!("GET {path}"), headers, "")
            .await
            .unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        Some(lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?.1)
    }

    async fn text(&mut self) -> String {
        let mut body = vec![0; self.header("content-length").unwrap().parse().unwrap()];
        in_time(self.socket.read_exact(&mut body)).await.unwrap();
        String::from_utf8(body).unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Nothing after the last one; an error if the connection ends before it.
    async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut size = String::new();
        if in_time(self.socket.read_line(&mut size)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).unwrap() + 2];
        in_time(self.socket.read_exact(&mut chunk)).await?;
        chunk.truncate(chunk.len() - 2);
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    async fn chunk_text(&mut self) -> String {
        String::from_utf8(self.chunk().await.unwrap().unwrap()).unwrap()
    }
}

type WebSocket = WebSocketStream<TcpStream>;

async fn connect(url: &str) -> Result<WebSocket, Error> {
    let socket = TcpStream::connect(authority(url)).await.unwrap();
    Ok(client_async(url, socket).await?.0)
}

/// The next text or close frame; pings are answered on the way.
async fn heard(socket: &mut WebSocket) -> Option<Message> {
    loop {
        match in_time(socket.next()).await {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => return Some(message),
            Some(Err(_)) | None => return None,
        }
    }
}

async fn heard_json(socket: &mut WebSocket) -> Value {
    let message = heard(socket).await.unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap()
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("it took too long")
}
