//! Clients and sources on another machine: what one stranger may have there is for others when it is too much,
//! or when he is gone without a word, so that no end and no refusal comes from him and he takes nothing.

mod network;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::program::{Program, SOON, TOKEN, wait_until};
use network::{ANOTHER, Network, STRANGER, read_until};

const MINUTE: Duration = Duration::from_secs(60);
/// What a busy machine may take longer.
const SLACK: Duration = Duration::from_secs(15);

/// Whether the program has the other end of this connection open. What the system does with one that the program
/// has closed is not its business.
fn holds(program: &Program, peer: SocketAddr) -> bool {
    let SocketAddr::V4(peer) = peer else {
        panic!("{peer} is not of this network")
    };
    let address = u32::from_ne_bytes(peer.ip().octets());
    let peer = format!("{address:08X}:{:04X}", peer.port());
    let all = fs::read_to_string(format!("/proc/{}/net/tcp", program.pid())).unwrap();
    all.lines().any(|line| {
        let mut fields = line.split_ascii_whitespace();
        fields.nth(2) == Some(&peer) && fields.nth(6).is_some_and(|inode| inode != "0")
    })
}

#[test]
fn who_vanishes_without_a_word_is_found_out() {
    let Some(network) = Network::new() else {
        return;
    };
    network.near(async || {
        let feed = network.listen(ANOTHER);
        let source = format!("tcp:{}", feed.local_addr().unwrap());
        let program = Program::serve_publicly(&["--source", "demo:rate=100", "--source", &source]);
        program.is_ready().await;
        let ask = |sent: &str| network.ask(ANOTHER, &program, sent);

        let silent = ask("");
        let idle = ask("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
        read_until(&idle, "ok");
        let head = ask("GET / HTTP/1.1\r\nhost: a\r\nx: ");
        let form = ask(&format!(
            "POST /updateData HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\nlabel=["
        ));
        // Events of one row are small: the system would take many of them for somebody who is not there.
        let listener = ask("GET /api/v1/stream?k=1 HTTP/1.1\r\nhost: a\r\n\r\n");
        read_until(&listener, "event: top");
        let reader = ask(&"GET /api/v1/top.svg HTTP/1.1\r\nhost: a\r\n\r\n".repeat(200));
        read_until(&reader, "</svg>");
        let (writer, _) = feed.accept().unwrap();
        (&writer).write_all(b"#first\n#seco").unwrap();

        let own = |stream: &TcpStream| stream.local_addr().unwrap();
        // After how many seconds it is let go, at most.
        let mut there = vec![
            ("one that asks nothing", own(&silent), 30),
            ("one that asked", own(&idle), 30),
            ("half a head", own(&head), 30),
            ("half a form", own(&form), 10),
            ("one that listens", own(&listener), 15 + 30),
            ("one that reads no further", own(&reader), 30),
            ("one that is read", own(&writer), 30),
        ];
        for (what, peer, _) in &there {
            wait_until(what, SOON, async || holds(&program, *peer)).await;
        }
        assert_eq!(program.metric("tagtide_streams").await, 1);

        let begun = Instant::now();
        network.vanishes(ANOTHER);
        wait_until("all are let go", MINUTE, async || {
            there.retain(|(what, peer, seconds)| {
                let is_there = holds(&program, *peer);
                let limit = Duration::from_secs(*seconds) + SLACK;
                assert!(begun.elapsed() < limit, "{what} is held on to: {is_there}");
                is_there
            });
            there.is_empty()
        })
        .await;
        assert_eq!(program.metric("tagtide_streams").await, 0);
        // The one that asks here.
        assert_eq!(program.metric("tagtide_http_connections").await, 1);
        let other = network.ask(
            STRANGER,
            &program,
            "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
        );
        read_until(&other, "ok");
        // What it had not finished is no post.
        let source = &program.json("/api/v1/status").await["sources"][1];
        assert!(
            source["state"] != "live" && source["posts"] == 1,
            "{source}"
        );
    });
}

/// Whether it was closed, and nothing said.
fn is_turned_away(mut stream: TcpStream) -> bool {
    // An end, or a reset where what was sent is not read.
    stream.read(&mut [0; 9]).is_ok_and(|length| length == 0)
}

#[test]
fn one_stranger_has_128_connections_and_those_that_are_used_stay() {
    let Some(network) = Network::new() else {
        return;
    };
    network.near(async || {
        let program = Program::serve_publicly(&["--batch", "200ms"]);
        program.is_ready().await;
        let asks = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
        // Told to go on with its body, a request is under way.
        let posts = format!(
            "POST /api/v1/posts HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: text/plain\r\ncontent-length: 6\r\nexpect: 100-continue\r\n\r\n"
        );
        let mut busy: Vec<TcpStream> = (0..128)
            .map(|_| network.ask(STRANGER, &program, &posts))
            .collect();
        busy.iter().for_each(|one| read_until(one, "100 Continue"));
        for _ in 0..20 {
            assert!(is_turned_away(network.ask(STRANGER, &program, "")));
        }
        // Others have theirs, and of idle ones the first makes room.
        let mut idle = Vec::new();
        for _ in 0..129 {
            let one = network.ask(ANOTHER, &program, asks);
            read_until(&one, "ok");
            idle.push(one);
        }
        assert!(is_turned_away(idle.remove(0)));
        program.serves().await;
        let open = program.metric("tagtide_http_connections").await;
        assert_eq!(open, 128 + 128 + 1);

        busy[0].write_all(b"#first").unwrap();
        read_until(&busy[0], "\"accepted\":1");
        read_until(&network.ask(STRANGER, &program, asks), "ok");
        assert!(is_turned_away(busy.remove(0)));
        for mut one in &busy {
            one.write_all(b"#other").unwrap();
        }
        busy.iter()
            .for_each(|one| read_until(one, "\"accepted\":1"));
    });
}
