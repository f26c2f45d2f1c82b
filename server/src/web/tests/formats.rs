//! What a board is taken away as: CSV, SVG, PNG.

use reqwest::Method;

use super::*;

const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

async fn with(server: &TestServer, path: &str, name: &str, value: &str) -> Response {
    let request = server.client.get(server.url(path)).header(name, value);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_table_is_sent_to_who_asks_for_one() {
    let server = TestServer::start().await;
    server
        .counting
        .show(4, &[("#a", 9), ("=1+1", 5), ("#c", 1)]);
    let expected = "rank,tag,count,error,people,score,share,change\r\n\
                    1,#a,9,0,,,0.0,\r\n2,'=1+1,5,0,,,0.0,\r\n";
    let by_name = server.get("/api/v1/top.csv?k=2").await;
    let by_type = with(&server, "/api/v1/top?k=2", "accept", "text/csv").await;
    for (response, vary) in [(by_name, false), (by_type, true)] {
        let headers = response.headers().clone();
        assert_eq!(header(&headers, "content-type"), "text/csv; charset=utf-8");
        assert_eq!(
            header(&headers, "content-disposition"),
            "attachment; filename=\"tagtide-5m-count.csv\""
        );
        assert_eq!(header(&headers, "vary").ends_with("accept"), vary);
        assert_eq!(response.text().await.unwrap(), expected);
    }
    let json = server.get("/api/v1/top").await;
    assert_eq!(header(json.headers(), "content-type"), "application/json");
    assert!(header(json.headers(), "vary").ends_with("accept"));
}

#[tokio::test]
async fn a_picture_is_that_of_the_view_and_of_the_theme() {
    let server = TestServer::start().await;
    server
        .counting
        .show(4, &[("#rust<script>", 9), ("#\u{202e}b", 5)]);
    let response = server.get("/api/v1/top.svg?window=1h&theme=dark").await;
    let headers = response.headers().clone();
    assert_eq!(header(&headers, "content-type"), "image/svg+xml");
    assert!(header(&headers, "content-security-policy").contains("default-src 'none'"));
    let svg = response.text().await.unwrap();
    assert!(
        svg.contains("#rust&lt;script&gt;") && svg.contains("last hour"),
        "{svg}"
    );
    assert!(
        svg.contains("#0b1418") && !svg.contains('\u{202e}'),
        "{svg}"
    );
    let light = server
        .get("/api/v1/top.svg?k=1")
        .await
        .text()
        .await
        .unwrap();
    assert!(
        light.contains("#f6f5f0") && !light.contains("0b1418"),
        "{light}"
    );

    let response = server.get("/api/v1/top.png").await;
    assert_eq!(header(response.headers(), "content-type"), "image/png");
    let png = response.bytes().await.unwrap();
    assert!(png.starts_with(&PNG));
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (1200, 630));
    let dark = server.get("/api/v1/top.png?theme=dark").await;
    assert_ne!(dark.bytes().await.unwrap(), png);
}

#[tokio::test]
async fn every_format_saves_what_the_client_has_and_refuses_in_the_one_shape() {
    let server = TestServer::start().await;
    for format in ["", ".csv", ".svg", ".png"] {
        let path = format!("/api/v1/top{format}");
        let starting = server.get(&path).await;
        assert_eq!(starting.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error_code(starting).await, "starting");
        let bad = server.get(&format!("{path}?window=7m")).await;
        assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error_code(bad).await, "bad_window");
    }
    let bad = server.get("/api/v1/top.svg?theme=pink").await;
    assert_eq!(error_code(bad).await, "bad_theme");

    for (epoch, format) in (1..).zip([".csv", ".svg", ".png"]) {
        server.counting.show(epoch, &[("#a", 1)]);
        let path = format!("/api/v1/top{format}");
        let tag = header(server.get(&path).await.headers(), "etag").to_owned();
        let same = with(&server, &path, "if-none-match", &tag).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{format}");
        assert_eq!(header(same.headers(), "etag"), tag);
        server.counting.show(epoch + 1, &[("#a", 2)]);
        let other = with(&server, &path, "if-none-match", &tag).await;
        assert_eq!(other.status(), StatusCode::OK, "{format}");
    }
}

#[tokio::test]
async fn a_crowd_is_given_the_same_picture() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9)]);
    let asking = (0..40).map(|_| async {
        let answer = server.get("/api/v1/top.png").await;
        (answer.status(), answer.bytes().await.unwrap())
    });
    let pictures = futures::future::join_all(asking).await;
    assert_eq!(pictures[0].0, StatusCode::OK);
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

#[tokio::test]
async fn text_is_compressed_and_what_is_compressed_already_is_not() {
    let server = TestServer::start().await;
    let tags: Vec<String> = (0..100).map(|number| format!("#tag{number}")).collect();
    let rows: Vec<_> = tags.iter().map(|tag| (tag.as_str(), 5)).collect();
    server.counting.show(4, &rows);
    for (format, takes, coding) in [
        ("", "br, gzip", "gzip"),
        ("", "br", "br"),
        ("", "gzip;q=0", ""),
        (".csv", "br, gzip", "gzip"),
        (".csv", "br", "br"),
        (".svg", "br, gzip", "gzip"),
        (".svg", "br", "br"),
        (".png", "br, gzip", ""),
    ] {
        let path = format!("/api/v1/top{format}?k=100");
        let response = with(&server, &path, "accept-encoding", takes).await;
        assert_eq!(
            header(response.headers(), "content-encoding"),
            coding,
            "{format}"
        );
    }
}

#[tokio::test]
async fn every_address_that_can_be_read_has_a_head() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9)]);
    for path in [
        "/",
        "/tag/a",
        "/api/fn/board",
        "/api/fn/tag?name=a",
        "/api/v1/top",
        "/api/v1/top.csv",
        "/api/v1/top.svg",
        "/api/v1/top.png",
        "/api/v1/tags/a",
        "/api/v1/stream",
        "/api/v1/status",
        "/api/v1/openapi.json",
        "/refreshData",
        "/healthz",
        "/readyz",
        "/metrics",
        "/pkg/none",
        "/none",
    ] {
        let get = server.get(path).await;
        let head = server.client.request(Method::HEAD, server.url(path));
        let head = head.send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "etag", "cache-control"] {
            let of = |response: &Response| header(response.headers(), name).to_owned();
            assert_eq!(of(&head), of(&get), "{path} {name}");
        }
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
}
