//! A stand-in that keeps a `Book`: what is the same for all of them.

use std::fmt;

use serde_json::Value;

use super::book::Book;
use super::{AssessmentState, Deed, Mail, StandIn};
use crate::sim::control::ControlError;
use crate::sim::delivery::Parcel;
use crate::sim::faults::Faults;
use crate::sim::wire::{Ask, Reply};

/// What one vendor adds to its book: endpoints, ids, events, oddities.
pub(crate) trait Desk: fmt::Debug + Send {
    /// The deeds that the vendor knows, as `Deed::name` names them.
    fn deeds(&self) -> &'static [&'static str];

    fn book(&self) -> &Book;
    fn book_mut(&mut self) -> &mut Book;
    /// An id for a new test, of the kind that the vendor uses.
    fn test_id(&mut self) -> String;
    fn answer(&mut self, ask: &Ask) -> Reply;
    /// A deed was done to the take at this place: what the vendor tells about it is kept for `parcels`.
    fn done(&mut self, at: usize, deed: &Deed);
    /// The webhooks not yet sent.
    fn parcels(&mut self) -> Vec<Parcel>;

    /// Has the vendor's webhooks sent to an address, as its settings page does; gives the id.
    fn subscribe(&mut self, _url: &str, _events: &[String]) -> Result<String, ControlError> {
        let name = self.book().vendor;
        Err(ControlError::Wrong(format!("{name} has no webhook subscriptions: an invitation says where its events go")))
    }

    /// The records, for the world document.
    fn shown(&self) -> Value {
        self.book().shown()
    }

    /// Beside what every vendor does when time passes: invitations expire.
    fn time_passed(&mut self) {}

    /// The switches of this vendor as an object.
    fn switches(&self) -> Value {
        Value::Object(serde_json::Map::new())
    }

    /// Replaces the switches.
    fn set_switches(&mut self, _all: &Value) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

impl<D: Desk> StandIn for D {
    fn answer(&mut self, ask: &Ask) -> Reply {
        Desk::answer(self, ask)
    }

    fn publish(&mut self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        let id = self.test_id();
        self.book_mut().add_test(id, title, state, passing_score)
    }

    fn set_state(&mut self, test: &str, state: AssessmentState) -> Result<(), ControlError> {
        let at = self.book().test_named(test)?;
        if let Some(test) = self.book_mut().tests.get_mut(at) {
            test.state = state;
        }
        Ok(())
    }

    fn act(&mut self, email: &str, test: &str, deed: &Deed) -> Result<(), ControlError> {
        if !self.deeds().contains(&deed.name()) {
            let (name, known) = (self.book().vendor, self.deeds().join(", "));
            return Err(ControlError::Wrong(format!("{name} knows no `{}`; it knows {known}", deed.name())));
        }
        let at = self.book_mut().act(email, test, deed)?;
        self.done(at, deed);
        Ok(())
    }

    fn parcels(&mut self, _faults: &Faults) -> Vec<Parcel> {
        Desk::parcels(self)
    }

    fn subscribe(&mut self, url: &str, events: &[String]) -> Result<String, ControlError> {
        Desk::subscribe(self, url, events)
    }

    fn refuse_email(&mut self, email: &str) {
        self.book_mut().refused_emails.insert(email.to_lowercase());
    }

    fn mails(&self) -> &[Mail] {
        &self.book().mails
    }

    fn shown(&self) -> Value {
        Desk::shown(self)
    }

    fn time_passed(&mut self) {
        for at in self.book().overdue() {
            if self.book_mut().carry_out(at, &Deed::Expire).is_ok() {
                self.done(at, &Deed::Expire);
            }
        }
        Desk::time_passed(self);
    }

    fn switch(&mut self, changes: &Value) -> Result<(), ControlError> {
        let mut all = self.switches();
        let (Some(fields), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
            return Err(ControlError::Wrong("switches must be an object".to_owned()));
        };
        if let Some(unknown) = changes.keys().find(|name| !fields.contains_key(*name)) {
            let (vendor, known) = (self.book().vendor, fields.keys().cloned().collect::<Vec<_>>().join(", "));
            let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
            return Err(ControlError::Wrong(format!("{vendor} has no switch `{unknown}`; {known}")));
        }
        fields.extend(changes.clone());
        self.set_switches(&all).map_err(|error| ControlError::Wrong(format!("switches: {error}")))
    }
}
