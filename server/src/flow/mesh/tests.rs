//! The mesh over real sockets: those who belong together find each other, and nobody else gets in.

use std::{
    future::Future,
    io::{Read, Write},
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream as Socket,
    time::timeout,
};

use super::{
    door::MOST_UNKNOWN,
    handshake::{Dialing, HELLO, SETTINGS, VERDICT, Verdict},
    *,
};

const SOON: Duration = Duration::from_secs(30);

fn secret(text: &str) -> Secret {
    Secret::of_bytes(text.as_bytes()).unwrap()
}

fn ours() -> Secret {
    secret("the secret of them all")
}

/// Places where nobody listens yet.
fn hosts(processes: usize) -> Hosts {
    let taken: Vec<_> = (0..processes)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let places = taken
        .iter()
        .map(|one| one.local_addr().unwrap().to_string());
    let places: Vec<_> = places.collect();
    // One place alone would be taken for a file.
    format!("{},", places.join(",")).parse().unwrap()
}

async fn mesh(hosts: &Hosts, index: usize) -> Mesh {
    let cluster = Cluster {
        hosts: hosts.clone(),
        index,
        secret: ours(),
        workers: 2,
        settings: String::new(),
    };
    // The one before may not have let go of the place yet.
    let begun = Instant::now();
    loop {
        match Mesh::listen(cluster.clone()).await {
            Ok(mesh) => return mesh,
            Err(error) => assert!(begun.elapsed() < SOON, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

const SAME: [u8; SETTINGS] = [0; SETTINGS];

fn member(hosts: &Hosts, index: u16) -> Member {
    Member {
        cluster: hosts.digest(),
        settings: SAME,
        processes: hosts.len() as u16,
        workers: 2,
        index,
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("it takes too long")
}

/// As process `member.index` connects to process `to`: what is made of it, and in which generation; `None`
/// when it is let go without a word.
async fn dialled(
    hosts: &Hosts,
    to: usize,
    member: Member,
    secret: &Secret,
    generation: u64,
) -> Option<(Socket, Verdict, u64)> {
    soon(async {
        let mut stream = Socket::connect(hosts.at(to)).await.unwrap();
        let (dialing, hello) = Dialing::new(member, generation, [5; 32]);
        stream.write_all(&hello).await.unwrap();
        let mut theirs = [0; HELLO];
        stream.read_exact(&mut theirs).await.ok()?;
        let (proving, proof) = dialing.prove(secret, to, &theirs).ok()?;
        stream.write_all(&proof).await.unwrap();
        let mut verdict = [0; VERDICT];
        stream.read_exact(&mut verdict).await.ok()?;
        let (verdict, generation) = proving.verdict(secret, &verdict).unwrap();
        Some((stream, verdict, generation))
    })
    .await
}

/// The verdict, as soon as it is one that is waited for.
async fn verdict(
    hosts: &Hosts,
    to: usize,
    index: u16,
    generation: u64,
    wanted: Verdict,
) -> (Socket, u64) {
    let begun = Instant::now();
    loop {
        let dialled = dialled(hosts, to, member(hosts, index), &ours(), generation).await;
        match dialled {
            Some((stream, verdict, generation)) if verdict == wanted => {
                return (stream, generation);
            }
            other => assert!(begun.elapsed() < SOON, "{other:?} and not {wanted:?}"),
        }
    }
}

/// All processes of a cluster, connected.
async fn connected(hosts: &Hosts) -> Vec<Vec<Option<TcpStream>>> {
    let mut connecting = Vec::new();
    for index in (0..hosts.len()).rev() {
        let mut mesh = mesh(hosts, index).await;
        connecting.push(tokio::spawn(async move { (mesh.connect().await, mesh) }));
    }
    let mut all = Vec::new();
    for connecting in connecting.into_iter().rev() {
        all.push(soon(connecting).await.unwrap().0);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_connected_with_everybody_else() {
    let hosts = hosts(3);
    let mut all = connected(&hosts).await;
    for (index, sockets) in all.iter_mut().enumerate() {
        assert_eq!(sockets.len(), 3);
        assert!(sockets[index].is_none());
        for (to, socket) in sockets.iter_mut().enumerate() {
            if let Some(socket) = socket {
                socket.set_nonblocking(false).unwrap();
                socket.write_all(&[index as u8, to as u8]).unwrap();
            }
        }
    }
    for (index, sockets) in all.iter_mut().enumerate() {
        for (from, socket) in sockets.iter_mut().enumerate() {
            let Some(socket) = socket else { continue };
            let mut read = [0; 2];
            socket.read_exact(&mut read).unwrap();
            assert_eq!(read, [from as u8, index as u8]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_belong_there_is_let_go_and_nobody_else_notices() {
    let hosts = hosts(3);
    let mut first = mesh(&hosts, 0).await;
    let connecting = tokio::spawn(async move { (first.connect().await, first) });
    let right = member(&hosts, 1);
    let wrong = [
        Member {
            cluster: [1; 32],
            ..right
        },
        Member {
            settings: [b'-'; SETTINGS],
            ..right
        },
        Member {
            processes: 4,
            ..right
        },
        Member {
            workers: 1,
            ..right
        },
        Member { index: 0, ..right },
        Member { index: 3, ..right },
    ];
    for wrong in wrong {
        assert!(
            dialled(&hosts, 0, wrong, &ours(), 0).await.is_none(),
            "{wrong:?}"
        );
    }
    let other = secret("another secret, just as long");
    assert!(dialled(&hosts, 0, right, &other, 0).await.is_none());

    let (_, mut of_another_version) = Dialing::new(right, 0, [5; 32]);
    of_another_version[9] ^= 1;
    let request = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    for said in [&of_another_version[..], &request[..], &[0; 4096]] {
        let mut stranger = Socket::connect(hosts.at(0)).await.unwrap();
        // It may be let go while it speaks.
        let _ = stranger.write_all(said).await;
        let mut read = Vec::new();
        let _ = soon(stranger.read_to_end(&mut read)).await;
        assert!(read.is_empty(), "{read:?}");
    }
    drop(Socket::connect(hosts.at(0)).await.unwrap());

    let rest = [1, 2].map(async |index| {
        let mut mesh = mesh(&hosts, index).await;
        mesh.connect().await
    });
    let [second, third] = rest;
    let (second, third) = soon(async { tokio::join!(second, third) }).await;
    assert_eq!(second.iter().flatten().count(), 2);
    assert_eq!(third.iter().flatten().count(), 2);
    assert_eq!(
        soon(connecting).await.unwrap().0.iter().flatten().count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_say_nothing_are_bounded_in_number_and_in_time() {
    let hosts = hosts(2);
    let mut first = mesh(&hosts, 0).await;
    let connecting = tokio::spawn(async move { (first.connect().await, first) });
    let mut silent = Vec::new();
    for _ in 0..MOST_UNKNOWN + 5 {
        silent.push(Socket::connect(hosts.at(0)).await.unwrap());
    }
    // The last ones are let go at once, the others when their time is over.
    for stranger in silent.iter_mut().rev() {
        let mut byte = [0];
        let read = soon(stranger.read(&mut byte)).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
    let mut second = mesh(&hosts, 1).await;
    assert_eq!(soon(second.connect()).await.iter().flatten().count(), 1);
    assert_eq!(
        soon(connecting).await.unwrap().0.iter().flatten().count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_of_a_number_is_refused_while_the_first_is_there() {
    let hosts = hosts(3);
    let mut first = mesh(&hosts, 0).await;
    let _connecting = tokio::spawn(async move { (first.connect().await, first) });
    let (here, _) = verdict(&hosts, 0, 1, 0, Verdict::Welcome).await;
    verdict(&hosts, 0, 1, 0, Verdict::Taken).await;
    drop(here);
    verdict(&hosts, 0, 1, 0, Verdict::Welcome).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_generation_is_refused_and_a_newer_one_is_followed() {
    let hosts = hosts(3);
    let [mut first, mut second] = [mesh(&hosts, 0).await, mesh(&hosts, 1).await];
    let first = tokio::spawn(async move { (first.connect().await, first) });
    // It loses the others as soon as it has them.
    tokio::spawn(async move {
        loop {
            second.connect().await;
        }
    });
    let (_third, generation) = verdict(&hosts, 0, 2, 0, Verdict::Welcome).await;
    verdict(&hosts, 1, 2, generation - 1, Verdict::Older).await;
    // Who knows none has not asked process 0.
    verdict(&hosts, 1, 2, 0, Verdict::Older).await;
    let (_, same) = verdict(&hosts, 1, 2, generation, Verdict::Welcome).await;
    assert_eq!(same, generation);

    // Process 0 begins anew: a new generation.
    first.abort();
    drop(first.await);
    let mut first = mesh(&hosts, 0).await;
    let _first = tokio::spawn(async move { (first.connect().await, first) });
    let (_third, newer) = verdict(&hosts, 0, 2, 0, Verdict::Welcome).await;
    assert!(newer > generation);
    verdict(&hosts, 1, 2, generation, Verdict::Older).await;
    verdict(&hosts, 1, 2, newer, Verdict::Welcome).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_lost_while_others_are_waited_for_may_come_again() {
    let hosts = hosts(3);
    let mut first = mesh(&hosts, 0).await;
    let connecting = tokio::spawn(async move { (first.connect().await, first) });
    for index in [1, 2, 1] {
        let mut lost = mesh(&hosts, index).await;
        // It is let in, and gone before all are there.
        let trying = timeout(Duration::from_millis(300), lost.connect()).await;
        assert!(trying.is_err());
    }
    let all = [mesh(&hosts, 1).await, mesh(&hosts, 2).await];
    let [mut second, mut third] = all;
    let both = soon(async { tokio::join!(second.connect(), third.connect()) }).await;
    assert_eq!(both.0.iter().flatten().count(), 2);
    assert_eq!(both.1.iter().flatten().count(), 2);
    assert_eq!(
        soon(connecting).await.unwrap().0.iter().flatten().count(),
        2
    );
}
