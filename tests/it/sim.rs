//! The simulator keeps to what is known of the real services.

mod census;
mod deliveries;
mod http;
mod lever;
mod vendor;
