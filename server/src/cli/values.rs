//! What the values of options are made of, and what is said of others.

use std::{net::SocketAddr, time::Duration};

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.replacen("localhost:", "127.0.0.1:", 1)
        .parse()
        .map_err(|_| "an address and a port are needed, such as 127.0.0.1:3000".to_owned())
}

pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(
            "only loopback addresses are served, such as 127.0.0.1:3000; put a proxy in front"
                .into(),
        )
    }
}

pub(super) fn batch(text: &str) -> Result<Duration, String> {
    let batch = humantime::parse_duration(text).map_err(|error| format!("{error}"))?;
    let whole = batch.subsec_nanos().is_multiple_of(1_000_000);
    if whole && (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&batch) {
        Ok(batch)
    } else {
        Err("it must be from 100ms to 60s, in whole milliseconds".into())
    }
}

pub(super) fn score(text: &str) -> Result<f64, String> {
    let score = text
        .parse()
        .ok()
        .filter(|score: &f64| score.is_finite() && *score > 0.0);
    score.ok_or_else(|| "a number above 0 is needed, such as 8".to_owned())
}

pub(super) fn server(text: &str) -> Result<reqwest::Url, String> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = reqwest::Url::parse(&full).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| "HOST:PORT or a web address is needed, such as 127.0.0.1:3000".to_owned())
}

pub(super) fn web(text: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("a web address is needed, such as http://127.0.0.1:5001/updateData".into()),
    }
}
