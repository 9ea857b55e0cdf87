//! Networks that a vendor sends from: an address, or one with the length of its prefix.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether an address is in it. IPv4 written as IPv6 counts as IPv4.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same(ours.to_bits().into(), theirs.to_bits().into(), 32, self.prefix),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128, self.prefix),
            _ => false,
        }
    }
}

fn same(ours: u128, theirs: u128, bits: u8, prefix: u8) -> bool {
    let shift = u32::from(bits.saturating_sub(prefix));
    ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix }).ok_or(())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_network_holds_what_shares_its_prefix() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().expect("a network").holds(address.parse().expect("an address"))
        };
        assert!(holds("203.0.113.0/24", "203.0.113.200") && !holds("203.0.113.0/24", "203.0.114.1"));
        assert!(holds("203.0.113.7", "203.0.113.7") && !holds("203.0.113.7", "203.0.113.8"));
        assert!(holds("0.0.0.0/0", "198.51.100.1") && holds("203.0.113.0/24", "::ffff:203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:1::5") && !holds("2001:db8::/32", "203.0.113.7"));
        assert!("203.0.113.0/33".parse::<Network>().is_err() && "example.com".parse::<Network>().is_err());
    }
}
