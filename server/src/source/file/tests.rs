use std::{fs, io::Write};

use model::SourceState;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::source::{
    compression::tests::{Compress, bzip2, gzip, plain, tar, zstd},
    lines::MAX_LINE,
    recording::{Given, Recording, Running},
};

/// A file for one test.
struct Sample {
    folder: TempDir,
}

impl Sample {
    fn new(bytes: &[u8]) -> Self {
        let sample = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        sample.write(bytes);
        sample
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("posts, all of them")
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    fn append(&self, bytes: &[u8]) {
        fs::OpenOptions::new()
            .append(true)
            .open(self.path())
            .unwrap()
            .write_all(bytes)
            .unwrap();
    }

    async fn run(&self, options: &str, cursor: Option<Cursor>) -> Running {
        Running::of(&format!("file:{}{options}", self.path().display()), cursor).await
    }

    async fn read(&self, cursor: Option<Cursor>) -> (Recording, model::Source) {
        let (sink, status) = self.run("", cursor).await.ends().await;
        (sink, status.show())
    }
}

/// The cursor of whoever has read just this.
fn behind(text: &[u8]) -> Option<Cursor> {
    let mut head = Head::default();
    head.push(text);
    Some(Cursor(head.position(text.len() as u64).to_string()))
}

/// Lines of their own name, more bytes than are hashed.
fn many(name: &str) -> String {
    (0..2000).map(|n| format!("{name} {n}\n")).collect()
}

/// Ways in which a text may lie in a file.
const COMPRESSED: [Compress; 4] = [plain, gzip, archived, |text| gzip(&archived(text))];

fn archived(text: &[u8]) -> Vec<u8> {
    tar(&[("posts.json", text)])
}

/// Posts at these milliseconds; each has its time as text.
fn at(times: &[i64]) -> String {
    times
        .iter()
        .map(|at| format!("{{\"text\":\"{at}\",\"at\":{at}}}\n"))
        .collect()
}

/// A time in milliseconds for which JSON does not mean seconds.
const THEN: i64 = 1_700_000_000_000;

#[tokio::test]
async fn a_file_is_read_to_its_end() {
    let text = "\u{FEFF}one\r\n\ntwo\n{}\nthree".as_bytes();
    let sample = Sample::new(text);
    let (sink, source) = sample.read(None).await;
    assert_eq!(sink.texts(), ["one", "two", "three"]);
    assert_eq!(source.state, SourceState::Ended);
    assert_eq!(sink.cursor(), behind(text));
}

#[tokio::test]
async fn what_was_sealed_is_not_read_again() {
    let text = b"one\ntwo\nthree\n";
    let sample = Sample::new(text);
    for compress in COMPRESSED {
        sample.write(&compress(text));
        let (sink, _) = sample.read(behind(b"one\n")).await;
        assert_eq!(sink.texts(), ["two", "three"]);
        assert_eq!(sink.cursor(), behind(text));
        let (sink, source) = sample.read(behind(text)).await;
        assert_eq!((sink.texts().len(), source.state), (0, SourceState::Ended));
        sample.append(&compress(b"four\n"));
        assert_eq!(sample.read(behind(text)).await.0.texts(), ["four"]);
    }
}

#[tokio::test]
async fn an_appended_file_goes_on_exactly() {
    // What was read before is less than what is hashed, or more; what is read now, too.
    let all = many("line");
    let ends: Vec<_> = all.match_indices('\n').map(|(at, _)| at + 1).collect();
    for (first, second) in [(0, 1), (3, 1999), (0, 1000), (1500, 1999)] {
        for compress in COMPRESSED {
            let parts = [0, ends[first], ends[second], all.len()];
            let sample = Sample::new(b"");
            let mut cursor = None;
            for part in parts.windows(2) {
                let text = &all[part[0]..part[1]];
                sample.append(&compress(text.as_bytes()));
                let (sink, source) = sample.read(cursor.clone()).await;
                assert_eq!(source.state, SourceState::Ended, "{source:?}");
                assert_eq!(sink.texts(), text.lines().collect::<Vec<_>>());
                cursor = sink.cursor().or(cursor);
            }
            assert_eq!(cursor, behind(all.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_file_that_was_compressed_in_the_meantime_is_the_same() {
    let text = many("line");
    let sample = Sample::new(&gzip(text.as_bytes()));
    let read = &text[..text.len() / 2];
    let read = &read[..=read.rfind('\n').unwrap()];
    let (sink, _) = sample.read(behind(read.as_bytes())).await;
    let rest: Vec<_> = text[read.len()..].lines().collect();
    assert_eq!(sink.texts(), rest);
}

#[tokio::test]
async fn a_cursor_of_an_earlier_version_is_an_offset_alone() {
    let sample = Sample::new(b"one\ntwo\n");
    let (sink, _) = sample.read(Some(Cursor("4".to_owned()))).await;
    assert_eq!(sink.texts(), ["two"]);
    assert_eq!(sink.cursor(), behind(b"one\ntwo\n"));
    let (sink, source) = sample.read(Some(Cursor("4:what".to_owned()))).await;
    assert_eq!((sink.count(), source.state), (0, SourceState::Failed));
    assert_eq!(
        source.detail.unwrap(),
        "the stored position \"4:what\" is none in a file; use another --data"
    );
}

#[tokio::test]
async fn a_file_that_was_replaced_by_a_shorter_one_is_not_read() {
    let sample = Sample::new(b"");
    let long = many("line");
    let cut = &long.as_bytes()[..long.len() - 2];
    for (before, now) in [(&b"one\ntwo\n"[..], &b"one\n"[..]), (long.as_bytes(), cut)] {
        for compress in COMPRESSED {
            sample.write(&compress(now));
            let (sink, source) = sample.read(behind(before)).await;
            assert_eq!((sink.count(), source.state), (0, SourceState::Failed));
            assert!(
                source
                    .detail
                    .unwrap()
                    .contains("shorter than what was read of it before; use another --data")
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_by_a_longer_one_is_not_read() {
    let sample = Sample::new(b"");
    let (long, other) = (many("line"), many("another line"));
    for before in [b"one\n", long.as_bytes()] {
        for compress in COMPRESSED {
            sample.write(&compress(other.as_bytes()));
            let (sink, source) = sample.read(behind(before)).await;
            assert_eq!((sink.count(), source.state), (0, SourceState::Failed));
            let why = source.detail.unwrap();
            assert!(
                why.ends_with(
                    "is not the file that was read before; use another --data, or bring the former file back"
                ),
                "{why}"
            );
        }
    }
}

#[tokio::test]
async fn of_a_damaged_file_the_sound_lines_are_read() {
    let lines: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    let mut bytes = gzip(lines.as_bytes());
    bytes.truncate(bytes.len() / 2);
    let (sink, source) = Sample::new(&bytes).read(None).await;
    let texts = sink.texts();
    assert!(texts.len() > 10_000);
    assert_eq!(texts.last().unwrap(), &format!("line {}", texts.len() - 1));
    assert_eq!(source.state, SourceState::Failed);
    assert!(
        source
            .detail
            .unwrap()
            .contains("cannot be read any further")
    );
}

#[tokio::test]
async fn the_posts_times_move_the_time_on() {
    let text = at(&[
        THEN,
        THEN + 1999,
        THEN + 2000,
        THEN - 9000,
        THEN + 2001,
        THEN + 8000,
    ]);
    let mut lines: Vec<_> = text.lines().collect();
    lines.insert(0, "no time");
    lines.insert(4, "no time either");
    let far = "{\"text\":\"far\",\"at\":\"9999-01-01T00:00:00Z\"}";
    lines.push(far);
    let (sink, source) = Sample::new((lines.join("\n") + "\n").as_bytes())
        .read(None)
        .await;
    assert_eq!(source.detail.as_deref(), Some("1 late post"));
    let mut seen = vec![];
    for given in sink.given() {
        match given {
            Given::Advance(at) => seen.push(format!("to {}", at - THEN)),
            Given::Posts(posts, _) => seen.push(format!("{} posts", posts.len())),
        }
    }
    let expected = [
        "1 posts", "to 0", "2 posts", "to 2000", "4 posts", "to 8000", "2 posts",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn deletions_before_the_first_post_wait_for_its_time() {
    let deletions = "{\"delete\":\"1\"}\n".repeat(3);
    let text = deletions.clone() + &at(&[THEN]) + &deletions;
    let (sink, _) = Sample::new(text.as_bytes()).read(None).await;
    let given = sink.given();
    assert_eq!(given[0], Given::Advance(THEN));
    assert!(matches!(&given[1..], [Given::Posts(posts, _)] if posts.len() == 1));
    assert_eq!(sink.cursor(), behind(text.as_bytes()));
}

#[tokio::test]
async fn a_replay_keeps_to_its_speed() {
    let times: Vec<_> = (0..5).map(|n| THEN + n * 10_000).collect();
    let sample = Sample::new(format!("{}untimed\n", at(&times)).as_bytes());
    let begun = Instant::now();
    let running = sample.run(",speed=100x", None).await;
    running.sink.until(1).await;
    let (sink, _) = running.ends().await;
    assert!(begun.elapsed() >= Duration::from_millis(400));
    assert_eq!(sink.count(), 6);
}

#[tokio::test]
async fn it_stops_while_it_waits_for_the_next_post() {
    let sample = Sample::new(at(&[THEN, THEN + 3_600_000]).as_bytes());
    let running = sample.run(",speed=realtime", None).await;
    running.sink.until(1).await;
    running
        .shows(|source| source.state == SourceState::Waiting)
        .await;
    let why = running.status.show().detail.unwrap();
    assert!(why.starts_with("the next post is due in 59m "), "{why}");
    let sink = running.stop().await;
    assert_eq!(sink.cursor(), behind(at(&[THEN]).as_bytes()));
}

#[tokio::test]
async fn it_stops_while_the_sink_is_full() {
    let sample = Sample::new(&b"a line\n".repeat(1_000_000));
    let spec = format!("file:{}", sample.path().display());
    let options = crate::source::Options::default();
    let opened = crate::source::open(spec.parse().unwrap(), &options);
    let sink = Recording::new();
    sink.set_room(false);
    let running = Running::start(opened.await.unwrap(), sink, None);
    running
        .shows(|source| source.state == SourceState::Live)
        .await;
    assert_eq!(running.stop().await.count(), 0);
}

/// A pipe that is read, and its writing end.
async fn piped(cursor: Option<Cursor>) -> (Running, fs::File, Sample) {
    let sample = Sample::new(b"");
    fs::remove_file(sample.path()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(sample.path())
        .status()
        .unwrap();
    assert!(made.success());
    let running = sample.run("", cursor).await;
    let path = sample.path();
    // Opened by either side, a pipe waits for the other.
    let open = tokio::task::spawn_blocking(|| fs::OpenOptions::new().write(true).open(path));
    (running, open.await.unwrap().unwrap(), sample)
}

#[tokio::test]
async fn a_pipe_gives_each_line_as_it_comes() {
    let (running, mut pipe, _sample) = piped(behind(b"before\n")).await;
    pipe.write_all(b"B\n").unwrap();
    assert_eq!(running.sink.until(1).await, ["B"]);
    pipe.write_all(b"two\nhalf").unwrap();
    assert_eq!(running.sink.until(2).await[1], "two");
    drop(pipe);
    let (sink, _) = running.ends().await;
    assert_eq!((sink.texts().len(), sink.cursor()), (3, None));
}

#[tokio::test]
async fn the_files_of_an_archive_in_a_pipe_come_as_they_are_written() {
    let (running, mut pipe, _sample) = piped(None).await;
    let archive = tar(&[("00.json", b"one\ntwo"), ("01.json.gz", &gzip(b"three"))]);
    let (first, second) = archive.split_at(1024);
    pipe.write_all(first).unwrap();
    assert_eq!(running.sink.until(2).await, ["one", "two"]);
    pipe.write_all(second).unwrap();
    assert_eq!(running.sink.until(3).await[2], "three");
    drop(pipe);
    let (_, status) = running.ends().await;
    assert_eq!(status.show().state, SourceState::Ended);
}

#[tokio::test]
async fn a_character_may_come_in_pieces() {
    let (running, mut pipe, _sample) = piped(None).await;
    let text = "é日🦋\r\n{\"text\":\"🦋\"}\n";
    for (n, byte) in text.bytes().enumerate() {
        pipe.write_all(&[byte]).unwrap();
        if n == 10 {
            // Its end may be half there.
            assert_eq!(running.sink.until(1).await, ["é日🦋"]);
        }
    }
    assert_eq!(running.sink.until(2).await, ["é日🦋", "🦋"]);
    drop(pipe);
    assert_eq!(running.ends().await.0.count(), 2);
}

#[tokio::test]
async fn a_flood_without_an_end_of_line_costs_itself_alone() {
    let (running, mut pipe, _sample) = piped(None).await;
    let flood = tokio::task::spawn_blocking(move || {
        pipe.write_all(b"before\n").unwrap();
        for _ in 0..20 {
            pipe.write_all(&vec![b'x'; 1 << 20]).unwrap();
        }
        pipe.write_all(b"\nafter\n").unwrap();
    });
    let texts = running.sink.until(3).await;
    flood.await.unwrap();
    let (sink, status) = running.ends().await;
    assert_eq!((&*texts[0], texts[1].len()), ("before", MAX_LINE));
    assert_eq!((&*texts[2], sink.count()), ("after", 3));
    assert_eq!(
        status.show().detail.as_deref(),
        Some("1 line over 1 MiB cut")
    );
}

#[tokio::test]
async fn it_stops_while_a_writer_says_nothing() {
    let (running, mut pipe, _sample) = piped(None).await;
    pipe.write_all(b"one\nhalf").unwrap();
    running.sink.until(1).await;
    assert_eq!(running.stop().await.texts(), ["one"]);
    drop(pipe);
}

#[tokio::test]
async fn garbage_between_the_lines_is_no_reason_to_stop() {
    let garbage: Vec<u8> = (0..=255).filter(|byte| !b"\r\n".contains(byte)).collect();
    let text = [
        b"{\"text\":\"one\"}\n{\"text\":\n\0\0\0\n",
        &garbage[..],
        b"\n{\"text\":{}}\n[]\n{\"text\":\"two\"}\n",
    ];
    let (sink, source) = Sample::new(&text.concat()).read(None).await;
    let texts = sink.texts();
    assert_eq!((&*texts[0], texts.last().unwrap().as_str()), ("one", "two"));
    assert_eq!((texts.len(), source.state), (6, SourceState::Ended));
    assert_eq!(source.detail.as_deref(), Some("1 line without a post"));
}

#[tokio::test]
async fn a_file_of_an_archive_that_is_no_text_costs_no_other() {
    let picture: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let archive = tar(&[
        ("00.json", b"{\"text\":\"one\"}"),
        ("picture.png", &picture),
        ("empty.json", b""),
        ("empty.json.gz", &gzip(b"")),
        ("01.json", b"{\"text\":\"two\"}"),
    ]);
    let (sink, source) = Sample::new(&archive).read(None).await;
    let texts = sink.texts();
    assert_eq!(source.state, SourceState::Ended);
    assert_eq!((&*texts[0], texts.last().unwrap().as_str()), ("one", "two"));
}

#[tokio::test]
async fn of_a_cut_archive_the_sound_lines_are_read() {
    let lines = many("line");
    let mut archive = tar(&[("00.json", b"first"), ("01.json", lines.as_bytes())]);
    archive.truncate(2048);
    let (sink, source) = Sample::new(&archive).read(None).await;
    let texts = sink.texts();
    assert_eq!(texts[..2], ["first", "line 0"]);
    assert_eq!(
        texts.last().unwrap(),
        "line 64",
        "the line after it is not whole"
    );
    assert_eq!(source.state, SourceState::Failed);
    let why = source.detail.unwrap();
    assert!(
        why.ends_with(
            "cannot be read any further: \"01.json\" in the archive: the archive is cut short"
        ),
        "{why}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// From whichever cursor a run goes on, it gives just what the runs before did not.
    #[test]
    fn from_every_cursor_the_rest_is_read(
        lines in prop::collection::vec(("[a-z]{1,9}", 0..20_000_i64), 1..20),
        pick in any::<prop::sample::Index>(),
    ) {
        let text: String = lines
            .iter()
            .map(|(text, at)| format!("{{\"text\":\"{text}\",\"at\":{}}}\n", THEN + at))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sample = Sample::new(text.as_bytes());
            let (all, _) = sample.read(None).await;
            let mut before = 0;
            let mut cursors = vec![(0, None)];
            for given in all.given() {
                if let Given::Posts(posts, cursor) = given {
                    before += posts.len();
                    cursors.push((before, cursor));
                }
            }
            let (before, cursor) = &cursors[pick.index(cursors.len())];
            let (rest, _) = sample.read(cursor.clone()).await;
            assert_eq!(rest.texts(), all.texts()[*before..]);
        });
    }

    /// The same in the middle of an archive, whatever its files end with.
    #[test]
    fn from_every_cursor_in_an_archive_the_rest_is_read(
        files in prop::collection::vec(
            (
                prop::collection::vec(0..20_000_i64, 0..8),
                prop::sample::select(vec!["\n", "\r", "\r\n"]),
                any::<bool>(),
                prop::sample::select(vec![plain as Compress, gzip, bzip2, zstd]),
            ),
            1..6,
        ),
        outside in prop::sample::select(vec![plain as Compress, gzip]),
        pick in any::<prop::sample::Index>(),
    ) {
        let mut posts = vec![];
        let mut packed = vec![];
        for (n, (times, end, ended, compress)) in files.iter().enumerate() {
            let lines: Vec<_> = times
                .iter()
                .map(|at| {
                    let text = format!("post {}", posts.len());
                    let line = format!("{{\"text\":\"{text}\",\"at\":{}}}", THEN + at);
                    posts.push(text);
                    line
                })
                .collect();
            let mut text = lines.join(end);
            if *ended {
                text += end;
            }
            packed.push((format!("{n}.json"), compress(text.as_bytes())));
        }
        let packed: Vec<_> = packed.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sample = Sample::new(&outside(&tar(&packed)));
            let (all, source) = sample.read(None).await;
            assert_eq!((all.texts(), source.state), (posts.clone(), SourceState::Ended));
            let mut before = 0;
            let mut cursors = vec![(0, None)];
            for given in all.given() {
                if let Given::Posts(posts, cursor) = given {
                    before += posts.len();
                    cursors.push((before, cursor));
                }
            }
            let (before, cursor) = &cursors[pick.index(cursors.len())];
            let (rest, _) = sample.read(cursor.clone()).await;
            assert_eq!(rest.texts(), posts[*before..]);
        });
    }
}
