//! Which server a client believes to talk to.

use axum::http::{HeaderMap, header::HOST};

/// How the client calls this server. Whoever stands before it says whether that is a secure address.
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let host = text(HOST.as_str())?;
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let nearest = text("x-forwarded-proto").and_then(|all| all.split(',').next());
    let scheme = match nearest.map(str::trim) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    };
    Some(format!("{scheme}://{host}"))
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
            ("HTTPS, http", "https"),
            ("http", "http"),
            ("javascript", "http"),
        ] {
            let told = of(&[host, ("x-forwarded-proto", said)]);
            assert_eq!(told, Some(format!("{scheme}://tags.example:8080")));
        }
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
