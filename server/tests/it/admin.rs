//! The page for operators, and what they block, approve and merge there.

use std::path::Path;

use reqwest::{Client, Response, redirect};
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::program::{Program, SOON, is_sound, wait_until};

pub(crate) const TOKEN: (&str, &str) = ("TAGTIDE_ADMIN_TOKEN", "s3cret");
const ARGS: [&str; 4] = ["--source", "listen:127.0.0.1:0", "--batch", "200ms"];

/// An operator's browser.
#[derive(Debug)]
pub(crate) struct Operator {
    client: Client,
    cookie: String,
    pub(crate) form: String,
}

impl Operator {
    pub(crate) async fn sign_in(program: &Program) -> Self {
        let client = browser();
        let sent = client
            .post(program.url("/admin/sign-in"))
            .form(&[("token", TOKEN.1)]);
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let line = header(&answer, "set-cookie");
        let (cookie, rest) = line.split_once(';').unwrap();
        assert_eq!(
            rest,
            " Path=/admin; Max-Age=43200; HttpOnly; SameSite=Strict"
        );
        let mut operator = Self {
            client,
            cookie: cookie.to_owned(),
            form: String::new(),
        };
        let page = operator.page(program).await;
        let form = page.split("name=\"form\" value=\"").nth(1).unwrap();
        operator.form = form.split('"').next().unwrap().to_owned();
        operator
    }

    pub(crate) async fn page(&self, program: &Program) -> String {
        let asked = self.client.get(program.url("/admin"));
        let answer = asked.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "cache-control"), "no-store");
        answer.text().await.unwrap()
    }

    pub(crate) async fn act(&self, program: &Program, what: &str, tag: &str) -> Response {
        self.send(program, what, &[("tag", tag)]).await
    }

    pub(crate) async fn merge(&self, program: &Program, tag: &str, target: &str) -> Response {
        let fields = [("tag", tag), ("target", target)];
        self.send(program, "merge", &fields).await
    }

    async fn send(&self, program: &Program, what: &str, fields: &[(&str, &str)]) -> Response {
        let sent = self
            .client
            .post(program.url(&format!("/admin/{what}")))
            .header("cookie", &self.cookie)
            .form(&[&[("form", &*self.form)], fields].concat());
        sent.send().await.unwrap()
    }
}

fn browser() -> Client {
    // An error is only that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(SOON)
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name).unwrap();
    value.to_str().unwrap().to_owned()
}

fn serve(data: &Path, args: &[&str]) -> Program {
    Program::serve_in(data, &[&ARGS[..], args].concat(), &[TOKEN])
}

async fn write(program: &mut Program, posts: &str) {
    let port = program.source_port();
    let mut writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    writer.write_all(posts.as_bytes()).await.unwrap();
    writer.shutdown().await.unwrap();
}

async fn shows(program: &Program, expected: &[&str]) -> bool {
    let top: Option<Value> = program.try_json("/api/v1/top?window=all").await;
    let rows = top.and_then(|top| top["rows"].as_array().cloned());
    rows.is_some_and(|rows| rows.iter().map(|row| &row["tag"]).eq(expected))
}

/// What is shown as soon as anything is.
async fn first_shown(program: &Program) -> Vec<(String, u64)> {
    let mut seen = Vec::new();
    wait_until("what was counted", SOON, async || {
        seen = program.counts().await;
        !seen.is_empty()
    })
    .await;
    seen
}

/// What whoever begins to listen is told of all time.
pub(crate) async fn first_event(program: &Program) -> String {
    let mut events = program.get("/api/v1/stream?window=all").await;
    let mut told = String::new();
    while !told.contains("data:") || !told.ends_with("\n\n") {
        let chunk = events.chunk().await.unwrap().unwrap();
        told += std::str::from_utf8(&chunk).unwrap();
    }
    told
}

