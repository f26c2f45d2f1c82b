use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn count(grammar: Grammar, inputs: &[&str]) -> Counts {
    let mut counts = Counts::new(grammar);
    for input in inputs {
        let input = Cursor::new(input.as_bytes().to_vec());
        counts
            .read(
                input,
                &mut Progress {
                    shown: None,
                    wrote: false,
                },
            )
            .unwrap();
    }
    counts
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
        let error = read(&[path.into()], Grammar::Twitter).err().unwrap();
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
}
