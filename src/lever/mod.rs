//! Lever's dialect: its bytes to our words and back.
//!
//! A delivery is opened by [`webhook`] and understood by [`decode`]; what nobody delivered is found by [`changes`]; the API's requests and answers are in [`api`]; [`facts`] turns
//! answers into the vocabulary that rules know; [`effect`] turns what shall be true into requests and answers into outcomes;
//! [`settle`] finds out what became of a write whose answer was lost; [`oauth`] is the login, [`permission`] what each call
//! needs, [`register`] which webhooks there shall be.
//!
//! Everything here is pure: time comes in as an argument, nothing is sent. It leans on `model` alone. It knows nothing of rules,
//! of the store, or of how a request travels. What it believes about Lever is `lever-api`, labelled there by evidence.

pub mod api;
pub mod changes;
pub mod decode;
pub mod effect;
pub mod facts;
pub mod oauth;
pub mod permission;
pub mod register;
pub mod settle;
pub mod tags;
pub mod webhook;
