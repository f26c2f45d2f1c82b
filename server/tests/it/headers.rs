//! What every answer tells a browser, whatever was asked: it guesses no type, tells nobody where it was, and runs,
//! loads and frames only what is meant to be.

use reqwest::{Method, Response};

use crate::program::{Program, SOON, client, wait_until};

/// Every route, what is at none, and what each refuses.
const ASKED: [(&str, &str); 34] = [
    ("GET", "/"),
    ("GET", "/?embed=1"),
    ("GET", "/?window=never"),
    ("GET", "/tag/rust"),
    ("GET", "/tag/never-seen?embed=1"),
    ("GET", "/tag/%3Cscript%3E"),
    ("GET", "/api/fn/board"),
    ("GET", "/api/fn/tag"),
    ("GET", "/api/v1/top"),
    ("GET", "/api/v1/top?k=0"),
    ("GET", "/api/v1/top.csv"),
    ("GET", "/api/v1/top.svg"),
    ("GET", "/api/v1/top.png"),
    ("HEAD", "/api/v1/top.svg"),
    ("HEAD", "/api/v1/stream"),
    ("GET", "/api/v1/stream?k=0"),
    ("GET", "/api/v1/tags/never-seen"),
    ("GET", "/api/v1/trends"),
    ("GET", "/api/v1/trends/tags"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/alerts"),
    ("POST", "/api/v1/posts"),
    ("GET", "/api/v1/posts"),
    ("OPTIONS", "/api/v1/top"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/nothing"),
    ("POST", "/updateData"),
    ("GET", "/updateData"),
    ("GET", "/refreshData"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/pkg/nothing.js"),
    ("GET", "/nothing"),
];

fn said<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_a_browser_may_make_of_it() {
    let program = Program::serve(&["--batch", "200ms"]);
    wait_until("there are results", SOON, async || {
        !program.counts().await.is_empty()
    })
    .await;
    let description = program.json("/api/v1/openapi.json").await;
    for path in description["paths"].as_object().unwrap().keys() {
        let path = path.replace("{name}", "never-seen");
        let known = ASKED.iter().any(|&(_, asked)| asked == path);
        assert!(known || path == "/api/v1/stream", "{path} is not asked");
    }
    for (method, path) in ASKED {
        for accept in ["*/*", "text/html"] {
            let of = format!("{method} {path}, {accept}");
            let method: Method = method.parse().unwrap();
            let request = client().request(method, program.url(path));
            let response = request.header("accept", accept).send().await.unwrap();
            assert_eq!(said(&response, "x-content-type-options"), "nosniff", "{of}");
            assert_eq!(said(&response, "referrer-policy"), "no-referrer", "{of}");
            let opener = said(&response, "cross-origin-opener-policy");
            assert_eq!(opener, "same-origin", "{of}");

            let policy = said(&response, "content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{of}: {policy}");
            assert!(!policy.contains("unsafe-inline"), "{of}: {policy}");
            assert!(!policy.contains("'unsafe-eval'"), "{of}: {policy}");
            let framed = policy
                .split("; ")
                .find(|part| part.starts_with("frame-ancestors"));
            let kind = said(&response, "content-type");
            let is_page = kind.starts_with("text/html") && policy.contains("script-src");
            // The board alone is made for it.
            let embeds = is_page && path == "/?embed=1";
            match framed {
                Some("frame-ancestors *") => assert!(embeds, "{of}: {policy}"),
                Some("frame-ancestors 'self'") => assert!(
                    !embeds && kind.starts_with("text/html"),
                    "{of}: {kind}: {policy}"
                ),
                Some("frame-ancestors 'none'") => assert!(!is_page, "{of}: {policy}"),
                // A picture that others show.
                None => assert!(policy.ends_with("sandbox"), "{of}: {policy}"),
                Some(other) => panic!("{of}: {other}"),
            }
        }
    }
}