#[tokio::test]
async fn what_an_operator_blocks_is_nowhere_until_it_is_unblocked() {
    let data = tempfile::tempdir().unwrap();
    let mut program = serve(data.path(), &["--print", "--workers", "2"]);
    let posts = "#Rust #wasm\n#rust #wasm #tokio\n#rust\n";
    write(&mut program, posts).await;
    let all = ["#rust", "#wasm", "#tokio"];
    wait_until("all posts", SOON, async || shows(&program, &all).await).await;

    let operator = Operator::sign_in(&program).await;
    let answer = operator.act(&program, "block", "RUST").await;
    assert_eq!(
        (answer.status().as_u16(), &*header(&answer, "location")),
        (303, "/admin?done=block")
    );
    let left = ["#wasm", "#tokio"];
    wait_until("it is gone", SOON, async || shows(&program, &left).await).await;
    // A list of what is beside it is one of the next epoch.
    wait_until("it is gone from lists", SOON, async || {
        let wasm = program.json("/api/v1/tags/wasm").await;
        wasm["together"] == serde_json::json!([{"tag": "#tokio", "count": 1}])
    })
    .await;
    for path in [
        "/api/v1/top?source=listen",
        "/api/v1/top?window=1h",
        "/api/v1/top.csv",
        "/api/v1/top.svg",
        "/",
        "/?window=all",
        "/tag/wasm",
        "/api/fn/board",
        "/api/v1/tags/wasm",
        "/refreshData",
    ] {
        let text = program.get(path).await.text().await.unwrap();
        assert!(text.contains("wasm"), "{path}: {text}");
        assert!(!text.to_lowercase().contains("#rust"), "{path}: {text}");
    }
    let event = first_event(&program).await.to_lowercase();
    assert!(
        event.contains("#wasm") && !event.contains("rust"),
        "{event}"
    );
    for path in ["/api/v1/tags/rust", "/tag/rust"] {
        let refused = program.get(path).await;
        assert_eq!(refused.status(), 404, "{path}");
    }
    let page = operator.page(&program).await;
    assert!(
        page.contains("<bdi>#RUST</bdi></th><td>an operator</td>"),
        "{page}"
    );
    program.wait_for_line("an operator has blocked #RUST");
    let printed = program.stdout().len();
    wait_until("a table that comes after", SOON, async || {
        program.stdout()[printed..].matches("wasm").count() > 1
    })
    .await;
    let tables = program.stdout()[printed..].to_lowercase();
    let last = tables.rsplit("hashtag").next().unwrap();
    assert!(!last.contains("rust"), "{tables}");

    for (what, tag, status) in [
        ("block", "rust", 409),
        ("unblock", "tokio", 409),
        ("block", "#", 400),
        ("unblock", "Rust", 303),
    ] {
        let answer = operator.act(&program, what, tag).await;
        assert_eq!(answer.status(), status, "{what} {tag}");
    }
    wait_until("it is back", SOON, async || shows(&program, &all).await).await;
    assert_eq!(program.json("/api/v1/tags/rust").await["count"], 3);
    let page = operator.page(&program).await;
    assert!(
        page.contains("<td>unblocked</td><td><bdi>#Rust</bdi></td>"),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_answered_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let list = data.path().join("list");
    std::fs::write(&list, "tokio\n").unwrap();
    let data = data.path().join("data");
    let mut program = serve(&data, &["--block", list.to_str().unwrap()]);
    write(&mut program, "#a #b #c #tokio\n").await;
    wait_until("the posts", SOON, async || {
        shows(&program, &["#a", "#b", "#c"]).await
    })
    .await;
    let operator = Operator::sign_in(&program).await;
    for (what, tag) in [("block", "a"), ("block", "b"), ("unblock", "a")] {
        assert_eq!(operator.act(&program, what, tag).await.status(), 303);
    }
    program.kill9();
    program.restart();
    // Never is it shown, not for a moment.
    let seen = first_shown(&program).await;
    assert_eq!(seen, [("#a".to_owned(), 1), ("#c".to_owned(), 1)]);
    // A session does not survive.
    let asked = operator.client.get(program.url("/admin"));
    let page = asked
        .header("cookie", &operator.cookie)
        .send()
        .await
        .unwrap();
    assert!(page.text().await.unwrap().contains("name=\"token\""));
    let operator = Operator::sign_in(&program).await;
    let page = operator.page(&program).await;
    assert!(
        page.contains("<bdi>#b</bdi></th><td>an operator</td>"),
        "{page}"
    );
    assert!(
        page.contains("<bdi>#tokio</bdi></th><td>the file</td>"),
        "{page}"
    );
    assert!(
        page.contains("<td>unblocked</td><td><bdi>#a</bdi></td>"),
        "{page}"
    );
    program.terminate();
    let told = is_sound(&data);
    let counted = "1 hashtags are blocked by operators, of whom 3 actions are kept";
    assert!(told.contains(counted), "{told}");
}

#[tokio::test]
async fn nobody_else_can_do_or_see_anything() {
    let without = Program::serve(&ARGS);
    assert_eq!(without.get("/admin").await.status(), 404);
    for path in ["/admin/sign-in", "/admin/block", "/admin/merge"] {
        let sent = browser().post(without.url(path)).form(&[("tag", "a")]);
        assert_eq!(sent.send().await.unwrap().status(), 404, "{path}");
    }

    let behind = [&ARGS[..], &["--trusted-proxy", "127.0.0.1"]].concat();
    let program = Program::serve_with(&behind, &[TOKEN]);
    let page = program.get("/admin").await;
    assert_eq!(page.status(), 200);
    let policy = header(&page, "content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    let page = page.text().await.unwrap();
    assert!(page.contains("name=\"token\""), "{page}");
    assert!(!page.contains("Blocked"), "{page}");

    let operator = Operator::sign_in(&program).await;
    let send = async |headers: &[(&str, &str)], form: &str| {
        let mut sent = operator.client.post(program.url("/admin/block"));
        for (name, value) in headers {
            sent = sent.header(*name, *value);
        }
        let sent = sent.form(&[("form", form), ("tag", "a")]);
        sent.send().await.unwrap().status().as_u16()
    };
    let (cookie, form) = (("cookie", &*operator.cookie), &*operator.form);
    assert_eq!(send(&[], form).await, 403, "no cookie");
    assert_eq!(send(&[("cookie", "tagtide-admin=")], form).await, 403);
    assert_eq!(send(&[cookie], "").await, 403, "no form");
    assert_eq!(
        send(&[cookie, ("sec-fetch-site", "cross-site")], form).await,
        403
    );
    assert_eq!(
        send(&[cookie, ("origin", "https://evil.example")], form).await,
        403
    );
    assert_eq!(
        send(&[cookie, ("sec-fetch-site", "same-origin")], form).await,
        303
    );
    let leaving = operator.act(&program, "sign-out", "").await;
    assert!(header(&leaving, "set-cookie").contains("Max-Age=0"));
    assert_eq!(send(&[cookie], form).await, 403, "signed out");

    let attempt = async |token: &str| {
        let sent = operator.client.post(program.url("/admin/sign-in"));
        let sent = sent
            .header("x-forwarded-proto", "https")
            .form(&[("token", token)]);
        sent.send().await.unwrap()
    };
    let secure = attempt(TOKEN.1).await;
    assert!(header(&secure, "set-cookie").ends_with("; Secure"));
    for _ in 2..5 {
        assert_eq!(attempt("wrong").await.status(), 403);
    }
    let refused = attempt(TOKEN.1).await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn while_tags_are_reviewed_only_those_approved_are_shown() {
    let data = tempfile::tempdir().unwrap();
    let mut program = serve(data.path(), &["--workers", "2"]);
    write(&mut program, "#rust #wasm\n#rust\n#spam\n").await;
    let before = ["#rust", "#spam", "#wasm"];
    wait_until("the posts", SOON, async || shows(&program, &before).await).await;

    let operator = Operator::sign_in(&program).await;
    for (what, tag, location) in [
        ("block", "spam", "/admin?done=block"),
        ("review", "", "/admin?done=review"),
    ] {
        let answer = operator.act(&program, what, tag).await;
        assert_eq!(header(&answer, "location"), location);
    }
    assert_eq!(operator.act(&program, "review", "").await.status(), 409);
    let posts = "#a #b #c\n#a #b\n{\"text\":\"#a #spam\",\"id\":\"1\",\"url\":\"https://a.example/1\"}\n#rust\n";
    write(&mut program, posts).await;
    let mut page = String::new();
    wait_until("the queue", SOON, async || {
        page = operator.page(&program).await;
        queue(&page).len() == 3
    })
    .await;
    assert_eq!(queue(&page), [("#a", "3"), ("#b", "2"), ("#c", "1")]);
    let link = "<a href=\"https://a.example/1\" rel=\"noopener nofollow\"";
    assert!(page.contains(link), "{page}");
    assert!(
        page.contains("2 are approved, of 100,000 at most"),
        "{page}"
    );
    assert!(
        page.contains("<td>began the review</td><td><bdi>2 shown then</bdi></td>"),
        "{page}"
    );
    assert!(shows(&program, &["#rust", "#wasm"]).await);
    for path in ["/", "/api/v1/top?source=listen", "/api/v1/top.csv"] {
        let text = program.get(path).await.text().await.unwrap();
        assert!(text.contains("#wasm"), "{path}: {text}");
        for tag in ["#a", "#b", "#c", "#spam"] {
            let shown = [format!(">{tag}<"), format!("\"{tag}\""), format!(",{tag},")];
            let is_shown = shown.iter().any(|shown| text.contains(shown));
            assert!(!is_shown, "{tag} {path}: {text}");
        }
    }
    assert_eq!(program.get("/api/v1/tags/a").await.status(), 404);

    for (what, tag) in [("approve", "#B"), ("block", "#c")] {
        assert_eq!(operator.act(&program, what, tag).await.status(), 303);
        let page = operator.page(&program).await;
        let mut left = queue(&page).into_iter();
        let waits = left.any(|(left, _)| left.eq_ignore_ascii_case(tag));
        assert!(!waits, "{what} {tag} is at once: {page}");
    }
    let approved = ["#rust", "#b", "#wasm"];
    wait_until("#b", SOON, async || shows(&program, &approved).await).await;
    assert_eq!(operator.act(&program, "approve", "b").await.status(), 409);
    assert_eq!(operator.act(&program, "approve", "c").await.status(), 409);

    program.kill9();
    program.restart();
    // Never is more shown, not for a moment.
    let seen = first_shown(&program).await;
    let counted = approved.into_iter().zip([3, 2, 1]);
    let counted: Vec<_> = counted.map(|(tag, n)| (tag.to_owned(), n)).collect();
    assert_eq!(seen, counted);
    let operator = Operator::sign_in(&program).await;
    wait_until("the queue", SOON, async || {
        queue(&operator.page(&program).await) == [("#a", "3")]
    })
    .await;
    let answer = operator.act(&program, "end-review", "").await;
    assert_eq!(header(&answer, "location"), "/admin?done=end-review");
    let all = ["#a", "#rust", "#b", "#wasm"];
    wait_until("all of them", SOON, async || shows(&program, &all).await).await;
    assert!(
        !operator
            .page(&program)
            .await
            .contains("Hashtags to be approved")
    );
    program.terminate();
    let told = is_sound(data.path());
    assert!(told.contains("  3 hashtags are approved\n"), "{told}");
}

#[tokio::test]
async fn what_is_merged_is_so_after_a_kill_until_that_is_undone() {
    let data = tempfile::tempdir().unwrap();
    let mut program = serve(data.path(), &[]);
    let operator = Operator::sign_in(&program).await;
    let page = operator.page(&program).await;
    assert_eq!(merged(&page), [] as [(&str, &str); 0]);
    let answer = operator.merge(&program, "worldcup26", "WorldCup2026").await;
    assert_eq!(
        (answer.status().as_u16(), &*header(&answer, "location")),
        (303, "/admin?done=merge")
    );
    program.wait_for_line("an operator has merged #worldcup26 into #WorldCup2026");
    let answer = operator.merge(&program, "#fußball", "<b>&\"").await;
    assert_eq!(answer.status(), 303);
    for (tag, target, status, told) in [
        ("#", "a", 400, "That is no hashtag."),
        ("a", "World Cup", 400, "That is no hashtag."),
        ("rust", "#RUST", 409, "Both are the same hashtag already."),
        (
            "WorldCup26",
            "a",
            409,
            "#WorldCup26 is shown as #WorldCup2026 already: undo that first.",
        ),
        (
            "WorldCup2026",
            "worldcup26",
            409,
            "It would lead back to itself: undo first what #worldcup26 is shown as.",
        ),
    ] {
        let refused = operator.merge(&program, tag, target).await;
        assert_eq!(refused.status(), status, "{tag} {target}");
        let page = refused.text().await.unwrap();
        let told = format!("<p role=\"status\"><strong>{told}</strong></p>");
        assert!(page.contains(&told), "{told} in {page}");
    }
    let no_target = operator.act(&program, "merge", "a").await;
    assert_eq!(no_target.status(), 422);
    let refused = operator.act(&program, "separate", "WorldCup2026").await;
    assert_eq!(refused.status(), 409);

    program.kill9();
    program.restart();
    let operator = Operator::sign_in(&program).await;
    let answer = operator.merge(&program, "WorldCup2026", "WM").await;
    assert_eq!(answer.status(), 303);
    let page = operator.page(&program).await;
    let (as_wm, markup) = (
        "<bdi>#WorldCup2026</bdi>, which is shown as <bdi>#WM</bdi>",
        "<bdi>#&lt;b&gt;&amp;&quot;</bdi>",
    );
    assert_eq!(
        merged(&page),
        [
            ("#WorldCup2026", "<bdi>#WM</bdi>"),
            ("#fußball", markup),
            ("#worldcup26", as_wm)
        ]
    );
    assert!(page.contains("3 are, of 500 at most."), "{page}");
    let action = "<td>merged</td><td><bdi>#worldcup26</bdi> as <bdi>#WorldCup2026</bdi></td>";
    assert!(page.contains(action), "{page}");
    for (what, tag) in [("separate", "#WORLDCUP2026"), ("block", "WorldCup26")] {
        assert_eq!(operator.act(&program, what, tag).await.status(), 303);
    }
    program.wait_for_line("an operator has separated #WORLDCUP2026");

    program.kill9();
    program.restart();
    let operator = Operator::sign_in(&program).await;
    let page = operator.page(&program).await;
    let hidden = "<bdi>#WorldCup2026</bdi>: hidden";
    assert_eq!(
        merged(&page),
        [("#fußball", markup), ("#worldcup26", hidden)]
    );
    assert!(
        page.contains("<td>separated</td><td><bdi>#WORLDCUP2026</bdi></td>"),
        "{page}"
    );
    program.terminate();
    let told = is_sound(data.path());
    assert!(
        told.contains("  2 hashtags are shown as others\n"),
        "{told}"
    );
}

/// Rows of a table of the page, from the hashtag that each begins with to its second cell.
fn listed<'a>(page: &'a str, table: &str) -> Vec<(&'a str, &'a str)> {
    let begin = format!("<table aria-labelledby=\"{table}\">");
    let table = page.split(&begin).nth(1);
    let table = table.and_then(|table| table.split("</table>").next());
    let rows = table.unwrap_or_default().split("<tr>").skip(2);
    rows.filter_map(|row| {
        let (_, row) = row.split_once("<bdi>")?;
        let (tag, row) = row.split_once("</bdi></th><td>")?;
        Some((tag, row.split_once("</td>")?.0))
    })
    .collect()
}

/// Tags that are shown as others, and as what.
pub(crate) fn merged(page: &str) -> Vec<(&str, &str)> {
    listed(page, "merged")
}

/// Tags that wait to be approved, with their mentions.
fn queue(page: &str) -> Vec<(&str, &str)> {
    listed(page, "pending")
}
