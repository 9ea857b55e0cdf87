//! How an account is connected, and what a person has to do for it in Lever and at the vendors.

use crate::lever::register;
use crate::model::AccountId;
use crate::runtime::account::Account;
use crate::runtime::call::Node;
use crate::runtime::status::{self, AccountStatus};
use crate::runtime::{needs, webhooks};
use crate::store::Result;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// One account.
#[derive(Debug)]
pub struct Connect {
    pub account: AccountId,
    /// How Lever knows us.
    pub lever: String,
    pub suspended: Vec<(String, Timestamp)>,
    /// Whether a Super Admin logs in; else there is an API key.
    pub oauth: bool,
    /// What the rules need: Lever's names of permissions, or OAuth's scopes.
    pub permissions: Vec<String>,
    /// The webhooks, and when one of the event last came.
    pub webhooks: Vec<(String, String, Option<Timestamp>)>,
    /// What a Super Admin does in Lever for the webhooks.
    pub by_hand: String,
    /// Names of vendors, and where their webhooks go; the last part is a secret.
    pub vendors: Vec<(String, String)>,
}

/// Reads it.
pub async fn of(node: &Node, account: &Account) -> Result<Connect> {
    let status: Option<AccountStatus> = status::of(node).await?.into_iter().find(|one| one.account == account.id);
    let heard = node.store.heard(&account.id).await?;
    let wanted = webhooks::wanted(node, account);
    let permissions: BTreeSet<String> = if account.oauth.is_some() {
        needs::scopes(account).into_iter().collect()
    } else {
        needs::of(account).iter().map(|need| need.label().to_owned()).collect()
    };
    let public = node.public_url.load();
    let public = public.as_ref().as_ref().map_or("", |url| url.as_str().trim_end_matches('/')).to_owned();
    let came = |event: &str| {
        let mine = heard.iter().filter(|one| one.source == "lever" && one.event == event);
        mine.map(|one| one.last).max()
    };
    Ok(Connect {
        account: account.id.clone(),
        lever: status.as_ref().map(|status| status.lever.clone()).unwrap_or_default(),
        suspended: status.map(|status| status.suspended).unwrap_or_default(),
        oauth: account.oauth.is_some(),
        permissions: permissions.into_iter().collect(),
        by_hand: register::manual(&wanted),
        webhooks: wanted.iter().map(|one| (one.event.as_str().to_owned(), one.url.clone(), came(one.event.as_str()))).collect(),
        vendors: account
            .vendors
            .keys()
            .map(|vendor| (vendor.to_string(), format!("{public}/hooks/{vendor}/{}/…", account.id)))
            .collect(),
    })
}
