//! The stream of events.

use super::*;
use crate::web::stream::Limits;

const PATH: &str = "/api/v1/stream";

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);
const LIMITS: Limits = Limits {
    listeners: 2,
    each: 2,
    patience: LONG,
    silence: LONG,
};

fn limited(limits: Limits) -> impl FnOnce(&mut Web, CancellationToken) {
    move |web, end| web.streams = Streams::new(end, limits)
}

/// What a client has received, split at the empty lines between events.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(server: &TestServer, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = server.client.get(server.url(&format!("{PATH}{query}")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut events = Self {
            response,
            text: String::new(),
        };
        assert_eq!(events.next().await.as_deref(), Some("retry: 2000"));
        events
    }

    /// `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(event);
            }
            let bytes = self.response.chunk().await.unwrap()?;
            self.text.push_str(str::from_utf8(&bytes).unwrap());
        }
    }

    /// The epoch of the next event, which is the JSON of the top.
    async fn epoch(&mut self) -> u64 {
        let event = self.next().await.expect("an event");
        let mut lines = event.lines();
        assert_eq!(lines.next(), Some("event: top"), "{event}");
        let id = lines.next().unwrap().strip_prefix("id: ").unwrap();
        let data = lines.next().unwrap().strip_prefix("data: ").unwrap();
        assert_eq!(lines.next(), None);
        let top: Value = serde_json::from_str(data).unwrap();
        assert_eq!(top["epoch"].to_string(), id);
        id.parse().unwrap()
    }
}

/// So many rows that a few events fill what the system takes ahead of a client.
fn many() -> Vec<String> {
    (0..100)
        .map(|number| format!("#tag{number:0>80}"))
        .collect()
}

fn rows(tags: &[String]) -> Vec<(&str, u64)> {
    tags.iter().map(|tag| (tag.as_str(), 5)).collect()
}

#[tokio::test]
async fn each_epoch_is_told_once_with_the_json_of_the_top() {
    let server = TestServer::start().await;
    let mut events = Events::of(&server, "?window=1h&k=1", &[]).await;
    for (epoch, count) in [(4, 9), (5, 10), (7, 11)] {
        server.counting.show(epoch, &[("#a", count), ("#b", 1)]);
        let event = events.next().await.unwrap();
        let top = server.get("/api/v1/top?window=1h&k=1").await.text().await;
        assert_eq!(
            event,
            format!("event: top\nid: {epoch}\ndata: {}", top.unwrap())
        );
    }
}

#[tokio::test]
async fn its_headers_keep_others_from_collecting_and_packing_it() {
    let server = TestServer::start().await;
    server.counting.show(1, &rows(&many()));
    let accepts = [("accept-encoding", "gzip, br")];
    let mut events = Events::of(&server, "?k=100", &accepts).await;
    let headers = events.response.headers();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("access-control-allow-origin", "*"),
        ("content-encoding", ""),
    ] {
        assert_eq!(header(headers, name), value, "{name}");
    }
    assert_eq!(events.epoch().await, 1);
}

#[tokio::test]
async fn who_comes_back_gets_what_is_new() {
    let server = TestServer::start().await;
    server.counting.show(8, &[("#a", 1)]);
    for behind in ["7", "9", "8x", "", "\u{e9}"] {
        let mut events = Events::of(&server, "", &[("last-event-id", behind)]).await;
        assert_eq!(events.epoch().await, 8, "{behind:?}");
    }
    let mut by_header = Events::of(&server, "?last_event_id=1", &[("last-event-id", "8")]).await;
    let mut by_query = Events::of(&server, "?last_event_id=8", &[]).await;
    server.counting.show(9, &[("#a", 2)]);
    assert_eq!(by_header.epoch().await, 9);
    assert_eq!(by_query.epoch().await, 9);
}

#[tokio::test]
async fn another_programs_board_is_told_when_it_is_new() {
    let server = TestServer::start().await;
    server.counting.show(1, &[]);
    server.update(&[("label", "['#x']"), ("data", "[1]")]).await;
    let mut events = Events::of(&server, "?source=external", &[]).await;
    let first = events.epoch().await;
    server.counting.show(2, &[]);
    server.update(&[("label", "['#x']"), ("data", "[2]")]).await;
    server.counting.show(3, &[]);
    assert!(events.epoch().await > first);
}

