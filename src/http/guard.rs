//! Which addresses may be asked: no template, redirect or DNS answer leads into a private network.
//!
//! A resolver sees names only, so IP literals in URLs are checked apart.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Every refusal of ours begins so: it says nothing about the destination's health.
pub(super) const REFUSED: &str = "leverd does not ask";

/// Whether the address is in the public internet.
pub(super) fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

const fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast();
    let reserved = a == 0
        || a >= 240
        || (a == 100 && b >= 64 && b < 128) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 198 && (b == 18 || b == 19)); // benchmarks
    !special && !reserved
}

fn public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses that carry a v4 address are as public as that: mapped, compatible, NAT64, 6to4.
    let carried = match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some((high, low))
        }
        _ => None,
    };
    if let Some((high, low)) = carried {
        return public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    let [first, second, ..] = segments;
    // Only 2000::/3 is global unicast; of that, documentation and Teredo are not for us.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second == 0)) && first != 0x3fff
}

/// Whether the URL names this machine.
pub(super) fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Refuses IP literals that are not public.
pub(super) fn literal(url: &Url) -> Result<(), String> {
    let fine = match url.host() {
        Some(Host::Ipv4(address)) => public(address.into()),
        Some(Host::Ipv6(address)) => public(address.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if fine { Ok(()) } else { Err(format!("{REFUSED} a private address")) }
}

/// The system's resolver, less every address that is not public.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{REFUSED} a name with a private address").into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_dress() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ];
        for address in private {
            assert!(!public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn odd_spellings_of_an_address_are_literals_too() {
        for url in ["http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://127.1/"] {
            assert!(literal(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_resolved() {
        let refused = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(refused.err().is_some_and(|error| error.to_string().starts_with(REFUSED)));
    }
}
