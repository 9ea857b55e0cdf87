//! Where the database is, as leverd.yaml names it.

use crate::model::Secret;
use crate::store::error::{Result, StoreError};
use std::net::IpAddr;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// A database, with the password for it.
pub(super) struct Address {
    config: Config,
    /// Without the password.
    pub(super) name: String,
}

impl Address {
    /// Reads `postgres://user@host/database?sslmode=require`.
    pub(super) fn new(url: &str, password: Option<&Secret>, patience: Duration) -> Result<Self> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            StoreError::Unavailable(format!("the URL of the database cannot be read: {why}"))
        })?;
        if let Some(password) = password {
            config.password(password.expose());
        }
        // What leaves this machine is encrypted, and the server must prove its name, unless the URL says otherwise.
        if !url.contains("sslmode=") {
            config.ssl_mode(if stays_here(&config) { SslMode::Disable } else { SslMode::Require });
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            let why = "`sslmode=prefer` would send the password to whoever answers: say `require` or `disable`";
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("leverd");
        }
        config.connect_timeout(patience).tcp_user_timeout(Duration::from_secs(30));
        config.keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(5)).keepalives_retries(3);
        let name = format!("{}/{}", hosts(&config), config.get_dbname().or_else(|| config.get_user()).unwrap_or_default());
        Ok(Self { config, name })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// An error says which database it speaks of.
    pub(super) fn named(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Unavailable(why) if !why.contains(&self.name) => {
                StoreError::Unavailable(format!("PostgreSQL at `{}`: {why}", self.name))
            }
            other => other,
        }
    }
}

/// Whether every connection stays on this machine. An address counts for more than the name beside it, and who names neither is not
/// known to mean this machine.
fn stays_here(config: &Config) -> bool {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let named = !hosts.is_empty() || !addresses.is_empty();
    named && hosts.iter().all(is_here) && addresses.iter().all(IpAddr::is_loopback)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn hosts(config: &Config) -> String {
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    };
    config.get_hosts().iter().map(name).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::Address;
    use std::time::Duration;
    use tokio_postgres::config::SslMode;

    #[test]
    fn only_what_stays_on_this_machine_goes_without_tls_by_default() {
        let mode = |place: &str| {
            let url = format!("postgres://leverd@{place}");
            Address::new(&url, None, Duration::from_secs(1)).map(|address| address.config().get_ssl_mode()).unwrap()
        };
        let here = [
            "localhost/leverd",
            "127.0.0.1/leverd",
            "[::1]/leverd",
            "/leverd?host=/run/postgresql",
            "/leverd?hostaddr=127.0.0.1",
            "localhost/leverd?hostaddr=127.0.0.2",
        ];
        for place in here {
            assert_eq!(mode(place), SslMode::Disable, "{place}");
        }
        let elsewhere = [
            "db.example.com/leverd",
            "localhost,db.example.com/leverd",
            "/leverd?hostaddr=192.0.2.7",
            "localhost/leverd?hostaddr=192.0.2.7",
            "localhost,localhost/leverd?hostaddr=127.0.0.1,192.0.2.7",
            "/leverd",
        ];
        for place in elsewhere {
            assert_eq!(mode(place), SslMode::Require, "{place}");
        }
        assert_eq!(mode("/leverd?hostaddr=192.0.2.7&sslmode=disable"), SslMode::Disable, "said by whoever runs it");
    }
}
