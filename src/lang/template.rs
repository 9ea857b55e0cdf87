//! Templates (being merged).
/// A checked template.
#[derive(Debug)]
pub struct Template;
