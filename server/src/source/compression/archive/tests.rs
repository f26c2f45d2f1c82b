use proptest::prelude::*;
use tar::Header;

use super::*;
use crate::source::compression::{
    Format,
    tests::{Compress, bzip2, gzip, plain, read, tar, zstd},
    text_of,
};

const FORMS: [Compress; 4] = [plain, gzip, bzip2, zstd];

/// A member by hand: its header, its bytes, and what fills its last block.
fn member(mut header: Header, bytes: &[u8]) -> Vec<u8> {
    header.set_cksum();
    let mut member = [&header.as_bytes()[..], bytes].concat();
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

fn header(name: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header
}

fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    member(header(name, EntryType::Regular, bytes.len()), bytes)
}

fn pax(records: &[u8]) -> Vec<u8> {
    member(
        header("PaxHeaders/a", EntryType::XHeader, records.len()),
        records,
    )
}

const END: [u8; 1024] = [0; 1024];

/// What comes out, and why no more does.
fn text_and_error(bytes: &[u8]) -> (Vec<u8>, String) {
    let mut text = vec![];
    let read = text_of(Cursor::new(bytes.to_vec())).and_then(|mut input| {
        // By few bytes at a time, so that all that comes before an error is seen.
        let mut some = [0; 7];
        loop {
            match input.read(&mut some)? {
                0 => return Ok(()),
                read => text.extend_from_slice(&some[..read]),
            }
        }
    });
    let error = read.map_or_else(|error| error.to_string(), |()| String::new());
    (text, error)
}

/// What must come out of files with these texts.
fn expected(texts: &[Vec<u8>]) -> Vec<u8> {
    let mut all = vec![];
    for text in texts {
        all.extend_from_slice(text);
        if !text.is_empty() && !text.ends_with(b"\n") && !text.ends_with(b"\r") {
            all.push(b'\n');
        }
    }
    all
}

fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = prop_oneof![
        "(#[a-d]{1,3}[\n\r ]{0,2}){0,9}".prop_map(String::into_bytes),
        "(#[a-d]{1,3}\n){400,600}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..600),
    ];
    let is_text = |text: &Vec<u8>| {
        let format = Format::of(text);
        format.is_none_or(|format| format == Format::Plain) && !text.starts_with(BYTE_ORDER_MARK)
    };
    let text = text.prop_filter("it is no text", is_text);
    prop::collection::vec(text, 1..6)
}

