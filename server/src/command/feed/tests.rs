use std::{fs, path::Path};

use tokio::{io::BufReader, task::JoinHandle};

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// A feed that runs.
struct Running {
    address: SocketAddr,
    readers: Readers,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn of(spec: &str, patience: Duration) -> Self {
        let address = "127.0.0.1:0".parse().unwrap();
        let mut feeder = Feeder::open(address, vec![spec.parse().unwrap()], &Options::default())
            .await
            .unwrap();
        let readers = Readers::new(patience);
        feeder.readers = readers.clone();
        let address = feeder.listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(feeder.run(stop.clone()));
        Self {
            address,
            readers,
            stop,
            task,
        }
    }

    async fn reader(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(self.address).await.unwrap())
    }

    async fn ends(self) -> anyhow::Result<()> {
        timeout(LIMIT, self.task)
            .await
            .expect("it ends by itself")
            .unwrap()
    }
}

async fn line(reader: &mut BufReader<TcpStream>) -> String {
    use tokio::io::AsyncBufReadExt;
    let mut line = String::new();
    timeout(LIMIT, reader.read_line(&mut line))
        .await
        .expect("a line comes")
        .unwrap();
    line
}

async fn rest(reader: &mut BufReader<TcpStream>) -> String {
    let mut rest = String::new();
    timeout(LIMIT, reader.read_to_string(&mut rest))
        .await
        .expect("the end comes")
        .unwrap();
    rest
}

fn numbers(count: usize) -> String {
    (0..count).map(|n| format!("line {n} #of many\n")).collect()
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("posts");
    fs::write(&path, text).unwrap();
    format!("file:{}", path.display())
}

#[tokio::test]
async fn a_reader_gets_every_line_and_then_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = numbers(300_000);
    let running = Running::of(&file(folder.path(), &text), LIMIT).await;
    let mut reader = running.reader().await;
    // The source has to wait before anything is read.
    let filling = async {
        while !running.readers.one_is_full() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LIMIT, filling).await.expect("the queue is full");
    assert!(rest(&mut reader).await == text);
    drop(reader);
    running.ends().await.unwrap();
}

#[tokio::test]
async fn posts_are_lines_of_text() {
    let folder = tempfile::tempdir().unwrap();
    let text = concat!(
        "plain #é\n",
        r#"{"text":"two\nlines\r\nand #more"}"#,
        "\n",
        r##"{"tags":["#a","b\nc"],"lang":"en"}"##,
        "\n",
        r#"{"text":"text","tags":["a"]}"#,
    );
    let running = Running::of(&file(folder.path(), text), LIMIT).await;
    let lines = rest(&mut running.reader().await).await;
    assert_eq!(lines, "plain #é\ntwo lines  and #more\n#a #b c\ntext\n");
    running.ends().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_the_feed_waited() {
    let folder = tempfile::tempdir().unwrap();
    let text = numbers(1_000_000);
    let running = Running::of(&file(folder.path(), &text), LIMIT).await;
    let mut first = running.reader().await;
    assert_eq!(line(&mut first).await, "line 0 #of many\n");
    drop(first);
    let mut second = running.reader().await;
    let lines = rest(&mut second).await;
    assert!(text.ends_with(&lines));
    assert!(
        (1..text.len()).contains(&lines.len()),
        "the feed waited with what it had left"
    );
    drop(second);
    running.ends().await.unwrap();
}

#[tokio::test]
async fn every_reader_gets_the_lines() {
    let running = Running::of("demo:rate=20000", LIMIT).await;
    let mut first = running.reader().await;
    line(&mut first).await;
    let mut second = running.reader().await;
    let late = line(&mut second).await;
    let next = line(&mut second).await;
    let mut found = String::new();
    while found != late {
        found = line(&mut first).await;
        assert!(!found.is_empty());
    }
    assert_eq!(line(&mut first).await, next);
    running.stop.cancel();
    running.ends().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let text = numbers(1_000_000);
    let running = Running::of(&file(folder.path(), &text), Duration::from_millis(300)).await;
    let _lazy = running.reader().await;
    let mut eager = running.reader().await;
    let lines = rest(&mut eager).await;
    assert!(text.ends_with(&lines));
    assert!(
        lines.len() > text.len() / 2,
        "only the lazy one may have had the first lines alone"
    );
    drop(eager);
    running.ends().await.unwrap();
}

#[tokio::test]
async fn sources_start_with_the_first_reader() {
    let writer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let spec = format!("tcp:{}", writer.local_addr().unwrap());
    let running = Running::of(&spec, LIMIT).await;
    assert!(
        timeout(Duration::from_millis(50), writer.accept())
            .await
            .is_err()
    );
    let mut reader = running.reader().await;
    let (mut stream, _) = timeout(LIMIT, writer.accept()).await.unwrap().unwrap();
    stream.write_all(b"hello\n").await.unwrap();
    assert_eq!(line(&mut reader).await, "hello\n");
    running.stop.cancel();
    assert_eq!(rest(&mut reader).await, "");
    running.ends().await.unwrap();
}

#[tokio::test]
async fn it_ends_when_told_to_whatever_its_readers_do() {
    let running = Running::of("demo:rate=1000000", LIMIT).await;
    let mut reader = running.reader().await;
    line(&mut reader).await;
    running.stop.cancel();
    let ended = timeout(Duration::from_secs(3), running.task).await;
    ended.expect("it ends in time").unwrap().unwrap();
}

#[tokio::test]
async fn a_source_that_fails_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let spec = file(folder.path(), "");
    fs::write(folder.path().join("posts"), [0x1F, 0x8B, 0x08, 0, 0]).unwrap();
    let running = Running::of(&spec, LIMIT).await;
    let _reader = running.reader().await;
    let error = running.ends().await.unwrap_err().to_string();
    assert!(error.contains("cannot be read any further"), "{error}");
}
