//! The stream of a server, while it is connected.

use std::time::Duration;

use reqwest::{Response, Url, header::CONTENT_TYPE};
use tokio::time::timeout;

use super::{
    super::{
        Status, http,
        sse::{Events, Message},
    },
    refusal::Refused,
    server::Server,
    statuses::{Names, Said},
};

const KIND: &str = "text/event-stream";

#[derive(Debug)]
pub(super) struct Stream {
    response: Response,
    events: Events,
    /// So long nothing may come, not even a comment.
    silence: Duration,
}

impl Stream {
    pub(super) async fn open(
        server: &Server,
        url: Url,
        silence: Duration,
    ) -> Result<Self, Refused> {
        let response = server.ask_for(KIND, url, &[]).await?;
        let kind = response.headers().get(CONTENT_TYPE);
        // Where nothing else is found many a server shows its page.
        if !kind.is_some_and(|kind| kind.as_bytes().starts_with(KIND.as_bytes())) {
            return Err(Refused::Unexpected("something else than a stream"));
        }
        Ok(Self {
            response,
            events: Events::new(),
            silence,
        })
    }

    /// Waits for what comes next, which may be nothing of interest; an error is how it ended. Dropped while it
    /// waits, it has taken nothing.
    pub(super) async fn next(
        &mut self,
        names: &Names,
        status: &Status,
    ) -> Result<Vec<Said>, String> {
        let chunk = match timeout(self.silence, self.response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return Err("it closed the stream".to_owned()),
            Ok(Err(error)) => return Err(format!("the stream was lost: {}", http::why(&error))),
            Err(_) => {
                let seconds = self.silence.as_secs_f32();
                return Err(format!("nothing came for {seconds} s"));
            }
        };
        status.bytes(chunk.len());
        let mut said = Vec::new();
        self.events.push(&chunk, |event| match event {
            Ok(Message { name, data }) => match names.of_event(name, data) {
                Ok(heard) => said.extend(heard),
                Err(why) => status.line_refused(&why),
            },
            Err(why) => status.line_refused(&why),
        });
        Ok(said)
    }
}
