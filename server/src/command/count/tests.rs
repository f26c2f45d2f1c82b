use std::{collections::HashMap, io::Cursor};

use model::Row;
use proptest::prelude::*;

use super::*;
use crate::source::compression::tests::{Compress, bzip2, gzip, plain, tar, zstd};

fn counted(grammar: Grammar, inputs: &[&[u8]], threads: usize) -> Counts {
    let inputs: Vec<_> = inputs.iter().map(|input| input.to_vec()).collect();
    let inputs = inputs
        .into_iter()
        .map(|input| Input::new("input", Ok(Cursor::new(input))));
    Counts::read(inputs, grammar, threads, Progress::none()).unwrap()
}

fn count(grammar: Grammar, inputs: &[&str]) -> Counts {
    let inputs: Vec<_> = inputs.iter().map(|input| input.as_bytes()).collect();
    counted(grammar, &inputs, 1)
}

fn short(rows: &[Row]) -> Vec<(u32, &str, u64)> {
    rows.iter()
        .map(|row| (row.rank, &*row.tag, row.count))
        .collect()
}

#[test]
fn tags_are_counted_over_all_files_and_shown_as_most_people_write_them() {
    let first = "#Rust and #rust\n{\"text\":\"x\",\"tags\":[\"Go\",\"#RUST\"]}\r\n\n{}\n#RUST";
    let second = "\u{FEFF}#RUST #go\n#b\n#a";
    let rows = count(Grammar::Twitter, &[first, second]).top(3);
    assert_eq!(short(&rows), [(1, "#RUST", 4), (2, "#Go", 2), (3, "#a", 1)]);
    assert_eq!(rows[0].share, 0.5);
}

#[test]
fn words_are_counted_as_the_tutorial_counts_them() {
    let rows = count(
        Grammar::Words,
        &["#Rust #rust, C# #rust, x\n#\n#Rust #Rust\n"],
    )
    .top(9);
    assert_eq!(
        short(&rows),
        [(1, "#Rust", 3), (2, "#rust,", 2), (3, "#", 1), (4, "C#", 1)]
    );
}

#[test]
fn a_table_is_in_columns() {
    let rows = count(
        Grammar::Twitter,
        &["#日本語 #a\n#日本語\n".repeat(50).as_str(), "#שלום\n"],
    )
    .top(9);
    let expected = "\
rank  tag      count
   1  #日本語    100
   2  #a          50
   3  #שלום        1
";
    assert_eq!(print::table(&rows), expected);
    assert_eq!(print::table(&[]), "rank  tag  count\n");
}

#[test]
fn no_control_character_is_printed() {
    let line = "#a\u{1B}[31m\u{7F}\u{9B}1m\u{202E}b";
    let rows = count(Grammar::Words, &[line]).top(1);
    assert_eq!(rows[0].tag, line);
    assert!(print::table(&rows).contains("#a\u{FFFD}[31m\u{FFFD}\u{FFFD}1m\u{FFFD}b  "));
    let json = print::json(&rows).unwrap();
    assert!(
        !json.trim_end().contains(|c: char| c.is_control()),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Vec<Row>>(&json).unwrap(), rows);
}

