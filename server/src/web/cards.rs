//! What a link to a page looks like elsewhere.

use app::card::{Card, Subject};
use axum::{
    extract::Query,
    http::{HeaderMap, Uri, header::HOST},
};

use super::{Web, api::Parameters, boards::is_too_long};

/// Of the page that is asked for, with what it shows now.
pub(super) async fn card(web: &Web, address: &Uri, headers: &HeaderMap) -> Card {
    let parameters = Query::<Parameters>::try_from_uri(address);
    let parameters = parameters.map(|Query(given)| given).unwrap_or_default();
    let origin = origin(headers);
    match Subject::of(address.path(), &parameters) {
        Subject::Board(view) => {
            let top = web.top(view).await;
            Card::of_board(view, top.as_ref(), origin.as_deref())
        }
        Subject::Tag(view) if !is_too_long(&view.name) => {
            let detail = web.live.tag(&view.name, view.window).await.ok();
            Card::of_tag(&view, detail.as_ref(), origin.as_deref())
        }
        Subject::Tag(_) | Subject::Nothing => Card::plain(),
    }
}

/// How the client calls this server. Whoever stands before it says whether that is a secure address.
fn origin(headers: &HeaderMap) -> Option<String> {
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
