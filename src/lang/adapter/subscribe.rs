//! How our webhook comes to be known at the vendor, where the vendor lets an API do that.

/// Registration of our webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The operation that lists what is registered; it takes `url`.
    pub list: String,
    /// The operation that registers `callback_url`.
    pub create: String,
}
