//! `--post-to`: the tutorial's Spark job towards its dashboard. After each epoch the all-time top ten
//! goes to an `/updateData` as two Python lists, with the token where there is one.
//!
//! A dashboard that is slow or down costs the count nothing: this is a task of its own, a post has a
//! time limit, and what could not be posted is not kept, since the next epoch holds it all again.

use std::time::Duration;

use model::{Ranking, Top, Window};
use reqwest::{
    Client, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap},
    redirect::Policy,
};
use tokio_util::sync::CancellationToken;

use super::repr;
use crate::{live::Live, secret::Secret};

/// Rows of the tutorial's board.
const ROWS: usize = 10;
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const POST_LIMIT: Duration = Duration::from_secs(5);

/// Why a post did not arrive.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("{0}")]
    Send(String),
    #[error("it does not know the token of TAGTIDE_POST_TO_TOKEN, or none is set")]
    NoToken,
    #[error("it answers {0}")]
    Refused(StatusCode),
}

/// Posts every epoch to `url` until the program ends; of epochs that close while a post is under way
/// only the newest is posted.
pub(crate) async fn run(
    (url, token): (Url, Option<Secret>),
    mut live: Live,
    stop: CancellationToken,
) {
    let token = token.map(|token| (AUTHORIZATION, token.bearer()));
    let client = crate::client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(POST_LIMIT)
        .default_headers(HeaderMap::from_iter(token))
        // The dashboard that was named is meant, and no other.
        .redirect(Policy::none())
        .no_proxy()
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(error = chain(&error), "cannot post to a dashboard");
            return;
        }
    };
    let shown = without_password(&url);
    let mut up = None;
    while let Some(Some(results)) = stop.run_until_cancelled(live.next()).await {
        let top = results.top(Window::All, Ranking::Count);
        if top.rows.is_empty() {
            continue;
        }
        let Some(posted) = stop.run_until_cancelled(post(&client, &url, top)).await else {
            return;
        };
        match posted {
            Ok(()) if up != Some(true) => {
                tracing::info!(url = shown, "the dashboard takes the counts");
                up = Some(true);
            }
            Err(why) if up != Some(false) => {
                let why = why.to_string();
                tracing::warn!(
                    url = shown,
                    why,
                    "the dashboard is not reached; it is tried again each epoch"
                );
                up = Some(false);
            }
            _ => {}
        }
    }
}

async fn post(client: &Client, url: &Url, top: &Top) -> Result<(), PostError> {
    let answer = client.post(url.clone()).form(&fields(top)).send().await;
    let answer = answer.map_err(|error| PostError::Send(chain(&error.without_url())))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED => Err(PostError::NoToken),
        status => Err(PostError::Refused(status)),
    }
}

/// The address as it may stand in a log.
fn without_password(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only where an address can have none.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

/// An error and what lies behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The two fields of the form.
fn fields(top: &Top) -> [(&'static str, String); 2] {
    let rows = &top.rows[..top.rows.len().min(ROWS)];
    [
        (
            "label",
            repr::strings(rows.iter().map(|row| row.tag.as_str())),
        ),
        ("data", repr::integers(rows.iter().map(|row| row.count))),
    ]
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        task::Poll::{self, Ready},
    };

    use axum::{Router, extract::State, routing::post};
    use tokio::{
        net::TcpListener,
        sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        time::timeout,
    };

    use super::*;
    use crate::web::testing::Counting;

    const SOON: Duration = Duration::from_secs(30);

    /// A dashboard that passes on what it is sent, and refuses `#refused`.
    async fn dashboard() -> (Url, UnboundedReceiver<String>) {
        let (posts, received) = unbounded_channel();
        let app = Router::new()
            .route("/updateData", post(receive))
            .with_state(posts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/updateData", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url.parse().unwrap(), received)
    }

    async fn receive(State(posts): State<UnboundedSender<String>>, body: String) -> StatusCode {
        let refused = body.contains("%23refused");
        posts.send(body).unwrap();
        if refused {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::CREATED
        }
    }

    #[tokio::test]
    async fn posts_each_epoch_after_the_first_hashtag_and_survives_refusals() {
        let (url, mut received) = dashboard().await;
        let mut posted = async || timeout(SOON, received.recv()).await.unwrap().unwrap();
        let counting = Counting::default();
        let stop = CancellationToken::new();
        let mut posting = Box::pin(run((url, None), counting.live(), stop.clone()));
        counting.show(1, &[]);
        // Run until it waits for something, it has taken the epoch that has no hashtag.
        let waits = poll_fn(|context| Ready(posting.as_mut().poll(context))).await;
        assert_eq!(waits, Poll::Pending);
        let posting = tokio::spawn(posting);

        counting.show(2, &[("#refused", 7)]);
        let form = "label=%5B%27%23refused%27%5D&data=%5B7%5D";
        assert_eq!(posted().await, form, "the first of all posts");
        counting.show(3, &[("#rust", 12), ("#it's", 3)]);
        let form = "label=%5B%27%23rust%27%2C+%22%23it%27s%22%5D&data=%5B12%2C+3%5D";
        assert_eq!(posted().await, form);
        counting.show(4, &[("#last", 1)]);
        let form = "label=%5B%27%23last%27%5D&data=%5B1%5D";
        assert_eq!(posted().await, form, "each epoch once");
        stop.cancel();
        posting.await.unwrap();
    }

    #[tokio::test]
    async fn a_dashboard_that_never_answers_does_not_keep_the_program() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap())
            .parse()
            .unwrap();
        let counting = Counting::default();
        let stop = CancellationToken::new();
        let posting = tokio::spawn(run((url, None), counting.live(), stop.clone()));
        counting.show(1, &[("#a", 1)]);
        let _connection = silent.accept().await.unwrap();
        stop.cancel();
        timeout(Duration::from_secs(1), posting)
            .await
            .unwrap()
            .unwrap();
    }
}
