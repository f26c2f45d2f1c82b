//! What holds for every address that is read: for caches, and for pages of other sites.

use reqwest::{Method, header::HeaderName};

use super::*;

/// Each with what its answer varies by.
const TAGGED: [(&str, &[&str]); 5] = [
    ("/api/v1/top", &["accept-encoding", "accept"]),
    ("/api/v1/top.csv", &["accept-encoding"]),
    ("/api/v1/top.svg", &["accept-encoding"]),
    ("/api/v1/top.png", &[]),
    ("/api/v1/openapi.json", &["accept-encoding"]),
];

const UNTAGGED: [&str; 2] = ["/api/v1/status", "/api/v1/stream"];

async fn ask(
    server: &TestServer,
    method: Method,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Response {
    let mut request = server.client.request(method, server.url(path));
    for (name, value) in headers {
        request = request.header(HeaderName::from_static(name), *value);
    }
    request.send().await.unwrap()
}

fn varies(response: &Response) -> Vec<String> {
    let values = response.headers().get_all("vary").iter();
    let mut names: Vec<String> = values
        .flat_map(|value| value.to_str().unwrap().split(", "))
        .map(str::to_ascii_lowercase)
        .collect();
    names.dedup();
    names
}

#[tokio::test]
async fn caches_are_told_what_they_may_keep_and_by_what_it_varies() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9)]);
    for (path, by) in TAGGED {
        let first = ask(&server, Method::GET, path, &[]).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        assert_eq!(header(first.headers(), "cache-control"), "no-cache");
        assert_eq!(varies(&first), by, "{path}");
        let tag = header(first.headers(), "etag").to_owned();
        for method in [Method::GET, Method::HEAD] {
            let known = [("if-none-match", tag.as_str())];
            let same = ask(&server, method.clone(), path, &known).await;
            assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{method} {path}");
            assert_eq!(header(same.headers(), "etag"), tag);
            assert_eq!(varies(&same), by, "{method} {path}");
            let other = [("if-none-match", "W/\"0000000000000000\"")];
            let other = ask(&server, method.clone(), path, &other).await;
            assert_eq!(other.status(), StatusCode::OK, "{method} {path}");
            assert_eq!(varies(&other), by, "{method} {path}");
        }
    }
    for path in UNTAGGED {
        let answer = ask(&server, Method::GET, path, &[("if-none-match", "*")]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(answer.headers(), "cache-control"), "no-store");
        assert_eq!(header(answer.headers(), "etag"), "");
    }
    let error = ask(&server, Method::GET, "/api/v1/top?k=0", &[]).await;
    assert_eq!(header(error.headers(), "cache-control"), "no-store");
}

#[tokio::test]
async fn pages_of_other_sites_may_read_the_api_and_nothing_else() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9)]);
    let origin = ("origin", "https://elsewhere.example");
    let allowed = |response: &Response| {
        let headers = response.headers();
        assert_eq!(header(headers, "access-control-allow-credentials"), "");
        header(headers, "access-control-allow-origin") == "*"
    };
    let tagged = TAGGED.iter().map(|(path, _)| *path);
    let wrong = ["/api/v1/top?k=0", "/api/v1/tags/none", "/api/v1/nothing"];
    for path in tagged.chain(UNTAGGED).chain(wrong) {
        for method in [Method::GET, Method::HEAD] {
            let answer = ask(&server, method.clone(), path, &[origin]).await;
            assert!(allowed(&answer), "{method} {path}");
            let exposed = header(answer.headers(), "access-control-expose-headers");
            let known = "etag,retry-after,content-disposition,ratelimit,ratelimit-policy";
            assert_eq!(exposed, known);
        }
        let reading = [
            origin,
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "if-none-match"),
        ];
        let may = ask(&server, Method::OPTIONS, path, &reading).await;
        assert!(may.status() == StatusCode::OK && allowed(&may), "{path}");
        let methods = header(may.headers(), "access-control-allow-methods");
        assert_eq!(methods, "GET,HEAD");
        let headers = header(may.headers(), "access-control-allow-headers");
        assert_eq!(headers, "if-none-match,cache-control,last-event-id");

        let writing = [origin, ("access-control-request-method", "POST")];
        let may = ask(&server, Method::OPTIONS, path, &writing).await;
        assert!(!allowed(&may), "{path}");
        let posted = ask(&server, Method::POST, path, &[origin]).await;
        assert!(!allowed(&posted), "{path}");
    }
    for path in [
        "/",
        "/tag/a",
        "/api/fn/board",
        "/api/fn/tag?name=a",
        "/admin",
        "/updateData",
        "/refreshData",
        "/metrics",
        "/healthz",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            let asked = [origin, ("access-control-request-method", "GET")];
            let answer = ask(&server, method.clone(), path, &asked).await;
            assert!(!allowed(&answer), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_plain_question_is_answered_as_any_other_is() {
    let server = TestServer::start().await;
    let same = async |question: &str| {
        let plain = server.get(&format!("/api/fn/board?{question}")).await;
        // Only Leptos reads what is not known.
        let other = server.get(&format!("/api/fn/board?{question}&x=1")).await;
        assert_eq!(plain.status(), other.status(), "{question}");
        let headers = |answer: &Response| {
            let mut headers = answer.headers().clone();
            headers.remove("date");
            headers
        };
        assert_eq!(headers(&plain), headers(&other), "{question}");
        let (plain, other) = (plain.text().await.unwrap(), other.text().await.unwrap());
        assert_eq!(plain, other, "{question}");
        plain
    };
    assert!(same("window=1h").await.contains("Starting"));
    server.counting.show(4, &[("#a", 9), ("#b", 5), ("#c", 1)]);
    let questions = [
        "",
        "window=1h&by=rising&k=2",
        "after=3",
        "after=",
        "after=4",
        "after=4&states=0",
        "after=4&states=none",
        "source=external",
        "after=soon",
        "k=0",
        "k=1&k=2",
    ];
    for question in questions {
        same(question).await;
    }
    let two = same("k=2").await;
    assert!(two.contains("#b") && !two.contains("#c"));
    server.counting.show(5, &[("#d", 9)]);
    assert!(same("k=2").await.contains("#d"));
}
