//! The content of a report, read from the vendor when it is sent to Lever, and never stored.

use super::account::Account;
use super::call::{Node, Unready};
use super::line::{Entered, Line};
use crate::lever::effect::Content;
use crate::model::{Attachment, Class, Outcome, Reason};
use crate::vendor::{Fetch, Got, ledger_inputs};

/// Why there is no content.
#[derive(Debug)]
pub(super) enum NotFetched {
    /// The vendor answered: not yet, or not at all.
    Told(Outcome),
    /// It could not be asked.
    Unready(Unready),
}

impl From<Unready> for NotFetched {
    fn from(unready: Unready) -> Self {
        Self::Unready(unready)
    }
}

/// The content of an attachment: its operation run now, so that a URL that ran out is a new one.
pub(super) async fn content(node: &Node, account: &Account, file: &Attachment) -> Result<Content, NotFetched> {
    let park = |reason: Reason| NotFetched::Unready(Unready::Park(reason));
    let (line, entered) = (Line::to(node, account, &file.vendor).await?, Entered::default());
    let row = node.store.assessment(&account.id, file.assessment).await.map_err(Unready::Store)?;
    let mut inputs = row.as_ref().map(ledger_inputs).unwrap_or_default();
    inputs.extend(file.inputs.clone());
    let mut fetch = Fetch::new(&line.adapter, &file.report, line.supplies(&inputs, false, false)).map_err(park)?;
    loop {
        let request = fetch.request().map_err(park)?;
        let exchange = line.send(node, account, &request, Class::Vendor, &entered).await?;
        if fetch.is_ours()
            && let Some(token) = line.renewed(node, account, &exchange).await?
        {
            fetch.with_token(token);
            continue;
        }
        match fetch.answer(&exchange) {
            Got::Next => {}
            Got::File(bytes) => return Ok(Content { media_type: fetch.media_type().to_owned(), bytes }),
            Got::Failed(outcome) => return Err(NotFetched::Told(outcome)),
        }
    }
}
