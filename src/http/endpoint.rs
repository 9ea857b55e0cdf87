//! Where requests go, with which credentials, and which hosts may be asked at all.

use crate::model::Secret;
use url::Url;

/// The credentials of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    /// Lever's API key is the user; its password is empty.
    Basic {
        user: Secret,
        password: Option<Secret>,
    },
    Bearer(Secret),
    /// Headers by name.
    Headers(Vec<(String, Secret)>),
}

/// A host besides the base URL's that requests and redirects may go to, over https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// A host name, or `*.` and a domain.
    pub host: String,
    /// Whether it gets our credentials; a file store that hands out signed links must not.
    pub credentials: bool,
}

impl AllowedHost {
    fn covers(&self, host: &str) -> bool {
        match self.host.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|start| start.ends_with('.')),
            None => self.host.eq_ignore_ascii_case(host),
        }
    }
}

/// A destination as one account has configured it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Paths are put behind it: `https://api.lever.co/v1`.
    pub base_url: Url,
    pub auth: Auth,
    /// Whether the base URL's own host and port may have a private address. A loopback base URL may in any case.
    pub allow_private: bool,
    pub hosts: Vec<AllowedHost>,
    /// The largest answer in bytes; `None` is the client's default.
    pub max_answer: Option<usize>,
}

impl Endpoint {
    /// Lever, or what stands in for it: redirects may lead to other hosts of Lever, with credentials (`lever-api §1.1`).
    pub fn lever(base_url: Url, auth: Auth) -> Self {
        let hosts = vec![AllowedHost { host: "*.lever.co".to_owned(), credentials: true }];
        Self { base_url, auth, allow_private: false, hosts, max_answer: None }
    }

    /// A destination with no further hosts.
    pub fn new(base_url: Url, auth: Auth) -> Self {
        Self { base_url, auth, allow_private: false, hosts: Vec::new(), max_answer: None }
    }

    /// The URL of a request's path: below the base URL, or absolute.
    pub(super) fn url(&self, path: &str) -> Result<Url, String> {
        if path.starts_with("https://") || path.starts_with("http://") {
            return Url::parse(path).map_err(|_| "the URL cannot be read".to_owned());
        }
        let base = self.base_url.as_str().trim_end_matches('/');
        let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
        Url::parse(&format!("{base}{slash}{path}")).map_err(|_| "the URL cannot be read".to_owned())
    }

    /// Whether `url` has the base URL's own scheme, host and port.
    pub(super) fn own(&self, url: &Url) -> bool {
        url.origin() == self.base_url.origin()
    }

    /// How `url` may be asked: `None` not at all, else whether credentials go along.
    pub(super) fn credentials_for(&self, url: &Url) -> Option<bool> {
        if self.own(url) {
            return Some(true);
        }
        let host = url.host_str().filter(|_| url.scheme() == "https" && url.port().is_none())?;
        self.hosts.iter().find(|allowed| allowed.covers(host)).map(|allowed| allowed.credentials)
    }

    /// Whether a request to `path` goes where the credentials go. What another host answers says nothing about them.
    pub fn at_home(&self, path: &str) -> bool {
        self.url(path).is_ok_and(|url| self.credentials_for(&url) == Some(true))
    }

    /// Whether a private address is fine for `url`: only at the exact host and port that the configuration names.
    pub(super) fn private_ok(&self, url: &Url) -> bool {
        self.own(url) && (self.allow_private || super::guard::loopback(&self.base_url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn credentials_go_home_and_to_levers_hosts_over_https() {
        let lever = Endpoint::lever(url("https://api.lever.co/v1"), Auth::None);
        assert_eq!(lever.url("/opportunities/1").unwrap(), url("https://api.lever.co/v1/opportunities/1"));
        assert_eq!(lever.credentials_for(&url("https://api.eu.lever.co/v1/x")), Some(true));
        for foreign in
            ["http://api.eu.lever.co/x", "https://lever.co.example.com/x", "https://evillever.co/", "https://api.lever.co:444/"]
        {
            assert_eq!(lever.credentials_for(&url(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn a_private_address_is_fine_only_where_the_configuration_names_it() {
        let local = Endpoint::lever(url("http://127.0.0.1:8080/v1"), Auth::None);
        assert!(local.private_ok(&url("http://127.0.0.1:8080/v1/x")));
        assert!(!local.private_ok(&url("http://127.0.0.1:9090/v1/x")) && !local.private_ok(&url("http://10.0.0.1:8080/")));
        assert!(!Endpoint::new(url("http://10.0.0.1/"), Auth::None).private_ok(&url("http://10.0.0.1/")));
    }
}
