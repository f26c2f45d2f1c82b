//! Tags that whoever runs the server does not show.

use std::fs;

use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::program::{Program, SOON, wait_until};

fn tags(of: &Value, list: &str) -> Vec<String> {
    let rows = of[list].as_array().unwrap().iter();
    rows.map(|row| row["tag"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_blocked_tag_is_nowhere_and_takes_no_rank() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("blocked");
    fs::write(&list, "RUST\n").unwrap();
    let args = ["--source", "listen:127.0.0.1:0", "--batch", "200ms"];
    let block = ["--block", list.to_str().unwrap()];
    let mut program = Program::serve(&[&args[..], &block].concat());
    let port = program.source_port();
    let mut writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let posts = "#Rust #wasm\n#rust #wasm #tokio\n#rust\n";
    writer.write_all(posts.as_bytes()).await.unwrap();
    wait_until("all posts", SOON, async || {
        program.json("/api/v1/top?window=all").await["posts"] == 3
    })
    .await;

    for query in ["window=all", "window=5m", "window=5m&source=listen"] {
        let top = program.json(&format!("/api/v1/top?{query}")).await;
        assert_eq!(tags(&top, "rows"), ["#wasm", "#tokio"], "{top}");
        assert_eq!(
            (&top["rows"][0]["rank"], &top["mentions"]),
            (&1.into(), &6.into())
        );
    }
    for path in [
        "/api/v1/top.csv",
        "/api/v1/top.svg",
        "/",
        "/api/fn/board",
        "/refreshData",
    ] {
        let text = program.get(path).await.text().await.unwrap();
        assert!(text.contains("#wasm"), "{path}: {text}");
        assert!(!text.to_lowercase().contains("#rust"), "{path}: {text}");
    }
    let refused = program.get("/api/v1/tags/Rust").await;
    assert_eq!(refused.status(), 404);
    let refused: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(refused["error"]["code"], "blocked_tag");
    let page = program.get("/tag/rust").await;
    assert_eq!(page.status(), 404);
    let page = page.text().await.unwrap();
    assert!(page.contains("This hashtag is not shown here"), "{page}");
    let head = page.split("</head>").next().unwrap();
    assert!(!head.contains("#rust"), "{head}");
    let beside = program.json("/api/v1/tags/wasm").await;
    assert_eq!(tags(&beside, "together"), ["#tokio"], "{beside}");

    fs::write(&list, "#wasm").unwrap();
    wait_until("the new list", SOON, async || {
        let top = program.json("/api/v1/top?window=all").await;
        tags(&top, "rows") == ["#rust", "#tokio"]
    })
    .await;
    assert_eq!(program.json("/api/v1/tags/rust").await["count"], 3);

    fs::write(&list, b"#rust\n\xff").unwrap();
    program.wait_for_line("it is not UTF-8");
    let top = program.json("/api/v1/top?window=all").await;
    assert_eq!(tags(&top, "rows"), ["#rust", "#tokio"], "as before");

    // What another program has posted is not shown either.
    let posted = [("label", "['#a', '#wasm', '#b']"), ("data", "[3, 2, 1]")];
    let client = crate::program::client();
    let post = client.post(program.url("/updateData")).form(&posted);
    assert_eq!(post.send().await.unwrap().status(), 201);
    let top = program.json("/api/v1/top?source=external").await;
    assert_eq!(tags(&top, "rows"), ["#a", "#b"]);
    assert_eq!(top["rows"][1]["rank"], 2);
    let back = program.json("/refreshData").await;
    let expected = serde_json::json!({"sData": [3, 1], "sLabel": ["#a", "#b"]});
    assert_eq!(back, expected);
}
