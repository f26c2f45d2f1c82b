//! Addresses as they are given behind the name of a source.

use reqwest::Url;

use super::protocol::{Protocol, SpecError};

/// `HOST:PORT`, with an IPv6 address in brackets.
pub(super) fn host_and_port<P: Protocol>(
    given: Option<&str>,
    any_port: bool,
) -> Result<String, SpecError> {
    let address = given.unwrap_or_default();
    let wrong = |missing| Err(SpecError::of::<P>(given, missing));
    let Some((host, port)) = address.rsplit_once(':') else {
        return wrong("it does not say host and port");
    };
    if host.is_empty() {
        return wrong("it does not say the host");
    }
    // `::1:9009` could be read in two ways.
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return wrong(
            "it does not say where the address ends: put it in brackets, as in `[::1]:9009`",
        );
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 || any_port => Ok(address.to_owned()),
        _ => wrong("it does not say the port, from 1 to 65535"),
    }
}

/// An address on the web with one of the schemes, of which the first stands where none is given.
pub(super) fn url<P: Protocol>(given: &str, schemes: &[&str]) -> Result<Url, SpecError> {
    let wrong = |why: String| SpecError::of::<P>(Some(given), why);
    let text = if given.contains("://") {
        given.to_owned()
    } else {
        format!("{}://{given}", schemes[0])
    };
    let url = Url::parse(&text).map_err(|error| wrong(format!("it is no address: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(wrong(format!(
            "it begins with none of {}",
            schemes.join(", ")
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host".to_owned()));
    }
    // It is shown to people, in logs and on the board, and not even said again here.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SpecError::of::<P>(
            None,
            "a name or password has no place in it",
        ));
    }
    Ok(url)
}
