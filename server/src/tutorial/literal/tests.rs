use proptest::prelude::*;

use super::{Literal, Reason, parse, unwrap_bytearray};

fn text(value: &str) -> Literal {
    Literal::Text(value.to_owned())
}

fn ints(values: &[i128]) -> Literal {
    Literal::List(values.iter().map(|&value| Literal::Int(value)).collect())
}

#[track_caller]
fn reads(source: &str, expected: Literal) {
    assert_eq!(parse(source), Ok(expected), "{source:?}");
}

#[track_caller]
fn refuses(source: &str, reason: Reason) {
    assert_eq!(
        parse(source).map_err(|error| error.reason),
        Err(reason),
        "{source:?}"
    );
}

#[test]
fn what_the_tutorial_posts() {
    reads(
        "['#rust', '#café']",
        Literal::List(vec![text("#rust"), text("#café")]),
    );
    reads("[12, 3]", ints(&[12, 3]));
    reads("[\"it's#x\"]", Literal::List(vec![text("it's#x")]));
    reads("[]", Literal::List(Vec::new()));
    reads("[2L, -3, +4]", ints(&[2, -3, 4]));
}

#[test]
fn strings_in_every_prefix_and_quote() {
    for source in [
        "'a'",
        "\"a\"",
        "u'a'",
        "U\"a\"",
        "b'a'",
        "B'a'",
        "r'a'",
        "br'a'",
        "Rb'a'",
        "'''a'''",
        "\"\"\"a\"\"\"",
        "'' 'a'",
        "'a' ''",
        "('a')",
        " \t'a' # comment",
        "'a'\n\n# end\n",
        "\n#first\n'a'",
        "'\\x61'",
        "'\\141'",
        "'\\u0061'",
        "'\\U00000061'",
        "'\\\na'",
        "'a' \\\n''",
    ] {
        reads(source, text("a"));
    }
    reads(
        r"'\'\a\b\f\n\r\t\v\\\0\q'",
        text("'\x07\x08\x0c\n\r\t\x0b\\\0\\q"),
    );
    reads(r"r'\n\''", text("\\n\\'"));
    reads("'''a\r\nb'c'''", text("a\nb'c"));
    reads(r"b'\u0061'", text("\\u0061"));
    reads(
        "'#' u'a' r'\\'  'z'".replace("r'\\'", "r'\\\\'").as_str(),
        text("#a\\\\z"),
    );
}

#[test]
fn utf8_sent_as_one_character_a_byte_is_decoded() {
    reads(r"'#caf\xc3\xa9'", text("#café"));
    reads(r"b'#caf\xc3\xa9'", text("#café"));
    reads(r"'\xf0\x9f' '\xa6\x80'", text("🦀"));
    reads(r"'#caf\xe9'", text("#café"));
    reads(r"b'#caf\xe9'", text("#café"));
    reads(r"u'\xc3\xa9'", text("Ã©"));
    reads(r"'\xc3\xa9\u0142'", text("Ã©ł"));
    reads(r"'\ud83e\udd80 \ud83e'", text("🦀 \u{fffd}"));
}

