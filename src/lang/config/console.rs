//! Who may look at the console, and who may act in it, as `leverd.yaml` says.

use super::grammar::{CONSOLE, PROXY, ROLES, USER};
use super::read::Reader;
use super::{Oidc, SecretRef};
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml::Node;
use std::net::IpAddr;

/// The console of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Console {
    /// Whether it is on; where nothing is said, it is if somebody can log in, or if only this machine reaches the server.
    pub enabled: Option<bool>,
    /// In file order; each name once.
    pub users: Vec<ConsoleUser>,
    pub proxy: Option<Proxy>,
    pub oidc: Option<Oidc>,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at everything.
    Viewer,
    /// Also retry, skip, connect, make webhooks.
    Operator,
}

impl Role {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

/// Who logs in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleUser {
    pub name: String,
    /// What `leverd console --hash` made.
    pub password_hash: SecretRef,
    pub role: Role,
    pub span: Span,
}

/// A reverse proxy that says who a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The request header with the person's name, in lower case.
    pub header: String,
    /// The addresses from which the header is believed.
    pub from: Vec<Net>,
    /// Who may act; everybody else whom the proxy lets through may look.
    pub operators: Vec<String>,
}

/// One address, or all that share their first bits with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// `10.0.0.0/8`, `127.0.0.1`, `fd00::/8`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    /// Whether an address is in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(one)) => (net.to_bits() ^ one.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0,
            (IpAddr::V6(net), IpAddr::V6(one)) => (net.to_bits() ^ one.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0,
            _ => false,
        }
    }
}

impl Reader {
    pub(super) fn console(&mut self, node: &Node) -> Console {
        let mut console = Console::default();
        for (key, value) in CONSOLE.entries(node, &mut self.found) {
            match key.text.as_str() {
                "enabled" => console.enabled = value.as_bool(&mut self.found),
                "users" => {
                    let entries = value.entries(&mut self.found).unwrap_or_default();
                    console.users = entries.iter().filter_map(|(key, node)| self.user(&key.text, key.span, node)).collect();
                }
                "oidc" => console.oidc = self.oidc(value),
                _ => console.proxy = self.proxy(value),
            }
        }
        console
    }

    fn user(&mut self, name: &str, span: Span, node: &Node) -> Option<ConsoleUser> {
        let (mut hash, mut role) = (None, Role::Viewer);
        for (key, value) in USER.entries(node, &mut self.found) {
            if key.text == "password_hash" {
                hash = self.secret(value, "password_hash");
            } else if self.one_of(value, &ROLES) == Some("operator") {
                role = Role::Operator;
            }
        }
        Some(ConsoleUser { name: name.to_owned(), password_hash: hash?, role, span })
    }

    fn proxy(&mut self, node: &Node) -> Option<Proxy> {
        let (mut header, mut from, mut operators) = (None, Vec::new(), Vec::new());
        for (key, value) in PROXY.entries(node, &mut self.found) {
            match key.text.as_str() {
                "header" => {
                    let fits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                    header = value.as_text(&mut self.found).map(str::to_ascii_lowercase);
                    if let Some(text) = header.take_if(|text| !fits(text)) {
                        self.found.push(
                            Diagnostic::error("bad-proxy", value.span, format!("`{text}` cannot be the name of a header"))
                                .help("write it as the proxy sends it: `X-Forwarded-User`"),
                        );
                    }
                }
                "from" => {
                    for item in value.items(&mut self.found).unwrap_or_default() {
                        let Some(text) = item.as_text(&mut self.found) else { continue };
                        if let Some(net) = Net::parse(text) {
                            from.push(net);
                        } else {
                            self.found.push(
                                Diagnostic::error("bad-proxy", item.span, format!("`{text}` is no address"))
                                    .help("write one address, `10.0.0.7`, or a network, `10.0.0.0/8`"),
                            );
                        }
                    }
                }
                _ => {
                    let items = value.items(&mut self.found).unwrap_or_default();
                    operators = items.iter().filter_map(|item| item.as_text(&mut self.found).map(str::to_owned)).collect();
                }
            }
        }
        Some(Proxy { header: header?, from, operators })
    }
}

#[cfg(test)]
mod tests {
    use super::Net;

    #[test]
    fn a_network_holds_what_shares_its_first_bits() {
        let holds = |net: &str, one: &str| Net::parse(net).unwrap().holds(one.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.200.3.4") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1") && !holds("127.0.0.1", "::1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(Net::parse("10.0.0.0/33").is_none() && Net::parse("x").is_none());
    }
}
