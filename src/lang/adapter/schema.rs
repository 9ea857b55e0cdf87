//! The JSON Schema of `vendor.yaml`, for editors: from the tables that the reader goes by.

/// The schema.
pub fn vendor_schema() -> schemars::Schema {
    super::grammar::ROOT.schema("vendor.yaml", "How to speak to one assessment vendor: requests, answers, webhooks.")
}
