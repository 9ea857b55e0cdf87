//! LISTEN and NOTIFY: nodes wake each other. A hint only, over a session of its own: what is lost costs a few seconds.
//!
//! Not in the transactions that write: telling takes a lock that all of the database's commits with news share.

use super::address::Address;
use super::link::told_to;
use crate::store::backend::Hints;
use crate::store::lease::Hint;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::Client;

/// What is told within this time is told once.
const GATHERED: Duration = Duration::from_millis(10);
/// After the session was lost.
const AGAIN: Duration = Duration::from_secs(1);

/// The channel of this schema, and the session's manners: nothing that it writes need wait for the disk.
const LISTEN: &str = "SET synchronous_commit = off; SET client_min_messages = warning; SET tcp_keepalives_idle = 10; \
    DO $$ BEGIN EXECUTE 'LISTEN ' || quote_ident('leverd ' || current_schema()); END $$";
const NOTIFY: &str = "SELECT pg_notify('leverd ' || current_schema(), $1)";

/// The session with the hints.
pub(super) struct Listener {
    address: Arc<Address>,
    /// Of this opening: nobody hears himself.
    epoch: i64,
    told: Option<UnboundedSender<Hint>>,
}

impl Listener {
    pub(super) const fn new(address: Arc<Address>, epoch: i64) -> Self {
        Self { address, epoch, told: None }
    }
}

impl Hints for Listener {
    fn listen(&mut self, heard: Box<dyn Fn(Hint) + Send>) {
        let (told, to_tell) = unbounded_channel();
        let (address, own) = (Arc::clone(&self.address), self.epoch.to_string());
        let run = move || {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(talk(&address, &own, to_tell, heard.as_ref()));
        };
        // Without it the nodes look by themselves every few seconds.
        self.told = std::thread::Builder::new().name("leverd-hints".to_owned()).spawn(run).is_ok().then_some(told);
    }

    fn tell(&self, hint: Hint) {
        if let Some(told) = &self.told {
            // The thread ends only with us.
            let _ = told.send(hint);
        }
    }
}

/// Listens and tells until nobody can want anything told any more.
async fn talk(address: &Address, own: &str, mut to_tell: UnboundedReceiver<Hint>, heard: &(dyn Fn(Hint) + Send)) {
    loop {
        let (to, mut told) = unbounded_channel();
        if let Some(client) = told_to(address, to).await
            && client.batch_execute(LISTEN).await.is_ok()
        {
            // Whatever was told before.
            heard(Hint::Work);
            heard(Hint::Leases);
            loop {
                tokio::select! {
                    hint = to_tell.recv() => {
                        let Some(hint) = hint else { return };
                        if tell(&client, own, hint, &mut to_tell).await.is_err() {
                            break;
                        }
                    }
                    payload = told.recv() => match payload {
                        Some(payload) => payload_of(&payload, own).into_iter().for_each(heard),
                        None => break,
                    },
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
        // Nobody is left to tell it.
        while let Ok(_stale) = to_tell.try_recv() {}
        if to_tell.is_closed() {
            return;
        }
    }
}

async fn tell(
    client: &Client,
    own: &str,
    first: Hint,
    more: &mut UnboundedReceiver<Hint>,
) -> Result<(), tokio_postgres::Error> {
    tokio::time::sleep(GATHERED).await;
    let mut leases = first == Hint::Leases;
    while let Ok(next) = more.try_recv() {
        leases |= next == Hint::Leases;
    }
    let payload = format!("{own} {}", if leases { "leases" } else { "work" });
    client.execute(NOTIFY, &[&payload]).await.map(drop)
}

/// What another node told.
fn payload_of(payload: &str, own: &str) -> Vec<Hint> {
    match payload.split_once(' ') {
        Some((from, _)) if from == own => Vec::new(),
        Some((_, "leases")) => vec![Hint::Leases, Hint::Work],
        _ => vec![Hint::Work],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hears_himself_and_freed_accounts_may_have_work() {
        assert_eq!(payload_of("7 work", "7"), []);
        assert_eq!(payload_of("7 work", "70"), [Hint::Work]);
        assert_eq!(payload_of("7 leases", "8"), [Hint::Leases, Hint::Work]);
        assert_eq!(payload_of("", "8"), [Hint::Work]);
    }
}
