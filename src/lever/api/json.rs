//! Reading Lever's JSON without believing too much of it.

use jiff::Timestamp;
use serde_json::Value as Json;

/// What is inside the envelope: `data` is taken off once or twice, a bare answer is taken as it is (`lever-api §3`).
pub(crate) fn bare(mut json: Json) -> Json {
    for _ in 0..2 {
        match json {
            Json::Object(mut object) if object.contains_key("data") && !object.contains_key("id") => {
                json = object.remove("data").unwrap_or(Json::Null);
            }
            other => return other,
        }
    }
    json
}

/// A text that says something: empty and blank texts are absent, numbers are taken as written.
pub(crate) fn text(json: &Json, key: &str) -> Option<String> {
    match json.get(key)? {
        Json::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The texts of a list that say something.
pub(crate) fn texts(json: &Json, key: &str) -> Vec<String> {
    list(json, key).iter().filter_map(Json::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned).collect()
}

/// The items of a list; anything else has none.
pub(crate) fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// A point in time under a key.
pub(crate) fn when(json: &Json, key: &str) -> Option<Timestamp> {
    json.get(key).and_then(time)
}

/// Milliseconds since the epoch, as a number or as a numeric string (`lever-api §2.4`).
pub fn time(json: &Json) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds(json)?).ok()
}

/// The whole number of milliseconds that `json` holds.
pub(crate) fn milliseconds(json: &Json) -> Option<i64> {
    match json {
        #[expect(clippy::cast_possible_truncation, reason = "the fraction is zero and the range is checked")]
        Json::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|float| float as i64)),
        Json::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_envelope_comes_off_once_twice_or_never() {
        for wrapped in [json!({"id": "1"}), json!({"data": {"id": "1"}}), json!({"data": {"data": {"id": "1"}}})] {
            assert_eq!(bare(wrapped), json!({"id": "1"}));
        }
        assert_eq!(bare(json!({"id": "1", "data": {}})), json!({"id": "1", "data": {}}));
    }

    #[test]
    fn times_are_numbers_or_numeric_texts() {
        let at = Timestamp::from_millisecond(1_431_454_330_072).ok();
        for json in [json!(1_431_454_330_072_i64), json!("1431454330072"), json!(1_431_454_330_072.0)] {
            assert_eq!(time(&json), at);
        }
        assert_eq!((time(&json!(null)), time(&json!("soon")), time(&json!(1.5))), (None, None, None));
    }
}
