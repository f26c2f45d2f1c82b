//! Clients that hold on to what they do not use: each is given some of the server for some time, and others are
//! served meanwhile.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::program::{Program, SOON, client, wait_until};

const ARGS: [&str; 4] = ["--batch", "200ms", "--source", "demo:rate=100"];
/// What a debug build and what it remembers may take more than before, and far less than is sent or asked for.
const SOME: u64 = 64 << 20;

/// Memory that it takes, in bytes.
fn resident(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() << 10
}

fn connected(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(program.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
}

/// People and supervisors are answered, at once as far as one can tell on a busy machine.
async fn serves(program: &Program) {
    for path in ["/", "/api/v1/top", "/healthz", "/readyz", "/metrics"] {
        // Not by a connection that is open already.
        let answer = client().get(program.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap();
    }
}

async fn ready(program: &Program) {
    wait_until("it is ready", SOON, async || {
        program.get("/readyz").await.status() == 200
    })
    .await;
}

async fn metric(program: &Program, name: &str) -> u64 {
    let text = program.get("/metrics").await.text().await.unwrap();
    let mut lines = text.lines();
    let number = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    number.unwrap().parse().unwrap()
}

/// Until nothing comes any more.
fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends this, then a byte now and then, until it is answered or let go; gives the answer, and for how long it
/// was listened to.
fn drip(program: &Program, begin: &str, then: &[u8]) -> thread::JoinHandle<(String, Duration)> {
    let mut stream = connected(program);
    stream.write_all(begin.as_bytes()).unwrap();
    let then = then.to_vec();
    thread::spawn(move || {
        let begun = Instant::now();
        let mut answer = Vec::new();
        stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        for byte in then.into_iter().cycle() {
            let mut part = [0; 4096];
            match stream.read(&mut part) {
                Ok(0) => break,
                Ok(length) => answer.extend(&part[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "it listens on");
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer, begun.elapsed())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, all).unwrap();
    // Where the system lets nobody have so many files, as many as it does.
    let many = limit.maximum.map_or(10_000, |most| 10_000.min(most - 500));

    let program = Program::serve(&ARGS);
    ready(&program).await;
    serves(&program).await;
    let before = resident(&program);
    let mut idle = Vec::new();
    for number in 0..many {
        let mut stream = connected(&program);
        match number % 3 {
            0 => {}
            // The beginning of a head, and one that has been answered.
            1 => drop(stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx: ")),
            _ => drop(stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")),
        }
        idle.push(stream);
        if number % 1000 == 999 {
            serves(&program).await;
        }
    }
    serves(&program).await;
    assert!(metric(&program, "tagtide_http_connections").await <= 1024);
    let let_go = metric(&program, "tagtide_http_connections_let_go_total").await;
    assert!(let_go >= many - 1024, "{let_go}");
    let more = resident(&program).saturating_sub(before);
    assert!(more < SOME, "{more} bytes for {many} idle connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_byte_by_byte_is_let_go() {
    let program = Program::serve(&ARGS);
    ready(&program).await;
    let head = drip(&program, "GET / HTTP/1.1\r\nhost: a\r\nx: ", b"y");
    let line = drip(&program, "GET /", b"y");
    let form = "POST /updateData HTTP/1.1\r\nhost: a\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 100000\r\n\r\n";
    let body = drip(&program, form, b"y");
    serves(&program).await;
    let (answer, took) = body.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    serves(&program).await;
    for slow in [head, line] {
        let (answer, took) = slow.join().unwrap();
        assert!(!answer.contains("200 OK"), "{answer}");
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
    // One that closes its side has said all that it will.
    let half = connected(&program);
    (&half).write_all(b"GET / HTTP/1.1\r\nhost: ").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert!(!read_to_end(half).contains("200 OK"));
}

#[test]
fn a_head_or_a_body_that_is_too_large_is_refused() {
    let program = Program::serve(&ARGS);
    let long = "y".repeat(128 << 10);
    let many: String = (0..1000).map(|at| format!("x{at}: y\r\n")).collect();
    for (sent, status) in [
        (format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"), "4"),
        (
            format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"),
            "431",
        ),
        (format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n"), "431"),
        (
            format!(
                "POST /updateData HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\nlabel={}",
                "y".repeat(2_000_000 - 6)
            ),
            "413",
        ),
    ] {
        let stream = connected(&program);
        // It may be refused before all of it is sent.
        let _ = (&stream).write_all(sent.as_bytes());
        let answer = read_to_end(stream);
        let refused = answer.starts_with(&format!("HTTP/1.1 {status}"));
        let cut = answer.is_empty() && sent.len() > 64 << 10;
        assert!(refused || cut, "{status}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_never_reads_holds_little_of_the_server() {
    let program = Program::serve(&ARGS);
    ready(&program).await;
    serves(&program).await;
    let before = resident(&program);
    let one = "GET /api/v1/top.svg HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2000);
    let mut clients = Vec::new();
    for _ in 0..20 {
        let stream = connected(&program);
        stream.set_nonblocking(true).unwrap();
        // As much as goes; nothing is read of the answers.
        let _ = (&stream).write(one.as_bytes());
        clients.push(stream);
    }
    serves(&program).await;
    let more = resident(&program).saturating_sub(before);
    assert!(more < SOME, "{more} bytes for {} clients", clients.len());
    // All are let go, so that there is room again; what is asked here is one.
    wait_until("they are let go", 3 * SOON, async || {
        metric(&program, "tagtide_http_connections").await <= 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_sent_ahead_are_answered_in_their_order() {
    let program = Program::serve(&ARGS);
    ready(&program).await;
    let mut sent = String::new();
    for _ in 0..100 {
        sent += "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /nothing HTTP/1.1\r\nhost: a\r\n\r\n";
    }
    sent += "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let stream = connected(&program);
    let answers = tokio::task::spawn_blocking(move || {
        (&stream).write_all(sent.as_bytes()).unwrap();
        read_to_end(stream)
    });
    let answers = answers.await.unwrap();
    let statuses: Vec<&str> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answers[at + 9..at + 12])
        .collect();
    assert_eq!(statuses.len(), 201);
    for (at, status) in statuses.into_iter().enumerate() {
        assert_eq!(status, ["200", "404"][at % 2], "{at}");
    }
}

/// Asks for as many addresses as this, of which no two are the same, and reads what comes.
fn ask_for_unknown(program: &Program, numbers: std::ops::Range<u32>) -> thread::JoinHandle<()> {
    let stream = connected(program);
    let mut writing = stream.try_clone().unwrap();
    let long = "y".repeat(1500);
    let writer = thread::spawn(move || {
        for number in numbers {
            let path = match number % 5 {
                0 => format!("/{number}{long}"),
                1 => format!("/api/v1/tags/{number}{long}"),
                2 => format!("/api/v1/top?k={number}{long}"),
                3 => format!("/healthz?{number}{long}"),
                _ => format!("/tag/{number}{}", &long[..90]),
            };
            let request =
                format!("HEAD {path} HTTP/1.1\r\nhost: {number}.example\r\nx-{number}: y\r\n\r\n");
            writing.write_all(request.as_bytes()).unwrap();
        }
        writing.shutdown(Shutdown::Write).unwrap();
    });
    thread::spawn(move || {
        read_to_end(stream);
        writer.join().unwrap();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_addresses_that_are_none_nothing_is_kept() {
    let program = Program::serve(&ARGS);
    ready(&program).await;
    let ask = async |numbers| {
        let asking = ask_for_unknown(&program, numbers);
        tokio::task::spawn_blocking(move || asking.join().unwrap())
            .await
            .unwrap();
    };
    // What is made for the first few is there afterwards.
    ask(0..500).await;
    let lines = async || {
        let text = program.get("/metrics").await.text().await.unwrap();
        text.matches("tagtide_http_request_duration_seconds_count")
            .count()
    };
    lines().await;
    let (kinds, before) = (lines().await, resident(&program));
    // 15 MB of addresses.
    ask(500..10_500).await;
    serves(&program).await;
    assert!(lines().await <= kinds + 5);
    let more = resident(&program).saturating_sub(before);
    assert!(more < SOME / 4, "{more} bytes for 10,000 addresses");
}
