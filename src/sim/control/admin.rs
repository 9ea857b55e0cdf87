//! What a Super Admin does in Lever: stages, users, credentials, webhooks.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::names::{stage_id, user_id};
use super::{Control, ControlError};
use crate::sim::lever::{EVENTS, Happening, ORIGINS, Stage, User, event_named, verification};

/// A webhook to register by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewWebhook {
    pub event: String,
    pub url: String,
    /// Origins of candidates that it hears of; empty: all six.
    pub origins: Vec<String>,
    /// Without a signature token: deliveries are not signed.
    pub unsigned: bool,
}

impl Control {
    /// Adds a stage before the offer, or after another one; gives its id.
    pub fn create_stage(&self, text: &str, after: Option<&str>) -> Result<String, ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let after = match after {
                Some(name) => stage_id(world, name)?,
                None => world.stages.iter().rev().nth(1).map(|stage| stage.id.clone()).unwrap_or_default(),
            };
            let at = world.stage_index(&after);
            let rank = world.stage(&after).map_or(1, |stage| stage.rank + 1);
            let id = world.ids.uuid();
            world.stages.insert(at + 1, Stage { id: id.clone(), text: text.to_owned(), rank });
            Ok(id)
        })
    }

    pub fn rename_stage(&self, stage: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let id = stage_id(&state.lever, stage)?;
            if let Some(stage) = state.lever.stages.iter_mut().find(|stage| stage.id == id) {
                text.clone_into(&mut stage.text);
            }
            Ok(())
        })
    }

    /// Adds a user with a role such as `admin` or `interviewer`; gives the id.
    pub fn create_user(&self, name: &str, email: &str, role: &str) -> String {
        self.act(|state| {
            let world = &mut state.lever;
            let (id, created_at) = (world.ids.uuid(), world.clock.now_ms());
            let (name, email, access_role) = (name.to_owned(), email.to_owned(), role.to_owned());
            world.users.push(User { id: id.clone(), name, email, access_role, created_at, deactivated_at: None });
            id
        })
    }

    pub fn deactivate_user(&self, user: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let (id, now) = (user_id(world, user)?, world.clock.now_ms());
            if let Some(user) = world.users.iter_mut().find(|user| user.id == id) {
                user.deactivated_at = Some(now);
            }
            Ok(())
        })
    }

    /// Adds an API key or access token with the scopes given, or with all.
    pub fn add_credential(&self, key: &str, scopes: Option<Vec<String>>) {
        self.shared.state().lever.access.grant(key, scopes);
    }

    pub fn revoke_credential(&self, key: &str) {
        self.shared.state().lever.access.revoke(key);
    }

    /// A Super Admin switches event groups on or off; an empty list means all.
    pub fn switch_webhooks(&self, events: &[String], on: bool) -> Result<(), ControlError> {
        let all = EVENTS.map(str::to_owned);
        let events = if events.is_empty() { all.as_slice() } else { events };
        let mut state = self.shared.state();
        for name in events {
            let event = known_event(name)?;
            if on {
                state.lever.enabled_events.insert(event);
            } else {
                state.lever.enabled_events.remove(event);
            }
        }
        Ok(())
    }

    /// A Super Admin registers a webhook in the interface; gives its id and its signature token.
    pub fn create_webhook(&self, event: &str, url: &str) -> Result<(String, String), ControlError> {
        let new = NewWebhook { event: event.to_owned(), url: url.to_owned(), ..NewWebhook::default() };
        self.register_webhook(new).map(|(id, token)| (id, token.unwrap_or_default()))
    }

    /// The same with all that can be said about one; the token is absent when it is to be unsigned.
    pub fn register_webhook(&self, new: NewWebhook) -> Result<(String, Option<String>), ControlError> {
        let event = known_event(&new.event)?;
        let all = || ORIGINS.map(str::to_owned).into();
        let origins = if new.origins.is_empty() { all() } else { new.origins };
        if let Some(unknown) = origins.iter().find(|origin| !ORIGINS.contains(&origin.as_str())) {
            return Err(ControlError::Wrong(format!("`{unknown}` is not an origin; Lever has {ORIGINS:?}")));
        }
        let mut state = self.shared.state();
        let state = &mut *state;
        let one_token = state.faults.one_signature_token;
        let made = state.lever.register_webhook(event, &new.url, origins, false, one_token);
        let token = made.signature_token.filter(|_| !new.unsigned);
        if let Some(kept) = state.lever.webhooks.iter_mut().find(|it| it.id == made.id) {
            kept.signature_token.clone_from(&token);
        }
        Ok((made.id, token))
    }

    /// Removes a webhook in the interface.
    pub fn delete_webhook(&self, webhook: &str) -> Result<(), ControlError> {
        let mut state = self.shared.state();
        let at = state.lever.webhooks.iter().position(|it| it.id == webhook);
        state.lever.webhooks.remove(at.ok_or_else(|| unknown_webhook(webhook))?);
        Ok(())
    }

    /// Gives a webhook a new signature token, and all that share its token; what is sent from now on is signed with it.
    pub fn regenerate_signature_token(&self, webhook: &str) -> Result<String, ControlError> {
        let mut state = self.shared.state();
        let world = &mut state.lever;
        let found = world.webhooks.iter().find(|it| it.id == webhook).ok_or_else(|| unknown_webhook(webhook))?;
        let (before, fresh) = (found.signature_token.clone(), world.ids.token());
        let shared = before.as_ref() == Some(&world.signature_token);
        if shared {
            world.signature_token.clone_from(&fresh);
        }
        for kept in &mut world.webhooks {
            if kept.id == webhook || (shared && kept.signature_token == before) {
                kept.signature_token = Some(fresh.clone());
            }
        }
        Ok(fresh)
    }

    /// Presses "Verify connection"; gives the id of the delivery.
    pub fn verify_webhook(&self, webhook: &str) -> Result<u64, ControlError> {
        let mut state = self.shared.state();
        let state = &mut *state;
        let parcel = verification(&mut state.lever, webhook, state.faults.verify_says_hired);
        let parcel = parcel.ok_or_else(|| unknown_webhook(webhook))?;
        let leaving = state.deliveries.take_in(vec![parcel], &state.faults);
        self.shared.post().send(leaving);
        Ok(state.deliveries.all().last().map_or(0, |delivery| delivery.id))
    }

    /// Fires an event with data of the caller's choice, also those of things that are not simulated. Conditions on the
    /// origin apply when one is given.
    pub fn emit(&self, event: &str, data: Value, origin: Option<String>) -> Result<(), ControlError> {
        let event = known_event(event)?;
        self.act(|state| {
            let at = state.lever.clock.now_ms();
            state.lever.happened.push(Happening { event, data, origin, confidential: false, at });
        });
        Ok(())
    }
}

fn unknown_webhook(id: &str) -> ControlError {
    ControlError::Unknown { kind: "webhook", name: id.to_owned() }
}

fn known_event(name: &str) -> Result<&'static str, ControlError> {
    event_named(name).ok_or_else(|| ControlError::Unknown { kind: "webhook event", name: name.to_owned() })
}
