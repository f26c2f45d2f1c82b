//! Requests that are not as they should be: each is refused as one, and nothing behind it is taken for another, so
//! that nobody hides a request from a proxy on the way.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
};

use crate::program::{Program, SOON};

const FORM: &str = "POST /updateData HTTP/1.1\r\nhost: a\r\n\
                    content-type: application/x-www-form-urlencoded\r\n";
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

/// The statuses of all that it answers until it ends the connection.
fn answers(program: &Program, sent: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(program.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    // It may end before all of it is sent.
    let _ = stream.write_all(sent.as_bytes());
    let mut answers = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answers) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{sent:?}");
    }
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let statuses = answers.match_indices("HTTP/1.");
    statuses
        .map(|(at, start)| answers[at + start.len() + 2..][..3].to_owned())
        .collect()
}

#[test]
fn nothing_behind_a_malformed_request_is_taken_for_another() {
    let program = Program::serve(&["--source", "listen:127.0.0.1:0"]);
    let chunks = |chunks: &str| format!("transfer-encoding: chunked\r\n\r\n{chunks}");
    for head in [
        // Where it ends, two say differently.
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n".to_owned(),
        "content-length: 5\r\ncontent-length: 6\r\n\r\nlabel=".to_owned(),
        "content-length: 5, 5\r\n\r\nlabel".to_owned(),
        "content-length: +5\r\n\r\nlabel".to_owned(),
        "content-length: -1\r\n\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "x: a\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "x: a\0b\r\n\r\n".to_owned(),
        chunks("ffffffffffffffffff\r\nlabel\r\n0\r\n\r\n"),
        chunks("-1\r\nlabel\r\n0\r\n\r\n"),
        chunks("5\nlabel\n0\n\n"),
        chunks("5\r\nlabelXX0\r\n\r\n"),
        chunks(&format!("5;{}\r\nlabel\r\n0\r\n\r\n", "x".repeat(100_000))),
        chunks(&"1;xxxxxxxxxxxx\r\na\r\n".repeat(20_000)),
        chunks(&format!(
            "5\r\nlabel\r\n0\r\n{}\r\n",
            "x: y\r\n".repeat(60_000)
        )),
        chunks(&format!(
            "5\r\nlabel\r\n0\r\nx: {}\r\n\r\n",
            "y".repeat(300_000)
        )),
    ] {
        let answers = answers(&program, &format!("{FORM}{head}{HIDDEN}"));
        // Or it has ended while more was sent, and the answer is lost.
        let is_one = answers == ["400"] || (answers.is_empty() && head.len() > 100_000);
        assert!(is_one, "{answers:?}: {}", &head[..head.len().min(99)]);
    }
    let old = FORM.replace("1.1", "1.0") + &chunks("0\r\n\r\n");
    assert_eq!(answers(&program, &(old + HIDDEN)), ["400"]);
    let other = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned();
    assert!(answers(&program, &(other + HIDDEN)).is_empty());
    // So it would be answered.
    let plain = format!("{FORM}content-length: 5\r\n\r\nlabel{HIDDEN}");
    assert_eq!(answers(&program, &plain), ["400", "200"]);
}

#[test]
fn a_request_names_one_host() {
    let program = Program::serve(&["--source", "listen:127.0.0.1:0"]);
    for (line, hosts, status) in [
        ("GET /healthz HTTP/1.1", "", "400"),
        ("GET /api/v1/top HTTP/1.1", "", "400"),
        ("GET /healthz HTTP/1.1", "host: a\r\nhost: b\r\n", "400"),
        ("GET /healthz HTTP/1.0", "host: a\r\nhost: b\r\n", "400"),
        ("GET /healthz HTTP/1.0", "", "200"),
        ("GET /healthz HTTP/1.1", "host: a\r\n", "200"),
    ] {
        let sent = format!("{line}\r\n{hosts}connection: close\r\n\r\n");
        let answers = answers(&program, &sent);
        assert_eq!(answers, [status], "{sent}");
    }
}
