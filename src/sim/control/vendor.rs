//! What happens at the assessment vendors: tests are published, candidates work, reviewers decide.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Control, ControlError};
use crate::sim::vendors::{AssessmentState, Deed, Mail, StandIn, VENDORS};

/// A deed as a command: at which vendor, whose take of which test, and what.
/// `{"vendor": "imocha", "email": "ada@example.com", "test": "Java", "act": "submit", "score": 80}`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
pub struct AtVendor {
    #[serde(default = "first_vendor")]
    pub vendor: String,
    pub email: String,
    /// Id or title.
    pub test: String,
    #[serde(flatten)]
    pub deed: Deed,
}

/// The vendor that commands mean which name none.
pub(super) fn first_vendor() -> String {
    VENDORS.first().map(|it| it.name.to_owned()).unwrap_or_default()
}

/// The control handle of one vendor. A name that no vendor has is told by each of its methods.
#[derive(Debug, Clone)]
pub struct VendorControl {
    control: Control,
    name: String,
}

/// A method for each deed that is a name only.
macro_rules! deeds {
    ($($method:ident: $deed:ident),* $(,)?) => {
        $(pub fn $method(&self, email: &str, test: &str) -> Result<(), ControlError> {
            self.act(email, test, &Deed::$deed)
        })*
    };
}

impl VendorControl {
    deeds! {
        open: Open, start: Start, complete: Complete, expire: Expire, cancel: Cancel, decline: Decline,
        approve: Approve, reject: Reject, qualify: Qualify,
    }

    /// The candidate hands in and is scored, from 0 to 100.
    pub fn submit(&self, email: &str, test: &str, score: f64) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Submit { score })
    }

    /// The score of a take that was handed in by `complete`.
    pub fn grade(&self, email: &str, test: &str, score: f64) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Grade { score })
    }

    pub fn correct(&self, email: &str, test: &str, score: f64) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Correct { score })
    }

    pub fn terminate(&self, email: &str, test: &str, reason: &str) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Terminate { reason: reason.to_owned() })
    }

    pub fn unqualify(&self, email: &str, test: &str, reason: &str) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Unqualify { reason: reason.to_owned() })
    }

    pub fn review(&self, email: &str, test: &str, text: &str) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Review { text: text.to_owned() })
    }

    pub fn flag(&self, email: &str, test: &str, reason: &str) -> Result<(), ControlError> {
        self.act(email, test, &Deed::Flag { reason: reason.to_owned() })
    }

    /// Does a deed to the candidate's latest take of a test; `test` is a title or id. Refused when the vendor knows no
    /// such deed, or the take is past it.
    pub fn act(&self, email: &str, test: &str, deed: &Deed) -> Result<(), ControlError> {
        self.on(|vendor| vendor.act(email, test, deed))
    }

    /// Adds a test that can be sent; gives its id.
    pub fn publish(&self, title: &str) -> Result<String, ControlError> {
        self.create(title, AssessmentState::Published, None)
    }

    /// Adds a test; gives its id. With `passing_score` results say whether they passed, where the vendor has such.
    pub fn create(&self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> Result<String, ControlError> {
        self.on(|vendor| Ok(vendor.publish(title, state, passing_score)))
    }

    pub fn set_state(&self, test: &str, state: AssessmentState) -> Result<(), ControlError> {
        self.on(|vendor| vendor.set_state(test, state))
    }

    /// Has webhooks sent to an address, as the vendor's settings page does; an empty list means all events. Gives the id.
    pub fn subscribe(&self, url: &str, events: &[String]) -> Result<String, ControlError> {
        self.on(|vendor| vendor.subscribe(url, events))
    }

    /// From now on the vendor refuses this address for good.
    pub fn refuse_email(&self, email: &str) -> Result<(), ControlError> {
        self.on(|vendor| {
            vendor.refuse_email(email);
            Ok(())
        })
    }

    /// Changes switches of this vendor: what is not known about it. Those not named stay.
    pub fn switch(&self, changes: &Value) -> Result<(), ControlError> {
        self.on(|vendor| vendor.switch(changes))
    }

    /// Every mail that this vendor sent, oldest first.
    pub fn mails(&self) -> Result<Vec<Mail>, ControlError> {
        Ok(self.control.shared.state().vendors.get(&self.name)?.mails().to_vec())
    }

    fn on<T>(&self, change: impl FnOnce(&mut dyn StandIn) -> Result<T, ControlError>) -> Result<T, ControlError> {
        self.control.act(|state| change(&mut **state.vendors.get_mut(&self.name)?))
    }
}

impl Control {
    /// The handle of one vendor, by its name: `imocha`.
    pub fn vendor(&self, name: &str) -> VendorControl {
        VendorControl { control: self.clone(), name: name.to_owned() }
    }

    fn first(&self) -> VendorControl {
        self.vendor(&first_vendor())
    }
}

/// The first vendor without its name.
impl Control {
    pub fn create_assessment(&self, title: &str, state: AssessmentState, passing_score: Option<f64>) -> String {
        self.first().create(title, state, passing_score).unwrap_or_default()
    }

    pub fn set_assessment_state(&self, assessment: &str, state: AssessmentState) -> Result<(), ControlError> {
        self.first().set_state(assessment, state)
    }

    pub fn open_assessment(&self, email: &str, assessment: &str) -> Result<(), ControlError> {
        self.first().open(email, assessment)
    }

    pub fn start_assessment(&self, email: &str, assessment: &str) -> Result<(), ControlError> {
        self.first().start(email, assessment)
    }

    pub fn submit_assessment(&self, email: &str, assessment: &str, score: f64) -> Result<(), ControlError> {
        self.first().submit(email, assessment, score)
    }

    pub fn terminate_assessment(&self, email: &str, assessment: &str, reason: &str) -> Result<(), ControlError> {
        self.first().terminate(email, assessment, reason)
    }

    /// The vendor's decision on a candidate names no test.
    pub fn approve_candidate(&self, email: &str) -> Result<(), ControlError> {
        self.first().approve(email, "")
    }

    pub fn reject_candidate(&self, email: &str) -> Result<(), ControlError> {
        self.first().reject(email, "")
    }

    pub fn subscribe(&self, url: &str, events: &[String]) -> String {
        self.first().subscribe(url, events).unwrap_or_default()
    }

    pub fn refuse_email(&self, email: &str) {
        // The first vendor is there.
        let _ = self.first().refuse_email(email);
    }
}
