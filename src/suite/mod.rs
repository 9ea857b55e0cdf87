//! PROVE (being joined).
