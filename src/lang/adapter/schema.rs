//! The JSON Schema of `vendor.yaml`, for editors: from the tables that the reader goes by.

use crate::lang::shape::Shape;

/// The keys of `vendor.yaml`.
pub(crate) fn root() -> &'static Shape {
    &super::grammar::ROOT
}

/// The schema.
pub fn vendor_schema() -> schemars::Schema {
    super::grammar::ROOT.schema("vendor.yaml", "How to speak to one assessment vendor: requests, answers, webhooks.")
}
