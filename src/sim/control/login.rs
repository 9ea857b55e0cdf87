//! OAuth: which apps there are, and what a Super Admin says to them.

use url::Url;

use super::{Control, ControlError};
use crate::sim::auth::{self, NewApp};

impl Control {
    /// Registers an app, or replaces the one with its `client_id`.
    pub fn register_app(&self, app: NewApp) -> Result<(), ControlError> {
        self.shared.state().auth.register(app).map_err(ControlError::Wrong)
    }

    /// Lets an app have people sent back to one more address.
    pub fn add_callback(&self, client_id: &str, callback: &str) -> Result<(), ControlError> {
        if self.shared.state().auth.add_callback(client_id, callback) {
            return Ok(());
        }
        Err(ControlError::Unknown { kind: "app", name: client_id.to_owned() })
    }

    /// A Super Admin opens the consent page and accepts or declines. Gives where the browser is sent then: the app's
    /// callback, with `code` or `error`, and `state`.
    pub fn consent(&self, authorize_url: &str, accept: bool) -> Result<String, ControlError> {
        let url = Url::parse(authorize_url).map_err(|error| ControlError::Wrong(format!("no address: {error}")))?;
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let reply = auth::decide(&mut self.shared.state().auth, &query, accept);
        let location = reply.headers.into_iter().find(|(name, _)| *name == "location").map(|(_, value)| value);
        location.ok_or_else(|| ControlError::Wrong("the login shows a page that says what is wrong; GET tells it".to_owned()))
    }

    /// A Super Admin takes back every consent: all access tokens and refresh tokens end at once.
    pub fn revoke_access(&self) {
        let mut state = self.shared.state();
        let state = &mut *state;
        state.auth.revoke_all(&mut state.lever.access);
    }
}