#[tokio::test]
async fn it_is_refused_as_the_top_is_and_its_head_listens_to_nothing() {
    let limits = Limits {
        listeners: 0,
        ..LIMITS
    };
    let server = TestServer::start_with(limited(limits)).await;
    let bad = server.url(&format!("{PATH}?k=0"));
    let refused = server.client.head(&bad).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = server.client.get(&bad).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(error_code(refused).await, "bad_k");
    let head = server.client.head(server.url(PATH)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(header(head.headers(), "content-type"), "text/event-stream");
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn where_as_many_listen_as_may_others_are_told_and_all_else_is_served() {
    let server = TestServer::start_with(limited(LIMITS)).await;
    server.counting.show(1, &[]);
    let first = Events::of(&server, "", &[]).await;
    let mut second = Events::of(&server, "", &[]).await;
    let refused = server.get(PATH).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(refused.headers(), "retry-after"), "10");
    assert_eq!(error_code(refused).await, "busy");
    assert_eq!(server.get("/api/v1/top").await.status(), StatusCode::OK);
    assert_eq!(second.epoch().await, 1);
    drop(first);
    while server.get(PATH).await.status() != StatusCode::OK {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn silence_is_broken_by_a_line_that_says_nothing() {
    let limits = Limits {
        silence: SHORT,
        ..LIMITS
    };
    let server = TestServer::start_with(limited(limits)).await;
    let mut events = Events::of(&server, "", &[]).await;
    assert_eq!(events.next().await.as_deref(), Some(":"));
    server.counting.show(1, &[]);
    loop {
        match events.next().await.as_deref() {
            Some(":") => {}
            event => break assert!(event.is_some_and(|event| event.starts_with("event: top"))),
        }
    }
}

#[tokio::test]
async fn who_does_not_read_is_told_and_dropped_and_others_notice_nothing() {
    let limits = Limits {
        patience: SHORT,
        ..LIMITS
    };
    let server = TestServer::start_with(limited(limits)).await;
    let tags = many();
    server.counting.show(1, &rows(&tags));
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    let question = format!("GET {PATH}?k=100 HTTP/1.1\r\nHost: x\r\n\r\n");
    slow.write_all(question.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");

    let mut healthy = Events::of(&server, "?k=100", &[]).await;
    assert_eq!(healthy.epoch().await, 1);
    let mut epoch = 1;
    // There is room for one more as soon as the slow one has lost its place.
    while server.get(PATH).await.status() != StatusCode::OK {
        epoch += 1;
        server.counting.show(epoch, &rows(&tags));
        assert_eq!(healthy.epoch().await, epoch);
    }
    let mut rest = String::new();
    tokio::time::timeout(LONG, async {
        let mut bytes = [0; 4096];
        while !rest.contains("event: dropped") {
            let length = slow.read(&mut bytes).await.unwrap();
            assert!(length > 0, "it was not told: {rest}");
            rest += &String::from_utf8_lossy(&bytes[..length]);
        }
    })
    .await
    .unwrap();
    assert!(rest.contains("too_slow"), "{rest}");
    let ids: Vec<u64> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
        .collect();
    assert!(
        ids.is_sorted() && *ids.last().unwrap() < epoch,
        "{ids:?} of {epoch}"
    );
}

#[tokio::test]
async fn a_quiet_stream_is_not_taken_for_a_client_that_does_not_read() {
    let counting = Counting::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let app = router(counting.web());
    let serving = tokio::spawn(connections::serve(
        listener,
        app,
        Clients::default(),
        SHORT,
        stop.clone(),
    ));
    let client = crate::client::builder().no_proxy().tls_certs_only([]);
    let response = client.build().unwrap().get(url).send().await.unwrap();
    let mut events = Events {
        response,
        text: "".to_owned(),
    };
    events.next().await.unwrap();
    for epoch in 1..4 {
        tokio::time::sleep(SHORT * 2).await;
        counting.show(epoch, &[]);
        assert_eq!(events.epoch().await, epoch);
    }
    drop(events);
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_program_ends_it_in_good_order() {
    let server = TestServer::start().await;
    server.counting.show(1, &[]);
    let mut events = Events::of(&server, "", &[]).await;
    assert_eq!(events.epoch().await, 1);
    server.stop.cancel();
    // One that is cut off is an error of its reader.
    assert_eq!(events.next().await, None);
    server.serving.await.unwrap();
}
