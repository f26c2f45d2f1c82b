//! Sources as people use them: what is refused before anything starts, and what a count of files says.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::program::{Program, SOON, free_port, wait_until};

fn tagtide(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(args)
        .output()
        .unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

fn bzip2(text: &str) -> Vec<u8> {
    let mut to = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::default());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

/// An archive of these files.
fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut to = tar::Builder::new(vec![]);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        to.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    to.into_inner().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_count_goes_over_all_files_and_all_compressions() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, compressed) = (
        folder.path().join("plain"),
        folder.path().join("compressed"),
    );
    fs::write(
        &plain,
        "#Rust and #日本\r{\"text\":\"\",\"tags\":[\"rust\"]}\n{}\n#Rust",
    )
    .unwrap();
    fs::write(&compressed, [gzip("#rust #c\n"), gzip("#日本")].concat()).unwrap();
    let files = [path(&plain), path(&compressed)];

    let table = tagtide(&[&["count"], &files[..]].concat());
    let expected =
        "rank  tag    count\n   1  #Rust      4\n   2  #日本      2\n   3  #c         1\n";
    assert_eq!(String::from_utf8(table.stdout).unwrap(), expected);
    assert!(table.stderr.is_empty(), "nobody watches its progress");

    let json = tagtide(&[&["count", "--json", "-k", "1"], &files[..]].concat());
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    let expected = serde_json::json!([{
        "rank": 1, "tag": "#Rust", "count": 4, "error": 0,
        "people": null, "score": null, "share": 4.0 / 7.0, "change": null,
        "recent": [],
    }]);
    assert_eq!(rows, expected);
}

#[test]
fn every_form_of_a_line_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    let lines = [
        "#text",
        r##"{"text":"#simple","id":"1","url":"https://a.example"}"##,
        r#"{"data":{"id":"1","text":"","entities":{"hashtags":[{"start":0,"end":1,"tag":"x"}]}}}"#,
        r#"{"id_str":"1","text":"","entities":{"hashtags":[{"text":"tweet","indices":[0,1]}]}}"#,
        r#"{"did":"did:plc:a","time_us":1779719009157119,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"b","record":{"text":"","tags":["bluesky"]}}}"#,
        r#"{"id":"1","content":"","account":{"acct":"a"},"tags":[{"name":"mastodon"}]}"#,
        r#"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","did":"did:plc:a","operation":"create","collection":"app.bsky.feed.post","rkey":"c","record":{"text":"","tags":["bluesky2"]}}}"#,
        r#"{"stream":["public"],"event":"update","payload":"{\"id\":\"2\",\"content\":\"\",\"account\":{\"acct\":\"a\"},\"tags\":[{\"name\":\"mastodon2\"}]}"}"#,
        r##"{"text":"#\u0068alf \ud83e"}"##,
        // No posts.
        r#"{"delete":"1"}"#,
        r#"{"takedown":"a"}"#,
        r#"{"delete":{"status":{"id_str":"1"}}}"#,
        r#"{"limit":{"track":1}}"#,
        r#"{"errors":[{"title":"no"}]}"#,
        r#"{"stream":["public"],"event":"delete","payload":"2"}"#,
        r##"{"unknown":"#no"}"##,
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let json = tagtide(&["count", "--json", path(&file)]);
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    let tags: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["tag"])
        .collect();
    let expected = [
        "#bluesky",
        "#bluesky2",
        "#half",
        "#mastodon",
        "#mastodon2",
        "#simple",
        "#text",
        "#tweet",
        "#x",
    ];
    assert_eq!(tags, expected);
}

