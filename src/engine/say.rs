//! Steps as sentences for people: the same words in `why`, `dry-run`, `demo` and the console.

use crate::model::{Said, Step, Value};
use std::fmt;

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fired { effects: 0 } => f.write_str("fired; nothing was left to do"),
            Self::Fired { effects: 1 } => f.write_str("fired: 1 effect"),
            Self::Fired { effects } => write!(f, "fired: {effects} effects"),
            Self::False { field, wanted, saw: Some(saw) } => write!(f, "`{field}` is `{saw}`; the rule wants {wanted}"),
            Self::False { field, wanted, saw: None } => write!(f, "`{field}` is absent; the rule wants {wanted}"),
            Self::NoRows { wanted, candidates, nearest } => {
                write!(f, "found no {}", wanted.trim_start_matches("a ").trim_start_matches("an "))?;
                if let Some(nearest) = nearest {
                    write!(f, "; the nearest is `{nearest}`")?;
                }
                if candidates.is_empty() {
                    f.write_str("; there was nothing to choose from")
                } else {
                    let shown: Vec<_> = candidates.iter().map(|candidate| format!("`{candidate}`")).collect();
                    write!(f, "; there were {}", shown.join(", "))
                }
            }
            Self::Conflict { slot, winner } => write!(f, "left out: {slot} is set by `{winner}` already, and the first wins"),
            Self::Merged { with } => write!(f, "the same is done by `{with}` already"),
            Self::Skipped { reason } => f.write_str(reason),
            Self::Later { due } => write!(f, "will look again at {}", Value::date(*due)),
            Self::Noted { what } => f.write_str(what),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = &self.rule {
            write!(f, "{rule}: ")?;
        }
        self.said.fmt(f)?;
        if !self.route.is_empty() && !matches!(self.said, Said::Fired { .. }) {
            write!(f, " ({})", self.route)?;
        }
        Ok(())
    }
}
