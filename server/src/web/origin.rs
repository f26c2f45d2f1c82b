//! Which server a client believes to talk to, and whether a page of it has sent it.

use axum::http::{HeaderMap, header::HOST};

use super::visitor::{FORWARDED_HOST, FORWARDED_PROTO};

/// How the client calls this server. A trusted proxy before it says whether that is a secure address, and
/// what it was called itself; of others these headers are taken away in [`visitor`](super::visitor).
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    // What the nearest proxy says stands last.
    let said = |name| {
        let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        line.rsplit(',').next().map(str::trim)
    };
    let host = said(FORWARDED_HOST).or_else(|| headers.get(HOST)?.to_str().ok())?;
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let scheme = match said(FORWARDED_PROTO) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    };
    Some(format!("{scheme}://{host}"))
}

/// Whether a browser sends this for a page that is not ours. Any page can make a browser post a form
/// to 127.0.0.1; programs that are no browsers do not send the header.
pub(super) fn is_from_another_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_called_as_the_client_does() {
        let of = |given: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(*name, value.parse().unwrap());
            }
            origin(&headers)
        };
        let host = ("host", "tags.example:8080");
        assert_eq!(of(&[host]).as_deref(), Some("http://tags.example:8080"));
        for (said, scheme) in [
            ("https", "https"),
            ("http, HTTPS", "https"),
            ("https, http", "http"),
            ("http", "http"),
            ("javascript", "http"),
        ] {
            let told = of(&[host, ("x-forwarded-proto", said)]);
            assert_eq!(told, Some(format!("{scheme}://tags.example:8080")));
        }
        let called = ("x-forwarded-host", "6.6.6.6, board.example");
        assert_eq!(of(&[host, called]).as_deref(), Some("http://board.example"));
        assert_eq!(of(&[host, ("x-forwarded-host", "a/b")]), None);
        assert_eq!(
            of(&[("host", "[::1]:3000")]).as_deref(),
            Some("http://[::1]:3000")
        );
        for host in ["", "a/b", "a\"b", "a b", "user@host"] {
            assert_eq!(of(&[("host", host)]), None, "{host}");
        }
        assert_eq!(of(&[]), None);
    }
}
