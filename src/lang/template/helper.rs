//! The helpers a template may call, a closed list: how many arguments, of which kind, and what they do.

use super::ast::Role;
use handlebars::{Context, Handlebars, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

/// How a date is printed when no format is given.
pub(super) const DATE_FORMAT: &str = "%Y-%m-%d %H:%M %Z";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    Default,
    Round,
    Date,
    Join,
    Band,
    Upper,
    Lower,
}

impl Helper {
    pub(super) const ALL: [Self; 7] =
        [Self::Default, Self::Round, Self::Date, Self::Join, Self::Band, Self::Upper, Self::Lower];

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|helper| helper.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Round => "round",
            Self::Date => "date",
            Self::Join => "join",
            Self::Band => "band",
            Self::Upper => "upper",
            Self::Lower => "lower",
        }
    }

    /// How it is written.
    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Default => "{{default VALUE \"text when absent\"}}",
            Self::Round => "{{round NUMBER}} or {{round NUMBER DECIMALS}}",
            Self::Date => "{{date DATE}}, {{date DATE \"Europe/Berlin\"}} or {{date DATE \"Europe/Berlin\" \"%d.%m.%Y\"}}",
            Self::Join => "{{join LIST}} or {{join LIST \" / \"}}",
            Self::Band => "{{band NAME}}",
            Self::Upper => "{{upper TEXT}}",
            Self::Lower => "{{lower TEXT}}",
        }
    }

    /// The least and the most arguments.
    pub(super) const fn arity(self) -> (usize, usize) {
        match self {
            Self::Default => (2, 2),
            Self::Round | Self::Join => (1, 2),
            Self::Date => (1, 3),
            Self::Band | Self::Upper | Self::Lower => (1, 1),
        }
    }

    /// What a name as an argument is read for.
    pub(super) const fn role(self) -> Role {
        match self {
            Self::Default | Self::Upper | Self::Lower => Role::Maybe,
            Self::Round | Self::Date | Self::Join => Role::Raw,
            Self::Band => Role::Band,
        }
    }

    /// The result for prepared arguments; null in, null out, except for `default`.
    fn apply(self, args: &[&Json]) -> Result<Json, String> {
        let text = |at: usize| args.get(at).and_then(|value| value.as_str());
        let first = args.first().copied().unwrap_or(&Json::Null);
        if first.is_null() && self != Self::Default {
            return Ok(Json::Null);
        }
        let result = match self {
            Self::Default if first.is_null() => return Ok(args.get(1).copied().cloned().unwrap_or_default()),
            Self::Default | Self::Band => return Ok(first.clone()),
            Self::Round => {
                let number = first.as_f64().ok_or("`round` needs a number")?;
                let decimals = args.get(1).and_then(|value| value.as_u64()).unwrap_or(0);
                round(number, usize::try_from(decimals.min(6)).unwrap_or(0))
            }
            Self::Date => {
                let at: Timestamp = first.as_str().and_then(|text| text.parse().ok()).ok_or("`date` needs a date")?;
                format_date(at, text(1).unwrap_or("UTC"), text(2).unwrap_or(DATE_FORMAT))?
            }
            Self::Join => {
                let items = first.as_array().ok_or("`join` needs a list")?;
                let items: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
                items.join(text(1).unwrap_or(", "))
            }
            Self::Upper => first.as_str().unwrap_or_default().to_uppercase(),
            Self::Lower => first.as_str().unwrap_or_default().to_lowercase(),
        };
        Ok(Json::String(result))
    }
}

/// A number rounded half away from zero, printed shortest.
fn round(number: f64, decimals: usize) -> String {
    let factor = 10_f64.powi(i32::try_from(decimals).unwrap_or(0));
    let scaled = number * factor;
    // Beyond this a double has no decimals to round.
    let rounded = if scaled.abs() < 9.0e15 { scaled.round() / factor } else { number };
    shortest(&format!("{rounded:.decimals$}"))
}

/// Without a trailing `.0` and without the sign of a zero.
pub(super) fn shortest(number: &str) -> String {
    let short = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// A point in time in a zone (`Europe/Berlin`) and a format (`%d.%m.%Y %H:%M`). The error is for people.
pub(super) fn format_date(at: Timestamp, zone: &str, format: &str) -> Result<String, String> {
    let zone = match zone {
        "UTC" => TimeZone::UTC,
        other => TimeZone::get(other).map_err(|_| format!("there is no time zone `{other}`"))?,
    };
    jiff::fmt::strtime::format(format, &at.to_zoned(zone)).map_err(|error| format!("`{format}` is no date format: {error}"))
}

impl HelperDef for Helper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &handlebars::Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let args: Vec<&Json> = helper.params().iter().map(handlebars::PathAndJson::value).collect();
        let result = self.apply(&args).map_err(RenderErrorReason::Other)?;
        Ok(ScopedJson::Derived(result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_what_people_expect() {
        for (number, decimals, expected) in [
            (66.666_666, 0, "67"),
            (66.5, 0, "67"),
            (67.5, 0, "68"),
            (66.666_666, 1, "66.7"),
            (66.0, 2, "66"),
            (-0.2, 0, "0"),
            (1e17, 0, "100000000000000000"),
            (100.0, 0, "100"),
        ] {
            assert_eq!(round(number, decimals), expected, "{number}");
        }
    }

    #[test]
    fn dates_in_a_zone() {
        let at: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
        assert_eq!(format_date(at, "UTC", DATE_FORMAT).unwrap(), "2026-11-21 09:30 UTC");
        assert_eq!(format_date(at, "Europe/Berlin", "%d.%m.%Y %H:%M").unwrap(), "21.11.2026 10:30");
        assert!(format_date(at, "Europe/Berln", DATE_FORMAT).is_err());
        assert!(format_date(at, "UTC", "%!").is_err());
    }
}