#[test]
fn labels_wrapped_in_bytearray_are_unwrapped() {
    let posted = r#"["bytearray(b'#caf\\xc3\\xa9')"]"#;
    let Ok(Literal::List(labels)) = parse(posted) else {
        panic!("no list")
    };
    let [Literal::Text(label)] = labels.as_slice() else {
        panic!("no label")
    };
    assert_eq!(unwrap_bytearray(label.clone()), "#café");
    assert_eq!(unwrap_bytearray(r#"bytearray(b"it's")"#.to_owned()), "it's");
    for other in [
        "bytearray(b'#a'",
        "bytearray(b'#a'')",
        "bytearray()",
        "#bytearray(b'x')",
    ] {
        assert_eq!(unwrap_bytearray(other.to_owned()), other);
    }
}

#[test]
fn numbers_in_every_form() {
    for (source, number) in [
        ("1_000", 1000),
        ("0x_fF", 255),
        ("0o17", 15),
        ("0b101", 5),
        ("00", 0),
        ("- 3", -3),
    ] {
        reads(source, Literal::Int(number));
    }
    for (source, number) in [
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1_0.2_5E-1", 1.025),
        ("01.5", 1.5),
        ("-1e999", f64::NEG_INFINITY),
        ("999999999999999999999999999999999999999999", 1e42),
    ] {
        reads(source, Literal::Float(number));
    }
    for source in [
        "01", "1_", "1__0", "1a", "1j", "1.5L", "0x", "1e", "1.2.3", ".",
    ] {
        refuses(source, Reason::Number);
    }
}

#[test]
fn brackets_of_every_kind() {
    reads("()", Literal::List(Vec::new()));
    reads("(1,)", ints(&[1]));
    reads("1, 2,", ints(&[1, 2]));
    reads("(1)", Literal::Int(1));
    reads("-(1)", Literal::Int(-1));
    reads("[1,\n 2, # two\n]", ints(&[1, 2]));
    reads("[[1], ()]", Literal::List(vec![ints(&[1]), ints(&[])]));
    reads(
        "[None, True, False]",
        Literal::List(vec![
            Literal::None,
            Literal::Bool(true),
            Literal::Bool(false),
        ]),
    );
}

#[test]
fn what_is_no_literal_is_refused_with_the_place() {
    for (source, reason) in [
        ("", Reason::Empty),
        (" \n # x", Reason::Empty),
        ("[1", Reason::Bracket),
        ("[1)", Reason::Bracket),
        ("[,]", Reason::Unexpected),
        ("'a", Reason::Unterminated),
        ("'a\nb'", Reason::Unterminated),
        ("'\\", Reason::Unterminated),
        (r"'\x6'", Reason::Escape),
        (r"'\N{BULLET}'", Reason::Escape),
        (r"'\U00110000'", Reason::Escape),
        ("b'é'", Reason::Bytes),
        ("b'a' 'a'", Reason::Bytes),
        ("f'a'", Reason::Unexpected),
        ("{1: 2}", Reason::Unexpected),
        ("{1}", Reason::Unexpected),
        ("1 + 2j", Reason::Unexpected),
        ("--1", Reason::Sign),
        ("-True", Reason::Sign),
        ("[1] [2]", Reason::Unexpected),
        ("__import__('os')", Reason::Unexpected),
        ("[1]\n  [2]", Reason::Unexpected),
        ("\n  [1]", Reason::Unexpected),
        ("...", Reason::Number),
    ] {
        refuses(source, reason);
    }
    assert_eq!(parse("[1, x]").map_err(|error| error.at), Err(4));
    refuses(&"[".repeat(100_000), Reason::Depth);
    refuses(&"(".repeat(100_000), Reason::Depth);
}

#[test]
fn as_json() {
    let value =
        parse("['a', 1, 2.5, None, True, (1e999, 170141183460469231731687303715884105727)]");
    let json = serde_json::to_string(&value.unwrap()).unwrap();
    assert_eq!(
        json,
        r#"["a",1,2.5,null,true,[null,170141183460469231731687303715884105727]]"#
    );
}

proptest! {
    #[test]
    fn no_input_panics(source in ".*") {
        let _ = parse(&source);
        let _ = unwrap_bytearray(source);
    }

    #[test]
    fn no_likely_input_panics(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "[", "]", "(", ")", ",", "'", "\"", "'''", "\\", "\n", "\r", " ", "#", "b", "u", "r",
                "x", "é", "🦀", "1", "0", "_", ".", "e", "-", "L", "\\x", "\\u", "\\ud83e", "\0",
                "None", "bytearray(b'",
            ]),
            0..40,
        )
    ) {
        let source = parts.concat();
        let _ = parse(&source);
        let _ = unwrap_bytearray(source);
    }
}
