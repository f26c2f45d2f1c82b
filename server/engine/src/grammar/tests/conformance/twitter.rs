//! twitter-text's own suite, as it publishes it: `tests/data/twitter-text`.

use super::*;
use crate::key::key_of;

const EXTRACT: &str = include_str!("../../../../tests/data/twitter-text/extract.yml");
const AUTOLINK: &str = include_str!("../../../../tests/data/twitter-text/autolink.yml");

/// Cases, by description, that are known to fail.
const NOT_YET_COVERED: [&str; 0] = [];

#[test]
fn tags_are_extracted_as_twitter_does() {
    let cases: Vec<Case> = cases(EXTRACT, extracted);
    assert_eq!(cases.len(), 76);
    check(&cases);
}

#[test]
fn tags_are_linked_as_twitter_does() {
    let cases = cases(AUTOLINK, linked);
    assert_eq!(cases.len(), 70);
    check(&cases);
}

struct Case {
    description: String,
    text: String,
    tags: Vec<String>,
}

fn check(cases: &[Case]) {
    for case in cases {
        // The suite lists a tag as often as it occurs.
        let mut keys = Vec::new();
        let mut expected = case.tags.clone();
        expected.retain(|tag| {
            let new = !keys.contains(&key_of(tag));
            keys.push(key_of(tag));
            new
        });
        let passes = spellings(Grammar::Twitter, &case.text) == expected;
        let covered = !NOT_YET_COVERED.contains(&case.description.as_str());
        assert_eq!(
            passes, covered,
            "{}: {:?} should have {expected:?}",
            case.description, case.text
        );
    }
}

/// The suite is written in so little of YAML that quoted strings, and where their lines begin, say all.
fn cases(yaml: &str, tags: fn(&str) -> Vec<String>) -> Vec<Case> {
    yaml.split("- description:")
        .skip(1)
        .map(|case| {
            let (description, case) = case.split_once("text:").expect("a text");
            let (text, expected) = case.split_once("expected:").expect("an expectation");
            let only = |part| strings(part).pop().expect("a string");
            Case {
                description: only(description),
                text: only(text),
                tags: tags(expected),
            }
        })
        .collect()
}

/// `["a", "b"]`, or a list of tags with where they are.
fn extracted(expected: &str) -> Vec<String> {
    strings(expected)
}

/// HTML with a link for each tag, whose title is the tag.
fn linked(expected: &str) -> Vec<String> {
    let html = strings(expected).remove(0);
    html.split("title=\"")
        .skip(1)
        .map(|link| {
            let title = link.split('"').next().expect("a title");
            title.trim_start_matches(['#', '＃']).to_owned()
        })
        .collect()
}

/// The double-quoted strings of a text, comments left out.
fn strings(yaml: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in yaml
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        let mut rest = line;
        while let Some((_, quoted)) = rest.split_once('"') {
            let (string, after) = unquoted(quoted);
            found.push(string);
            rest = after;
        }
    }
    found
}

/// Reads up to the closing quotation mark.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut string = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return (string, chars.as_str()),
            '\\' => string.push(match chars.next().expect("an escape") {
                'n' => '\n',
                digits @ ('u' | 'U') => {
                    let digits = if digits == 'u' { 4 } else { 8 };
                    let hex: String = chars.by_ref().take(digits).collect();
                    let code = u32::from_str_radix(&hex, 16).expect("hexadecimal");
                    char::from_u32(code).expect("a code point")
                }
                c @ ('"' | '\\') => c,
                other => panic!("escape {other} is not known here"),
            }),
            c => string.push(c),
        }
    }
    panic!("no end of {quoted}")
}