fn packed(texts: &[Vec<u8>], forms: &[usize]) -> Vec<u8> {
    let forms = forms.iter().cycle().map(|form| FORMS[*form]);
    let files = texts.iter().zip(forms).enumerate();
    let files: Vec<_> = files
        .map(|(n, (text, pack))| (format!("2018/10/01/00/{n:02}.json"), pack(text)))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (&**name, &**bytes))
        .collect();
    tar(&files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn files_come_out_one_after_the_other(
        texts in texts(),
        forms in prop::collection::vec(0..FORMS.len(), 1..6),
        outside in 0..FORMS.len(),
    ) {
        let archive = FORMS[outside](&packed(&texts, &forms));
        prop_assert_eq!(read(&archive).unwrap(), expected(&texts));
    }

    /// What came out before is right: whole lines of it may be counted.
    #[test]
    fn a_cut_archive_is_an_error(
        texts in texts(),
        forms in prop::collection::vec(0..FORMS.len(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut archive = packed(&texts, &forms);
        let cut = cut.index(archive.len() - END.len() - MAGIC_END + 1);
        archive.truncate(MAGIC_END + cut);
        let (text, error) = text_and_error(&archive);
        prop_assert!(!error.is_empty());
        prop_assert!(expected(&texts).starts_with(&text));
    }

    #[test]
    fn a_damaged_archive_is_no_panic(
        texts in texts(),
        forms in prop::collection::vec(0..FORMS.len(), 1..6),
        outside in 0..FORMS.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut archive = packed(&texts, &forms);
        for (at, bit) in flips {
            let at = at.index(archive.len());
            archive[at] ^= 1_u8 << bit;
        }
        let mut archive = FORMS[outside](&archive);
        let _ = read(&archive);
        archive.truncate(cut.index(archive.len()));
        let _ = read(&archive);
    }

    /// Behind a sound checksum, as only a forger writes it.
    #[test]
    fn no_header_is_too_strange(
        fields in prop::collection::vec((100..512_usize, any::<u8>()), 0..20),
        kind in prop::sample::select(b"0123457xgLKSVM".to_vec()),
        records in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut forged = header("a", EntryType::new(kind), records.len());
        for (at, byte) in fields {
            forged.as_mut_bytes()[at] = byte;
        }
        let archive = [file("b", b"#b"), member(forged, &records), END.to_vec()].concat();
        let (text, _) = text_and_error(&archive);
        prop_assert!(text.starts_with(b"#b\n"));
    }

    #[test]
    fn no_pax_header_is_too_strange(records in "([0-9]{0,3} ?(size|path)?=?[0-9a\n]{0,4}){0,4}") {
        let _ = Pax::of(records.as_bytes());
    }
}

#[test]
fn what_is_no_file_is_passed_over() {
    let kinds = [
        EntryType::Directory,
        EntryType::Link,
        EntryType::Symlink,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
    ];
    let mut archive = member(
        header("pax_global_header", EntryType::XGlobalHeader, 16),
        b"16 comment=size\n",
    );
    for kind in kinds {
        archive.extend(member(header("a", kind, 700), b""));
        archive.extend(file("b", kind_of(kind).as_bytes()));
    }
    archive.extend(member(header("volume", EntryType::new(b'V'), 0), b""));
    archive.extend(member(header("strange", EntryType::new(b'Z'), 3), b"#no"));
    archive.extend(member(header("c", EntryType::Continuous, 2), b"#c"));
    archive.extend(END);
    let texts: Vec<_> = kinds.iter().map(|kind| kind_of(*kind)).collect();
    let expected = texts.join("\n") + "\n#c\n";
    assert_eq!(
        String::from_utf8(read(&archive).unwrap()).unwrap(),
        expected
    );
}

fn kind_of(kind: EntryType) -> String {
    format!("#behind{}", kind.as_byte())
}

#[test]
fn long_names_are_none_of_the_text() {
    let name = "2018/".repeat(60) + "00.json";
    let archive = tar(&[(&name, b"#a"), ("b", b"#b")]);
    assert_eq!(read(&archive).unwrap(), b"#a\n#b\n");
}

#[test]
fn both_magic_words_are_known() {
    for header in [Header::new_gnu(), Header::new_ustar()] {
        let mut header = header;
        header.set_path("a").unwrap();
        header.set_size(2);
        let archive = [&member(header, b"#a"), &END[..]].concat();
        assert_eq!(read(&archive).unwrap(), b"#a\n");
    }
}

#[test]
fn a_size_is_read_in_every_notation() {
    let text = "#a\n".repeat(300);
    let size = text.len() as u16;
    let behind = [file("b", b"#b\n"), END.to_vec()].concat();
    let expected = [text.as_bytes(), b"#b\n"].concat();

    let mut large = header("a", EntryType::Regular, 0);
    let field = &mut large.as_old_mut().size;
    *field = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    field[10..].copy_from_slice(&size.to_be_bytes());
    let archive = [member(large, text.as_bytes()), behind.clone()].concat();
    assert_eq!(read(&archive).unwrap(), expected);

    // Values hold any bytes; the size is not the first and not that of the name between.
    let records = pax(b"34 SCHILY.xattr.user.x=\n12 size=7\n12 size=900\n");
    let name = member(header("././@LongLink", EntryType::GNULongName, 2), b"a\0");
    let own = member(header("a", EntryType::Regular, 0), text.as_bytes());
    let archive = [records, name, own, behind].concat();
    assert_eq!(read(&archive).unwrap(), expected);
}

#[test]
fn a_pax_header_that_is_none_is_an_error() {
    for records in [
        &b"x"[..],
        b"12 size=900",
        b"11 size=900\n",
        b"13 size=900\n",
        b"12 size=9x0\n",
        b"12  size900\n",
        b"0 size=900\n",
        b"99999999999999999999 size=900\n",
    ] {
        assert_eq!(Pax::of(records), None, "{records:?}");
        let archive = [file("a", b"#a"), pax(records), END.to_vec()].concat();
        let (text, error) = text_and_error(&archive);
        assert_eq!(text, b"#a\n");
        assert_eq!(error, "the archive is damaged: a pax header is malformed");
    }
    let huge = member(header("a", EntryType::XHeader, 2 << 20), b"");
    let (_, error) = text_and_error(&[huge, END.to_vec()].concat());
    assert_eq!(error, "the archive is damaged: a pax header is over 1 MiB");
}

#[test]
fn archives_lie_behind_one_another() {
    let (one, two) = (tar(&[("a", b"#a")]), tar(&[("b", b"#b")]));
    let padding = vec![0; 9 * 1024];
    for between in [&[][..], &padding, &padding[..512]] {
        let archive = [&one, between, &two, &padding].concat();
        assert_eq!(read(&archive).unwrap(), b"#a\n#b\n");
    }
    for end in [1, 512, 513, 10_000] {
        let archive = [file("a", b"#a"), vec![0; end]].concat();
        assert_eq!(read(&archive).unwrap(), b"#a\n");
    }
    let (text, error) = text_and_error(&[&one[..], &[b'x'; 512]].concat());
    assert_eq!(text, b"#a\n");
    assert!(error.starts_with("the archive is damaged: "), "{error}");
}

#[test]
fn an_archive_without_its_end_was_cut() {
    let whole = [file("a", b"#a\n"), file("b", b"#b"), END.to_vec()].concat();
    for (length, text) in [
        (4 * 512, "#a\n#b\n"),
        (4 * 512 - 1, "#a\n#b"),
        (3 * 512 + 1, "#a\n"),
        (2 * 512, "#a\n"),
        (2 * 512 + 9, "#a\n"),
        (512, ""),
    ] {
        let (found, error) = text_and_error(&whole[..length]);
        assert_eq!(String::from_utf8(found).unwrap(), text);
        assert!(error.ends_with("the archive is cut short"), "{error}");
    }
}

#[test]
fn a_header_that_was_changed_is_an_error() {
    let mut archive = [file("a", b"#a"), file("b", b"#b"), END.to_vec()].concat();
    archive[2 * 512] = b'c';
    let (text, error) = text_and_error(&archive);
    assert_eq!(text, b"#a\n");
    assert_eq!(
        error,
        "the archive is damaged: the checksum of a header does not match"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let mut damaged = gzip(&b"#b #c #d\n".repeat(99));
    damaged.truncate(40);
    let archive = tar(&[
        ("00.json", b"#a"),
        ("01\x1B.json.gz", &damaged),
        ("02", b"#c"),
    ]);
    let (text, error) = text_and_error(&archive);
    assert!(text.starts_with(b"#a\n") && !text.ends_with(b"#c\n"));
    assert!(
        error.starts_with("\"01\\u{1b}.json.gz\" in the archive: "),
        "{error}"
    );
}

#[test]
fn a_sparse_file_is_refused() {
    let by_kind = member(header("s", EntryType::GNUSparse, 0), b"");
    let by_pax = [pax(b"22 GNU.sparse.major=1\n"), file("s", b"1\n0\n")].concat();
    for sparse in [by_kind, by_pax] {
        let archive = [file("a", b"#a"), sparse, END.to_vec()].concat();
        let (text, error) = text_and_error(&archive);
        assert_eq!(text, b"#a\n");
        let says =
            "\"s\" in the archive is a sparse file, which is not read; pack it again without";
        assert!(error.starts_with(says), "{error}");
    }
}

#[test]
fn archives_in_archives_are_read_to_a_depth() {
    let mut archive = tar(&[("inmost", b"#a")]);
    for depth in 1..=DEEPEST {
        let expected = "#a\n".to_owned() + &"#b\n".repeat(depth - 1);
        assert_eq!(read(&archive).unwrap(), expected.as_bytes(), "{depth}");
        archive = tar(&[
            ("inner", &FORMS[depth % FORMS.len()](&archive)),
            ("beside", b"#b"),
        ]);
    }
    let (_, error) = text_and_error(&archive);
    assert!(
        error.ends_with("\"inner\" in the archive: more than 4 archives lie in one another"),
        "{error}"
    );
}

#[test]
fn a_byte_order_mark_opens_any_file() {
    let marked = "\u{FEFF}#a".as_bytes();
    let archive = tar(&[
        ("a", marked),
        ("b", &gzip(marked)),
        ("c", b"\xEF\xBB"),
        ("d", b""),
    ]);
    assert_eq!(read(&archive).unwrap(), b"#a\n#a\n\xEF\xBB\n");
}

/// The beginning of an archive, behind which nothing was written yet.
struct Begun(Cursor<Vec<u8>>);

impl Read for Begun {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

#[test]
fn what_was_written_is_read_before_more_is_there() {
    let mut archive = tar(&[("a", b"#a\n"), ("b", &b"#b\n".repeat(1000))]);
    archive.truncate(3 * 512 + 3 * 200);
    let mut input = text_of(Begun(Cursor::new(archive))).unwrap();
    let mut text = vec![];
    let error = input.read_to_end(&mut text).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(text, [&b"#a\n"[..], &b"#b\n".repeat(200)].concat());
}

#[test]
fn a_flood_in_an_archive_is_no_more_than_a_stream() {
    let flood = gzip(&vec![b'\n'; 64 << 20]);
    let archive = gzip(&tar(&[("a", &flood), ("b", b"#b")]));
    assert!(archive.len() < 1 << 20);
    let mut input = text_of(Cursor::new(archive)).unwrap();
    let mut some = vec![0; 64 << 10];
    let mut all = 0;
    loop {
        match input.read(&mut some).unwrap() {
            0 => break,
            read => all += read,
        }
    }
    assert_eq!(all, (64 << 20) + 3);
}
