//! What cannot start says why in one line, starts nothing, and ends with the status that tells usage
//! from all else.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use crate::program::Program;

fn tagtide(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagtide"));
    command.args(args).env("TAGTIDE_DATA", data);
    command.env("TAGTIDE_LISTEN", "127.0.0.1:0");
    command.output().unwrap()
}

/// The one line on standard error.
fn refused(output: &Output, status: i32) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert!(output.stdout.is_empty());
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(line.starts_with("tagtide: "), "{line}");
    line
}

#[test]
fn wrong_usage_is_status_2() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("not-made");
    for (args, says) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["--btach", "2s"], "--batch"),
        (&["--batch", "10ms"], "100ms to 60s"),
        (&["--source", "x"], "x"),
        (&["--source", "tcp:here"], "tcp"),
        (&["--grammar", "klingon"], "twitter"),
        (&["--source", "demo", "--source", "demo"], "given twice"),
        (&["--listen", "0.0.0.0:80"], "loopback"),
        (&["--post-to", "https://dashboard.example/"], "http://"),
        (&["feed", "--listen", "nowhere"], "127.0.0.1"),
        (&["count", "--top", "many"], "many"),
    ] {
        let line = refused(&tagtide(&data, args), 2);
        assert!(line.contains(says), "{line}");
    }
    assert!(!data.exists(), "nothing is half-started");
}

#[test]
fn what_is_in_the_way_is_status_1() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, says) in [
        (&["--listen", &taken][..], "choose another --listen"),
        (&["--source", "file:no/such/file"], "no/such/file"),
        (&["--source", &format!("listen:{taken}")], "another port"),
        (&["count", "no/such/file"], "no/such/file"),
        (&["feed", "--listen", &taken], "another"),
    ] {
        let line = refused(&tagtide(data.path(), args), 1);
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn a_data_directory_is_one_process_of_one_kind() {
    let data = tempfile::tempdir().unwrap();
    let args = ["--source", "listen:127.0.0.1:0", "--batch", "500ms"];
    let mut first = Program::serve_in(data.path(), &args, &[]);
    let line = refused(&tagtide(data.path(), &["--batch", "500ms"]), 1);
    assert!(line.contains("in use by another process"), "{line}");
    first.terminate();
    let line = refused(&tagtide(data.path(), &["--batch", "1s"]), 1);
    assert!(
        line.contains("--batch 500ms") && line.contains("another --data"),
        "{line}"
    );
}

#[test]
fn help_and_version_are_told_on_standard_output() {
    let data = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["-h"],
        &["feed", "--help"],
        &["count", "-h"],
    ] {
        let output = tagtide(data.path(), args);
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("Usage: tagtide")
        );
    }
    let version = tagtide(data.path(), &["--version"]);
    let version = String::from_utf8(version.stdout).unwrap();
    assert!(
        version.starts_with(concat!("tagtide ", env!("CARGO_PKG_VERSION"))),
        "{version}"
    );
    let short = String::from_utf8(tagtide(data.path(), &["-h"]).stdout).unwrap();
    assert!(short.lines().count() <= 40, "-h is a screen");
}
