//! What strangers write is text, wherever it is shown: raw bytes of every output, after posts whose hashtags are
//! made to be taken for something else.

use std::{fs, process::Command};

use serde_json::json;

use crate::program::{Program, SOON, client, is_sound, wait_until};

/// Bytes that would be something else in one of the outputs.
const MADE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</script><!--<b>",
    "a]]>b",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "a\u{1b}[31mred\u{1b}]0;title\u{7}",
    "a\0b",
    "a\u{2028}b\u{2029}c",
    "a\u{202e}b\u{2066}c",
    "\"><img src=x onerror=alert(1)>",
    "a\r\nX-Injected: yes",
    "${jndi:ldap://x}{{7*7}}",
];

fn lines() -> String {
    let mut lines = String::new();
    for (number, made) in MADE.iter().enumerate() {
        for again in 0..20 - number {
            let post = json!({"text": format!("#{made}"), "tags": [made], "lang": made,
                "author": format!("{made}{again}"), "url": format!("https://x.example/{made}")});
            lines += &format!("{post}\n");
        }
        // As text, as it is; what ends a line ends it.
        lines += &format!("#{made}\n");
    }
    lines += "{\"text\":\"#lone\\ud800\",\"tags\":[\"lone\\udc00\\ud800\"]}\n";
    lines
}

/// What is left of nothing that strangers wrote: markup, what a terminal obeys, ends of lines.
fn is_harmless_text(of: &str, text: &str) {
    for byte in ['\0', '\u{1b}', '\u{7}', '\u{9b}'] {
        assert!(!text.contains(byte), "{of}: {byte:?} in {text:?}");
    }
    for char in ['\u{202e}', '\u{2066}', '\u{2028}', '\u{2029}'] {
        assert!(!text.contains(char), "{of}: {char:?} in {text:?}");
    }
}

fn is_harmless_markup(of: &str, text: &str) {
    let lower = text.to_ascii_lowercase();
    for markup in ["<script>alert", "<img src=x", "<!--<b>", "<b>", "\"><img"] {
        assert!(!lower.contains(markup), "{of}: {markup} in {text}");
    }
}

/// Its rows, with the quotes taken off their cells.
fn is_harmless_table(of: &str, text: &str) {
    let mut table = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    for row in table.records() {
        for cell in &row.unwrap() {
            let runs = cell.starts_with(['=', '+', '@', '\t', '\r'])
                || (cell.starts_with('-') && cell.parse::<f64>().is_err());
            assert!(!runs, "{of}: {cell:?}");
        }
    }
    assert!(
        !text.contains('\0') && !text.contains('\u{1b}'),
        "{of}: {text:?}"
    );
}

fn escaped(text: &str) -> String {
    let escaped = text.bytes().map(|byte| format!("%{byte:02X}"));
    escaped.collect()
}

async fn looked_at(program: &Program) {
    let mut paths: Vec<String> = [
        "/?window=all&k=100",
        "/?window=all&k=100&embed=1",
        "/?window=all&source=external",
        "/refreshData",
        "/api/v1/top?window=all&k=100",
        "/api/v1/top.csv?window=all&k=100",
        "/api/v1/top.svg?window=all&k=20",
        "/api/v1/trends/tags",
        "/api/v1/status",
        "/api/v1/alerts",
        "/metrics",
    ]
    .map(str::to_owned)
    .into();
    for made in MADE {
        let made = escaped(made);
        paths.extend([
            format!("/tag/{made}"),
            format!("/{made}"),
            format!("/?lang={made}&window={made}&source={made}&theme={made}&k={made}"),
            format!("/api/v1/tags/{made}"),
            format!("/api/v1/top?lang={made}"),
            format!("/api/v1/top?window={made}"),
            format!("/api/v1/top.svg?theme={made}"),
            format!("/api/fn/board?view={made}"),
            format!("/api/v1/{made}"),
        ]);
    }
    for path in &paths {
        for accept in ["*/*", "text/html"] {
            let request = client().get(program.url(path)).header("accept", accept);
            let request = request.header("x-forwarded-host", "\"><img src=x>");
            let response = request.header("x-forwarded-proto", "javascript").send();
            let response = response.await.unwrap();
            let headers = response.headers().clone();
            assert!(!headers.contains_key("x-injected"), "{path}");
            let kind = headers
                .get("content-type")
                .map(|kind| kind.to_str().unwrap());
            let kind = kind.unwrap_or_default().to_owned();
            let text = response.text().await.unwrap();
            match kind.split(';').next().unwrap_or_default() {
                "text/html" => is_harmless_markup(path, &text),
                "image/svg+xml" => {
                    is_harmless_markup(path, &text);
                    // XML has no way to write these.
                    assert!(!text.contains("]]>"), "{path}: {text}");
                    assert!(
                        !text.contains(['\0', '\u{1b}', '\u{7}']),
                        "{path}: {text:?}"
                    );
                }
                "text/csv" => is_harmless_table(path, &text),
                "application/json" => {
                    // JSON says by itself where a text ends, and is not taken for a page.
                    let valid: serde_json::Value = serde_json::from_str(&text).unwrap();
                    drop(valid);
                    assert_eq!(headers["x-content-type-options"], "nosniff");
                    assert!(!text.contains('\0') && !text.contains('\u{1b}'), "{path}");
                }
                _ => {
                    is_harmless_markup(path, &text);
                    is_harmless_text(path, &text);
                }
            }
        }
    }
}

async fn try_grammar(grammar: &str) {
    let folder = tempfile::tempdir().unwrap();
    let posts = folder.path().join("posts");
    fs::write(&posts, lines()).unwrap();
    let data = folder.path().join("data");
    let source = format!("file:{}", posts.display());
    let args = [
        "--grammar",
        grammar,
        "--batch",
        "200ms",
        "--source",
        &source,
        "--print",
    ];
    let environment = [("TAGTIDE_LOG", "debug")];
    let mut program = Program::serve_in(&data, &args, &environment);
    wait_until("they are counted", SOON, async || {
        let status = program.try_json("/api/v1/status").await.unwrap_or_default();
        status["sources"][0]["state"] == "ended" && !program.counts().await.is_empty()
    })
    .await;
    let labels: Vec<String> = MADE
        .iter()
        .map(|made| {
            format!(
                "'#{}'",
                made.replace('\'', "\\'")
                    .replace('\r', "\\r")
                    .replace('\n', "\\n")
            )
        })
        .collect();
    let form = [
        ("label", format!("[{}]", labels.join(","))),
        ("data", format!("[{}]", vec!["1"; MADE.len()].join(","))),
    ];
    let sent = client().post(program.url("/updateData")).form(&form).send();
    let sent = sent.await.unwrap();
    assert!(matches!(sent.status().as_u16(), 201 | 400), "{sent:?}");

    looked_at(&program).await;
    wait_until("it is printed", SOON, async || {
        program.stdout().contains("hashtag")
    })
    .await;
    is_harmless_text("--print", &program.stdout());
    is_harmless_text("the log", &program.stderr());
    program.terminate();
    is_harmless_text("check", &is_sound(&data));

    for args in [&["count"][..], &["count", "--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_tagtide"))
            .args(args)
            .args(["--grammar", grammar])
            .arg(&posts)
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        if args.len() == 1 {
            is_harmless_text("count", &text);
        } else {
            assert!(!text.contains('\0') && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_is_text_wherever_it_is_shown() {
    try_grammar("twitter").await;
}

/// This one takes words as they are written.
#[tokio::test(flavor = "multi_thread")]
async fn also_by_the_grammar_that_changes_nothing() {
    try_grammar("words").await;
}
