//! HTTP/1.1 by hand, so that every byte of it can go wrong.

use std::{fmt::Display, io};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::live::{End, Order, Orders, Wire};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    /// Decoded, in order, repeated names repeated.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?, first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameters = query.split('&').filter(|pair| !pair.is_empty());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: parameters
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: Vec::new(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        Some(headers.find(|(known, _)| known == name)?.1.as_str())
    }

    /// The first of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters(name).next()
    }

    pub(crate) fn parameters(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.query.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Null when the body is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// What stands for itself after `%` and `+` are resolved; malformed escapes stay as they are.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3);
        let byte = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub(super) fn new(status: u16, media_type: &str, body: &str) -> Self {
        let answer = Self {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        answer.header("Content-Type", media_type)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    fn head(&self, framing: &str) -> String {
        let status = StatusCode::from_u16(self.status).unwrap();
        let mut head = format!("HTTP/1.1 {status}\r\n{framing}\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    /// Read, but not yet understood.
    unread: Vec<u8>,
}

impl Connection {
    pub(super) fn new(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        Self {
            socket,
            unread: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.socket, self.unread)
    }

    /// The next request; none when the client is gone or talks nonsense.
    pub(super) async fn request(&mut self) -> Option<Request> {
        let end = loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end;
            }
            self.fill().await?;
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let mut request = Request::parse(str::from_utf8(&head[..end]).ok()?)?;
        // Its end would not be found.
        assert!(request.header("transfer-encoding").is_none());
        let length = request.header("content-length");
        let length = length.map_or(Some(0), |length| length.parse().ok())?;
        while self.unread.len() < length {
            self.fill().await?;
        }
        request.body = self.unread.drain(..length).collect();
        Some(request)
    }

    async fn fill(&mut self) -> Option<()> {
        let read = self.socket.read_buf(&mut self.unread).await.ok()?;
        (read > 0).then_some(())
    }

    /// Gives the connection back if the answer could be written.
    pub(super) async fn answer(mut self, answer: &Answer) -> Option<Self> {
        let head = answer.head(&format!("Content-Length: {}", answer.body.len()));
        let bytes = [head.as_bytes(), &answer.body].concat();
        self.socket.write_all(&bytes).await.ok()?;
        Some(self)
    }

    /// An answer in chunks that goes on until it is told to end or the client goes. `write` says what
    /// this client gets of an event, in chunks that the wire may split further.
    pub(super) async fn stream<T>(
        mut self,
        start: &Answer,
        mut orders: Orders<T>,
        (wire, beat): (&Wire, &str),
        mut write: impl FnMut(&T) -> Vec<String>,
    ) -> io::Result<()> {
        let head = start.head("Transfer-Encoding: chunked");
        self.socket.write_all(head.as_bytes()).await?;
        self.chunks(&start.body, wire).await?;
        let mut pulse = wire.pulse();
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Event(event)) => {
                        for chunk in write(&event) {
                            self.chunks(chunk.as_bytes(), wire).await?;
                        }
                    }
                    Some(Order::Frame(frame)) => self.chunks(&frame.into_data(), wire).await?,
                    Some(Order::Raw(bytes)) => self.socket.write_all(&bytes).await?,
                    Some(Order::End(End::Clean)) => return self.socket.write_all(b"0\r\n\r\n").await,
                    Some(Order::End(End::Reset)) => {
                        self.reset();
                        return Ok(());
                    }
                    Some(Order::End(End::Cut)) | None => return Ok(()),
                },
                () = pulse.beat() => self.chunks(beat.as_bytes(), wire).await?,
                () = self.gone() => return Ok(()),
            }
        }
    }

    async fn chunks(&mut self, bytes: &[u8], wire: &Wire) -> io::Result<()> {
        for piece in bytes.chunks(wire.bytes_in_a_chunk()) {
            let size = format!("{:x}\r\n", piece.len());
            let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
            self.socket.write_all(&chunk).await?;
        }
        Ok(())
    }

    /// Waits for the end of the client; what it says until then is not listened to.
    pub(super) async fn gone(&mut self) {
        let mut nothing = [0; 1024];
        while let Ok(1..) = self.socket.read(&mut nothing).await {}
    }

    pub(super) fn reset(self) {
        // A closed socket that must not linger says goodbye by a reset.
        self.socket.set_zero_linger().unwrap();
    }
}
