//! Clients that hold on to what they do not use: each is given some of the server for some time, and others are
//! served meanwhile.

use std::{
    io::{self, BufWriter, ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::program::{Program, SOON, wait_until};

const ARGS: [&str; 4] = ["--batch", "200ms", "--source", "demo:rate=100"];
/// What a debug build and what it remembers may take more than before, and far less than is sent or asked for.
const SOME: u64 = 64 << 20;

fn connected(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(program.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
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
    program.is_ready().await;
    program.serves().await;
    let before = program.resident();
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
            program.serves().await;
        }
    }
    program.serves().await;
    assert!(program.metric("tagtide_http_connections").await <= 1024);
    let let_go = program
        .metric("tagtide_http_connections_let_go_total")
        .await;
    assert!(let_go >= many - 1024, "{let_go}");
    let more = program.resident().saturating_sub(before);
    assert!(more < SOME, "{more} bytes for {many} idle connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_byte_by_byte_is_let_go() {
    let program = Program::serve(&ARGS);
    program.is_ready().await;
    let head = drip(&program, "GET / HTTP/1.1\r\nhost: a\r\nx: ", b"y");
    let line = drip(&program, "GET /", b"y");
    let form = "POST /updateData HTTP/1.1\r\nhost: a\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 100000\r\n\r\n";
    let body = drip(&program, form, b"y");
    program.serves().await;
    let (answer, took) = body.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    program.serves().await;
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
    program.is_ready().await;
    program.serves().await;
    let before = program.resident();
    let one = "GET /api/v1/top.svg HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2000);
    let mut clients = Vec::new();
    for _ in 0..20 {
        let stream = connected(&program);
        stream.set_nonblocking(true).unwrap();
        // As much as goes; nothing is read of the answers.
        let _ = (&stream).write(one.as_bytes());
        clients.push(stream);
    }
    program.serves().await;
    let more = program.resident().saturating_sub(before);
    assert!(more < SOME, "{more} bytes for {} clients", clients.len());
    // All are let go, so that there is room again; what is asked here is one.
    wait_until("they are let go", 3 * SOON, async || {
        program.metric("tagtide_http_connections").await <= 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_sent_ahead_are_answered_in_their_order() {
    let program = Program::serve(&ARGS);
    program.is_ready().await;
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

/// At 100 bytes for each of so many addresses, a program that keeps something of them grows by 100 MB.
const UNKNOWN: u32 = 1_000_000;

/// An address that nobody has asked for before: at no route, with the name of nothing, with a query that is none.
fn unknown(number: u32) -> String {
    let name = |length| format!("{number}{}", "y".repeat(length));
    // The count is asked, or a page is made: in a debug build that takes a millisecond. They are few, and long.
    if number.is_multiple_of(100) {
        return match number / 100 % 5 {
            0 => format!("/{}", name(4000)),
            1 => format!("/tag/{}", name(4000)),
            2 => format!("/tag/{}", name(90)),
            3 => format!("/api/v1/tags/{}", name(90)),
            _ => format!("/?lang={}", name(4000)),
        };
    }
    match number % 6 {
        0 => format!("/api/v1/x{number}"),
        1 => format!("/pkg/x{number}.js"),
        2 => format!("/healthz?x{number}"),
        3 => format!("/api/v1/top?x{number}"),
        4 => format!("/api/v1/top?k=x{number}"),
        // Longer than a hashtag can be.
        _ => format!("/api/v1/tags/{}", name(100)),
    }
}

/// Asks for these over one connection, as fast as they are answered.
fn ask_for_unknown(program: &Program, numbers: Range<u32>) -> thread::JoinHandle<()> {
    let mut stream = connected(program);
    let writing = stream.try_clone().unwrap();
    let writer = thread::spawn(move || {
        let mut writing = BufWriter::with_capacity(64 << 10, writing);
        for number in numbers {
            let path = unknown(number);
            write!(
                writing,
                "HEAD {path} HTTP/1.1\r\nhost: {number}.example\r\nx-{number}: y\r\n\r\n"
            )
            .unwrap();
        }
        writing.flush().unwrap();
        writing.get_ref().shutdown(Shutdown::Write).unwrap();
    });
    thread::spawn(move || {
        io::copy(&mut stream, &mut io::sink()).unwrap();
        writer.join().unwrap();
    })
}

/// Requests that were answered.
fn answered(metrics: &str) -> u64 {
    let lines = metrics.lines().filter_map(|line| {
        let line = line.strip_prefix("tagtide_http_request_duration_seconds_count{")?;
        line.rsplit_once(' ')?.1.parse::<u64>().ok()
    });
    lines.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_million_addresses_that_are_none_nothing_is_kept() {
    // Without posts, of which something is kept.
    let program = Program::serve(&["--source", "listen:127.0.0.1:0"]);
    program.is_ready().await;
    let metrics = async || program.get("/metrics").await.text().await.unwrap();
    // What is made for the first few is there afterwards.
    let few = ask_for_unknown(&program, 0..20_000);
    tokio::task::spawn_blocking(|| few.join().unwrap())
        .await
        .unwrap();
    program.serves().await;
    let (told, before) = (metrics().await, program.resident());

    let all: Vec<_> = (1..=4)
        .map(|part| part * UNKNOWN / 4..(part + 1) * UNKNOWN / 4)
        .map(|numbers| ask_for_unknown(&program, numbers))
        .collect();
    while !all.iter().all(thread::JoinHandle::is_finished) {
        program.serves().await;
    }
    all.into_iter().for_each(|one| one.join().unwrap());
    let (now, more) = (metrics().await, program.resident().saturating_sub(before));
    assert!(answered(&now) - answered(&told) >= u64::from(UNKNOWN));
    assert!(now.lines().count() <= told.lines().count() + 5, "{now}");
    // Eight bytes for each. It was one.
    assert!(more < 8 << 20, "{more} bytes");
}