/// As the Archive Team's: a month, of which each minute is a file.
#[test]
fn a_count_goes_over_the_files_of_an_archive() {
    let minute = |n: u32| {
        let tags = format!(r#"[{{"text":"t{}"}},{{"text":"all"}}]"#, n % 4);
        format!(
            "{{\"delete\":{{\"status\":{{\"id_str\":\"{n}\"}}}}}}\n{{\"id_str\":\"{n}\",\"text\":\"\",\"entities\":{{\"hashtags\":{tags}}}}}"
        )
    };
    let files: Vec<_> = (0..60)
        .map(|n| match n % 3 {
            0 => (format!("2018/10/01/00/{n:02}.json.bz2"), bzip2(&minute(n))),
            1 => (format!("2018/10/01/00/{n:02}.json.gz"), gzip(&minute(n))),
            _ => (format!("2018/10/01/00/{n:02}.json"), minute(n).into()),
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("2018-10.tar");
    fs::write(&file, tar(&files)).unwrap();
    let expected = "rank  tag   count\n   1  #all     60\n   2  #t0      15\n   3  #t1      15\n   4  #t2      15\n   5  #t3      15\n";
    let table = tagtide(&["count", path(&file)]);
    assert_eq!(String::from_utf8(table.stdout).unwrap(), expected);

    let mut cut = tar(&files);
    cut.truncate(cut.len() / 2);
    fs::write(&file, cut).unwrap();
    let refused = tagtide(&["count", path(&file)]);
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(
        error.contains("2018-10.tar\" cannot be read to its end: ")
            && error.ends_with("the archive is cut short\n"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_opened_is_one_line_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("listen:{}", taken.local_addr().unwrap());
    let missing = format!("file:{}", path(&folder.path().join("missing")));
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        path(&data),
        "--source",
    ];
    for (args, status, says) in [
        ([&serve[..], &[&taken]].concat(), 1, "choose another port"),
        ([&serve[..], &[&missing]].concat(), 1, "No such file"),
        ([&serve[..], &["tcp:9009"]].concat(), 2, "tcp:HOST:PORT"),
        (
            [&serve[..], &["bluesky:https://jetstream.example"]].concat(),
            2,
            "it begins with none of wss, ws",
        ),
        (
            vec!["feed", "--listen", "127.0.0.1:0", "--source", &missing],
            1,
            "No such file",
        ),
        (vec!["count", path(folder.path())], 1, "is a directory"),
    ] {
        let output = tagtide(&args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {error}");
        assert!(
            error.contains(says) && error.trim_end().lines().count() == 1,
            "{args:?}: {error}"
        );
        assert!(!data.exists(), "{args:?}");
    }
}

#[tokio::test]
async fn a_feed_starts_with_its_first_reader_and_lets_it_go_at_the_end() {
    let port = free_port();
    let mut feed = Program::feed(port, &["--source", "demo:rate=1000"]);
    wait_until("the feed listens", SOON, async || {
        feed.stderr().contains("tagtide feeds lines at")
    })
    .await;
    assert!(!feed.stderr().contains("is live"), "nobody reads yet");
    let mut reader = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut lines = vec![0; 10_000];
    timeout(SOON, reader.read_exact(&mut lines))
        .await
        .unwrap()
        .unwrap();
    feed.terminate();
    timeout(SOON, reader.read_to_end(&mut lines))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lines.last(), Some(&b'\n'), "lines are whole");
}

/// Runs it until it has said this and shows just these tags.
async fn counted(data: &Path, source: &str, says: &str, tags: &[(&str, u64)]) {
    let mut program = Program::serve_in(data, &["--batch", "100ms", "--source", source], &[]);
    wait_until(says, SOON, async || program.stderr().contains(says)).await;
    let tags: Vec<_> = tags.iter().map(|&(tag, n)| (tag.to_owned(), n)).collect();
    wait_until("the counts", SOON, async || program.counts().await == tags).await;
    program.terminate();
}

#[tokio::test]
async fn a_file_goes_on_where_it_grew_and_not_where_another_took_its_place() {
    let plain: fn(&str) -> Vec<u8> = |text| text.into();
    for compress in [plain, gzip] {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("posts"));
        let source = format!("file:{}", path(&file));
        let run = async |says: &str, tags: &[(&str, u64)]| {
            counted(&data, &source, says, tags).await;
        };
        let (few, more) = ("#a one\n".repeat(10), "#b two\n".repeat(2000));
        fs::write(&file, compress(&few)).unwrap();
        run("is ended", &[("#a", 10)]).await;
        let grown = [compress(&few), compress(&more)].concat();
        fs::write(&file, &grown).unwrap();
        let all = [("#b", 2000), ("#a", 10)];
        run("is ended", &all).await;

        fs::write(&file, compress(&"#c another\n".repeat(10_000))).unwrap();
        run(
            "is not the file that was read before; use another --data",
            &all,
        )
        .await;

        fs::write(&file, [grown, compress("#a one\n")].concat()).unwrap();
        run("is ended", &[("#b", 2000), ("#a", 11)]).await;
    }
}

/// Each line is told by its own tag, so that none can make up for another.
#[tokio::test]
async fn a_kill_in_the_middle_of_an_archive_costs_no_line_and_counts_none_twice() {
    const FILES: u64 = 20;
    const LINES: u64 = 5;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("month.tar.gz");
    let files: Vec<_> = (0..FILES)
        .map(|n| {
            let line = |k| {
                // A tenth of a second of the posts' time from one to the next.
                let at = 1_700_000_000_000 + (n * LINES + k) * 100;
                format!(r#"{{"tags":["file{n}line{k}"],"at":{at}}}"#)
            };
            let text = (0..LINES).map(line).collect::<Vec<_>>().join("\n");
            (format!("{n}.json.bz2"), bzip2(&text))
        })
        .collect();
    let mut to = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    to.write_all(&tar(&files)).unwrap();
    fs::write(&file, to.finish().unwrap()).unwrap();

    let source = format!("file:{},speed=2x", path(&file));
    let mut program = Program::serve(&["--batch", "100ms", "--source", &source]);
    for kill in 1..=2 {
        wait_until("some more are counted", SOON, async || {
            program.counts().await.len() as u64 >= kill * 20
        })
        .await;
        let before = program.counts().await.len() as u64;
        program.kill9();
        assert!(before < FILES * LINES, "it was over before kill {kill}");
        program.restart();
    }
    wait_until("all are counted", SOON, async || {
        program.counts().await.len() as u64 == FILES * LINES
    })
    .await;
    wait_until("it has ended", SOON, async || {
        program.stderr().contains("is ended")
    })
    .await;
    let counts = program.counts().await;
    assert!(counts.iter().all(|(_, count)| *count == 1), "{counts:?}");
    program.terminate();
}

#[tokio::test]
async fn strange_writers_neither_stop_it_nor_cost_a_finished_line() {
    let mut program = Program::serve(&["--batch", "100ms", "--source", "listen:127.0.0.1:0"]);
    let port = program.source_port();
    let writer = async || TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _silent = writer().await;
    for bytes in [
        b"#a one\r#a two\r\n#a thr\xFFee\n\n\n#a half".to_vec(),
        [
            b"#a ".to_vec(),
            vec![b'x'; 50 << 20],
            b" #b\n#a after\n".to_vec(),
        ]
        .concat(),
        b"{\"text\":\"#a\\ud800\"}\n{\"tags\":[\"a\"]}\n{\"no\":\"#b\"}\n\0\n".to_vec(),
    ] {
        writer().await.write_all(&bytes).await.unwrap();
    }
    let expected = [("#a".to_owned(), 8)];
    wait_until("all finished lines", SOON, async || {
        program.counts().await == expected
    })
    .await;
    program.terminate();
}

#[tokio::test]
async fn what_is_edited_deleted_or_taken_down_leaves_the_counts_over_a_restart() {
    let mut program = Program::serve(&["--batch", "100ms", "--source", "listen:127.0.0.1:0"]);
    let port = program.source_port();
    let mut writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let posts = [
        r##"{"text":"#edited #kept","id":"1","author":"ann"}"##,
        r##"{"text":"#deleted #kept","id":"2","author":"ann"}"##,
        r##"{"text":"#gone","id":"3","author":"bob"}"##,
        r##"{"text":"#gone","id":"4","author":"bob"}"##,
        r##"{"text":"#kept","author":"bob"}"##,
    ];
    let lines = posts.join("\n") + "\n";
    writer.write_all(lines.as_bytes()).await.unwrap();
    let counted = |tags: &[(&str, u64)]| -> Vec<_> {
        tags.iter().map(|&(tag, n)| (tag.to_owned(), n)).collect()
    };
    let all = counted(&[("#kept", 3), ("#gone", 2), ("#deleted", 1), ("#edited", 1)]);
    wait_until("all posts", SOON, async || program.counts().await == all).await;
    drop(writer);
    program.kill9();
    program.restart();
    let port = program.source_port();
    let mut writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let changes = [
        r##"{"text":"#new","id":"1","author":"ann"}"##,
        r#"{"delete":"2"}"#,
        r#"{"takedown":"bob"}"#,
        r#"{"delete":"never seen"}"#,
    ];
    let lines = changes.join("\n") + "\n";
    writer.write_all(lines.as_bytes()).await.unwrap();
    let left = counted(&[("#kept", 1), ("#new", 1)]);
    wait_until("what is left", SOON, async || {
        program.counts().await == left
    })
    .await;
    program.terminate();
}