#[test]
fn what_cannot_be_read_is_named() {
    for (path, says) in [
        ("no/such", "cannot read \"no/such\""),
        ("src", "is a directory"),
    ] {
        let error = check(Path::new(path)).unwrap_err();
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
}

proptest! {
    /// Against a count by hand, of words that every grammar takes for what they are.
    #[test]
    fn the_counts_are_those_of_a_naive_count(
        lines in prop::collection::vec(prop::collection::vec("[a-d]{1,2}", 0..5), 0..40),
        k in 0..20_usize,
    ) {
        let mut naive = HashMap::<String, u64>::new();
        let mut text = String::new();
        for words in &lines {
            for word in words {
                *naive.entry(format!("#{word}")).or_default() += 1;
                text.push_str(&format!("#{word} "));
            }
            text.push('\n');
        }
        let mut expected: Vec<_> = naive.into_iter().collect();
        expected.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(k);
        let rows = count(Grammar::Words, &[&text]).top(k);
        let found: Vec<_> = rows.into_iter().map(|row| (row.tag, row.count)).collect();
        prop_assert_eq!(found, expected);
    }

    /// Any bytes, in any files, on any number of threads: as decoded line by line, one post after another.
    #[test]
    fn the_counts_are_those_of_the_posts(
        inputs in prop::collection::vec(prop::collection::vec(pieces(), 0..60), 0..4),
        threads in 1..4_usize,
    ) {
        let inputs: Vec<_> = inputs.iter().map(|pieces| pieces.concat()).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        for grammar in Grammar::ALL {
            let mut plain = Counts::new(grammar);
            for input in &inputs {
                let mut lines = Lines::of_file(0);
                lines.push(input);
                plain.posts(&lines);
                lines.end();
                plain.posts(&lines);
            }
            let found = counted(grammar, &inputs, threads);
            prop_assert_eq!(found.top(99), plain.top(99));
            prop_assert_eq!((found.posts, found.mentions), (plain.posts, plain.mentions));
        }
    }
}

impl Counts {
    /// Each line as a post of its own.
    fn posts(&mut self, lines: &Lines) {
        for line in lines.finished() {
            let Ok(Some(event)) = decode(line.bytes) else {
                continue;
            };
            let Some(post) = event.post() else {
                continue;
            };
            self.posts += 1;
            let mut own = Tally::<u64>::new(self.grammar);
            own.post(&post.text, post.tags.as_deref(), |tag, count| {
                *count = tag.occurrences.into();
                self.mentions += *count;
            });
            self.tally.merge(own, |count, more| *count += more);
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "\n",
        "\r\n",
        "\r",
        " ",
        " ",
        "#a",
        "#A",
        "#b",
        "＃c",
        "#é",
        "x",
        "#",
        ".",
        "/",
        "a.b/",
        "\u{FEFF}",
        "{\"text\":\"#a #B\"}",
        " {\"tags\":[\"a\",\"D\"]}\n",
        "{",
        "{}",
    ]);
    prop_oneof![
        9 => piece.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

#[test]
fn many_threads_share_large_files() {
    let line = |n: u32| {
        format!(
            "post {n} of many #T{} #t{} or #{}\n",
            n % 7,
            n % 7,
            n % 1000
        )
    };
    let input: String = (0..100_000).map(line).collect();
    let input = input.as_bytes();
    for grammar in Grammar::ALL {
        let one = counted(grammar, &[input, b"#x\n", input], 1);
        let many = counted(grammar, &[input, b"#x\n", input], 5);
        assert_eq!(one.posts, 200_001);
        assert_eq!(many.posts, one.posts);
        assert_eq!(many.top(2000), one.top(2000));
    }
}

#[test]
fn the_files_of_an_archive_are_counted_like_files() {
    let texts = [
        r##"{"id_str":"1","text":"#A","entities":{"hashtags":[{"text":"A"}]}}
{"delete":{"status":{"id_str":"1"}}}
{"limit":{"track":1}}
{"id_str":"2","text":"RT","retweeted_status":{"text":"","entities":{"hashtags":[{"text":"b"}]}}}"##,
        "",
        "\u{FEFF}#a #c\r\n#c",
        "\n\n",
        "#b of a line without an end",
        "#c\r",
        "#a last",
    ];
    let compressions: [Compress; 4] = [plain, gzip, bzip2, zstd];
    let files: Vec<_> = texts
        .iter()
        .zip(compressions.iter().cycle())
        .map(|(text, compress)| compress(text.as_bytes()))
        .collect();
    let files: Vec<_> = files.iter().map(|bytes| ("a.json", &**bytes)).collect();
    let archive = tar(&files);
    for compress in compressions {
        for threads in [1, 3] {
            let found = counted(Grammar::Twitter, &[&compress(&archive), b"#A"], threads);
            let expected = [(1, "#A", 4), (2, "#c", 3), (3, "#b", 2)];
            assert_eq!(short(&found.top(9)), expected);
            assert_eq!((found.posts, found.mentions), (8, 9));
        }
    }
}

#[test]
fn what_cannot_be_read_to_its_end_stops_all_threads() {
    let damaged = [&[0x1F, 0x8B, 0x08][..], &[0xFF; 40]].concat();
    for threads in [1, 3] {
        let inputs = [damaged.clone(), b"#a".to_vec()]
            .into_iter()
            .map(|input| Input::new("\"a.gz\"", Ok(Cursor::new(input))));
        let read = Counts::read(inputs, Grammar::Words, threads, Progress::none());
        let error = format!("{:#}", read.unwrap_err());
        assert!(
            error.starts_with("\"a.gz\" cannot be read to its end: "),
            "{error}"
        );
    }
}
