//! The server's side of a WebSocket.

use futures::{SinkExt, StreamExt};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::{create_response, write_response},
        http,
        protocol::Role,
    },
};

use super::{
    http::{Answer, Connection, Request},
    live::{End, Order, Orders, Wire, close},
    seen::Seen,
    server::Shared,
};

/// What a service says in a conversation.
pub(super) trait Speaker: Send {
    type Event: Clone + Send;

    /// The frames that this client gets of an event.
    fn tell(&mut self, event: &Self::Event) -> Vec<Message>;

    /// What it answers to a text frame.
    fn hear(&mut self, text: &str) -> Vec<Message>;
}

/// Takes the upgrade, joins the streams and holds the conversation until it ends in whatever way; gives the
/// connection back after refusing what is no upgrade.
pub(super) async fn converse<S: Speaker>(
    connection: Connection,
    request: &Request,
    shared: &Shared<S::Event>,
    (join, speaker): (impl FnOnce() -> Orders<S::Event>, S),
) -> Option<Connection> {
    let socket = match accept(connection, request).await {
        Ok(socket) => socket,
        Err(connection) => return connection,
    };
    let orders = join();
    let _present = shared.seen.enter_stream(usize::MAX).await;
    let (wire, seen) = (&shared.wire, &shared.seen);
    let conversation = Conversation {
        socket,
        speaker,
        wire,
        seen,
    };
    conversation.hold(orders).await;
    None
}

async fn accept(
    connection: Connection,
    request: &Request,
) -> Result<WebSocketStream<TcpStream>, Option<Connection>> {
    let mut head = http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path.as_str());
    for (name, value) in &request.headers {
        head = head.header(name, value);
    }
    let Ok(response) = create_response(&head.body(()).unwrap()) else {
        let refusal =
            Answer::text(426, "a WebSocket is spoken here\n").header("Upgrade", "websocket");
        return Err(connection.answer(&refusal).await);
    };
    let mut bytes = Vec::new();
    write_response(&mut bytes, &response).unwrap();
    let (mut socket, unread) = connection.into_parts();
    socket.write_all(&bytes).await.map_err(|_| None)?;
    Ok(WebSocketStream::from_partially_read(socket, unread, Role::Server, None).await)
}

struct Conversation<'a, S> {
    socket: WebSocketStream<TcpStream>,
    speaker: S,
    wire: &'a Wire,
    seen: &'a Seen,
}

/// It is over; the socket is dropped as it is.
struct Over;

impl<S: Speaker> Conversation<'_, S> {
    /// Goes on until an order or the client ends it. A client that did not answer the last ping by the
    /// time of the next is dropped.
    async fn hold(mut self, mut orders: Orders<S::Event>) {
        let mut pulse = self.wire.pulse();
        let mut is_there = true;
        loop {
            let over = tokio::select! {
                // An answer that has come is heard before the next ping.
                biased;
                message = self.socket.next() => match message {
                    Some(Ok(message)) => {
                        is_there |= message.is_pong();
                        self.listen(message).await
                    }
                    Some(Err(_)) | None => Err(Over),
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => Err(Over),
                },
                () = pulse.beat() => match std::mem::replace(&mut is_there, false) {
                    true => self.say(Message::Ping("are you there?".into())).await,
                    false => Err(Over),
                },
            };
            if over.is_err() {
                return;
            }
        }
    }

    async fn obey(&mut self, order: Order<S::Event>) -> Result<(), Over> {
        match order {
            Order::Event(event) => {
                for message in self.speaker.tell(&event) {
                    self.say(message).await?;
                }
                Ok(())
            }
            Order::Frame(frame) => self.say(frame).await,
            Order::Raw(bytes) => {
                self.socket.flush().await.map_err(|_| Over)?;
                self.socket
                    .get_mut()
                    .write_all(&bytes)
                    .await
                    .map_err(|_| Over)
            }
            Order::End(End::Clean) => self.say(close(1000, "")).await,
            Order::End(End::Cut) => Err(Over),
            Order::End(End::Reset) => {
                self.socket.get_ref().set_zero_linger().unwrap();
                Err(Over)
            }
        }
    }

    async fn listen(&mut self, message: Message) -> Result<(), Over> {
        self.note(&message);
        if let Message::Text(text) = message {
            for answer in self.speaker.hear(&text) {
                self.say(answer).await?;
            }
        }
        Ok(())
    }

    fn note(&self, message: &Message) {
        self.seen.note(|record| match message {
            Message::Text(text) => record.frames.push(text.to_string()),
            Message::Close(frame) => {
                let code = frame.as_ref().map(|frame| frame.code.into());
                record.closes.push(code);
            }
            Message::Pong(_) => record.pongs += 1,
            Message::Binary(_) | Message::Ping(_) | Message::Frame(_) => {}
        });
    }

    /// Nothing comes after a close frame but the client's answer to it.
    async fn say(&mut self, message: Message) -> Result<(), Over> {
        let limit = self.wire.time_for_a_frame();
        let is_last = message.is_close();
        let Ok(sent) = timeout(limit, self.socket.send(message)).await else {
            self.seen.note(|record| record.dropped += 1);
            return Err(Over);
        };
        if is_last {
            let answered = async {
                while let Some(Ok(message)) = self.socket.next().await {
                    self.note(&message);
                }
            };
            let _ = timeout(limit, answered).await;
            return Err(Over);
        }
        sent.map_err(|_| Over)
    }
}
