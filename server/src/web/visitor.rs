//! Who asks: the other end of the connection, or whom a proxy that the operator trusts says it asks for.
//!
//! **Invariant:** no handler sees what a stranger says of itself: behind [`meet`] a request has headers of
//! forwarding only if a trusted proxy sent it.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::{Arc, Once},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, header::FORWARDED},
};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const OF_PROXIES: [HeaderName; 4] = [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO];

/// Who asks, as far as that can be known: at first the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visitor(pub(super) IpAddr);

/// Who has but a part of what there is for all: an IPv4 address, or the /64 of an IPv6 one, among whose
/// addresses a client can choose. This machine has all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stranger(IpAddr);

impl Stranger {
    pub(super) fn at(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            address if address.is_loopback() => None,
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Some(Self(IpAddr::V6(Ipv6Addr::from_bits(network))))
            }
            address => Some(Self(address)),
        }
    }
}

/// One address or many: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = || text.parse().map(|one: IpAddr| IpNet::from(one));
        let network = text.parse().or_else(|_| one());
        let network: IpNet =
            network.map_err(|_| "an address or a network is needed, such as 10.0.0.0/8 or ::1")?;
        Ok(Self(network))
    }
}

/// Whose word is taken for whom they ask. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Arc<[Network]>);

impl Proxies {
    pub(crate) fn new(trusted: Vec<Network>) -> Self {
        Self(trusted.into())
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }

    /// The right-most address that is not a trusted proxy's: what stands left of it anybody can have written.
    /// `X-Forwarded-For` goes before `Forwarded`, which proxies that write the former let through.
    fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut visitor = peer;
        if !self.trusts(peer) {
            return visitor;
        }
        let (name, read): (_, fn(&str) -> Option<IpAddr>) =
            match headers.contains_key(FORWARDED_FOR) {
                true => (FORWARDED_FOR, address),
                false => (FORWARDED, forwarded_for),
            };
        let lines = headers.get_all(name).into_iter();
        let all: Vec<&[u8]> = lines
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
            .collect();
        for said in all.into_iter().rev() {
            let Some(before) = str::from_utf8(said).ok().and_then(read) else {
                break;
            };
            visitor = before;
            if !self.trusts(before) {
                break;
            }
        }
        visitor
    }
}

/// With or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|at| at.ip());
    let address: IpAddr = text.parse().ok().or_else(with_port).or_else(bare)?;
    Some(address.to_canonical())
}

/// Of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    address(named.next()?.1)
}

/// Finds out who asks.
pub(super) fn meet(proxies: &Proxies, request: &mut Request) {
    let Some(&Visitor(peer)) = request.extensions().get() else {
        return;
    };
    if proxies.trusts(peer) {
        let visitor = proxies.visitor(peer, request.headers());
        request.extensions_mut().insert(Visitor(visitor));
    } else {
        forget_forwarding(peer, request.headers_mut());
    }
}

fn forget_forwarding(peer: IpAddr, headers: &mut HeaderMap) {
    // Hardly ever, which is quicker seen than looked up.
    if !headers.keys().any(|name| OF_PROXIES.contains(name)) {
        return;
    }
    for name in OF_PROXIES {
        headers.remove(name);
    }
    static TOLD: Once = Once::new();
    if peer.is_loopback() {
        TOLD.call_once(|| {
            tracing::warn!(
                "a proxy on this machine asks for others and is not trusted: without --trusted-proxy {peer} \
                 all of them are taken for this machine, and nobody is limited"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let trusted = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];
        let proxies = Proxies::new(trusted.map(|one| one.parse().unwrap()).into());
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        let found = proxies.visitor(peer.parse::<IpAddr>().unwrap().to_canonical(), &headers);
        found.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_who_asks() {
        for (peer, said, is) in [
            ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
            ("10.1.2.3", "198.51.100.9", "198.51.100.9"),
            ("::ffff:10.1.2.3", "198.51.100.9", "198.51.100.9"),
            (
                "10.1.2.3",
                "6.6.6.6, 198.51.100.9, 10.0.0.1",
                "198.51.100.9",
            ),
            ("10.1.2.3", "198.51.100.9:4711", "198.51.100.9"),
            ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
            ("fd00::1", "2001:db8::7", "2001:db8::7"),
            ("10.1.2.3", "6.6.6.6, unknown", "10.1.2.3"),
            ("10.1.2.3", "6.6.6.6, <script>, 10.0.0.2", "10.0.0.2"),
            ("10.1.2.3", "10.9.9.9", "10.9.9.9"),
            ("10.1.2.3", "", "10.1.2.3"),
        ] {
            assert_eq!(visitor(peer, &[(FORWARDED_FOR, said)]), is, "{said:?}");
        }
        assert_eq!(visitor("10.1.2.3", &[]), "10.1.2.3");
        let lines = [(FORWARDED_FOR, "6.6.6.6"), (FORWARDED_FOR, "198.51.100.9")];
        assert_eq!(visitor("10.1.2.3", &lines), "198.51.100.9");
    }

    #[test]
    fn the_standard_header_says_it_where_the_usual_one_does_not() {
        for (said, is) in [
            ("for=6.6.6.6, for=198.51.100.9;proto=https", "198.51.100.9"),
            (r#"proto=http; For="[2001:db8::7]:4711""#, "2001:db8::7"),
            ("for=_hidden", "10.1.2.3"),
            ("by=203.0.113.43", "10.1.2.3"),
        ] {
            assert_eq!(visitor("10.1.2.3", &[(FORWARDED, said)]), is, "{said:?}");
        }
        let both = [(FORWARDED, "for=6.6.6.6"), (FORWARDED_FOR, "198.51.100.9")];
        assert_eq!(visitor("10.1.2.3", &both), "198.51.100.9");
    }

    #[test]
    fn strangers_are_told_apart_by_what_they_cannot_choose() {
        let at = |address: &str| Stranger::at(address.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:3"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(at(here), None, "{here}");
        }
    }

    #[test]
    fn a_network_is_one_or_is_refused() {
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0", "10.0.0.1:80"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong:?}");
        }
    }
}
