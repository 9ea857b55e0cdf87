//! `events`: the typed border.
