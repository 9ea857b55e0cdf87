//! The JSON Schema of `vendor.yaml`, for editors.

/// The schema.
pub fn vendor_schema() -> schemars::Schema {
    schemars::Schema::default()
}
