//! `tagtide status`, of the real program and of what only looks like it.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Command, Output},
    thread,
};

use serde_json::{Value, json};

use crate::program::{Program, SOON, free_port, wait_until};

fn status(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagtide"));
    command
        .arg("status")
        .args(args)
        .env_remove("TAGTIDE_LISTEN");
    command.output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Answers everything with this.
fn answering(told: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let body = told.to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn a_running_one_is_told_of_and_is_fine() {
    let nobody = format!("tcp:127.0.0.1:{}", free_port());
    let program = Program::serve(&["--source", "demo", "--source", &nobody]);
    wait_until("it is ready", SOON, async || {
        program.get("/readyz").await.status() == 200
    })
    .await;
    let output = status(&[program.address()]);
    let screen = text(output.stdout);
    assert!(output.status.success(), "{screen}");
    assert!(output.stderr.is_empty());
    for part in [
        "fine, results are current",
        "demo",
        &nobody,
        "waiting",
        "connection refused",
        "MiB",
    ] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    assert!(screen.lines().count() <= 24, "it is a screenful:\n{screen}");

    let output = status(&["--json", &program.url("/")]);
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["current"], json!(true));
    assert_eq!(told["sources"][1]["name"], json!(nobody));

    // What the program was told by its environment, so is whoever asks it.
    let output = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .arg("status")
        .env("TAGTIDE_LISTEN", program.address())
        .output()
        .unwrap();
    assert!(output.status.success());
}

#[test]
fn one_that_is_away_or_behind_is_status_1() {
    let away = format!("127.0.0.1:{}", free_port());
    let output = status(&[&away]);
    assert_eq!(output.status.code(), Some(1));
    let line = text(output.stderr);
    assert!(
        line.contains("is not reached") && line.lines().count() == 1,
        "{line}"
    );

    let hostile = "a\x1b[2J\n\u{202e}";
    let told = json!({
        "version": hostile, "current": false, "uptime_seconds": 1.0, "epoch": 7, "sealed_epoch": 9,
        "lag_seconds": 65.0, "memory_bytes": 1, "stores": {"log_bytes": 1, "state_bytes": 1},
        "sources": [{"name": hostile, "state": hostile, "detail": hostile, "next_try_at": hostile,
            "posts_per_second": 1e300, "posts": 1, "last_error": hostile, "last_error_at": hostile}],
    });
    let behind = answering(&told);
    for args in [&[&*behind][..], &["--json", &behind]] {
        let output = status(args);
        assert_eq!(output.status.code(), Some(1));
        let (screen, line) = (text(output.stdout), text(output.stderr));
        assert!(line.contains("behind, results wait for 1m 5s"), "{line}");
        let all = (screen + &line).replace('\n', "");
        assert!(
            !all.contains(|char: char| char.is_control() || char == '\u{202e}'),
            "{all:?}"
        );
    }

    let other = answering(&json!({"something": "else"}));
    let line = text(status(&[&other]).stderr);
    assert!(line.contains("not as this tagtide does"), "{line}");
}
