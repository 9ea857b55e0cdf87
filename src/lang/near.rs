//! "Did you mean": which known names are near to a written one. Only near names: a far-fetched guess is worse
//! than none.

/// At most this many candidates are offered.
const MOST: usize = 3;

/// The known names near to `written`, nearest first, at most three. Case, `-`/`_`/blank and swapped letters count
/// little; a dotted path may also be near by its last segment alone.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    // INVARIANT: cost stays linear in the number of names; a very long word is near to nothing.
    if written.is_empty() || written.len() > 200 {
        return Vec::new();
    }
    let plain = simplify(written);
    let mut found: Vec<(usize, usize, &str)> = known
        .into_iter()
        .enumerate()
        .filter(|(_, name)| name.len() <= 200 && *name != written)
        .filter_map(|(order, name)| Some((distance(&plain, &simplify(name))?, order, name)))
        .collect();
    found.sort_unstable();
    found.dedup_by_key(|(_, _, name)| *name);
    let best = found.first().map_or(0, |(distance, ..)| *distance);
    found
        .into_iter()
        // A clear winner stands alone: names much farther away only add noise.
        .filter(|(distance, ..)| *distance <= best + 1 && (best > 0 || *distance == 0))
        .take(MOST)
        .map(|(_, _, name)| name.to_owned())
        .collect()
}

fn simplify(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

/// Edit distance if small enough for the length of the words, else nothing.
fn distance(written: &str, name: &str) -> Option<usize> {
    let allowed = match written.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        6..=12 => 3,
        _ => 4,
    };
    let whole = strsim::osa_distance(written, name);
    // Short words: two letters of three replaced is another word.
    if whole <= allowed && whole * 2 <= name.chars().count().max(written.chars().count()) {
        return Some(whole);
    }
    // `stageChange` for `candidateStageChange`: the end of a name.
    if written.len() >= 5 && name.len() > written.len() && name.ends_with(written) && !written.contains('.') {
        return Some(allowed);
    }
    // `to_stage` for `event.to_stage`, `email` for `candidate.email`: a name without its prefix.
    let last = name.rsplit('.').next().unwrap_or(name);
    let written_last = written.rsplit('.').next().unwrap_or(written);
    (name.contains('.') && last == written_last && last.len() > 2).then_some(allowed)
}

#[cfg(test)]
mod tests {
    use super::near;

    const KEYS: [&str; 6] = ["name", "trigger", "when", "for_each", "find", "settings"];

    #[test]
    fn a_typo_finds_its_name() {
        assert_eq!(near("triger", KEYS), ["trigger"]);
        assert_eq!(near("for-each", KEYS), ["for_each"]);
        assert_eq!(near("nmae", KEYS), ["name"]);
        assert_eq!(near("Settings", KEYS), ["settings"]);
    }

    #[test]
    fn nothing_far_fetched() {
        assert!(near("colour", KEYS).is_empty());
        assert!(near("x", KEYS).is_empty());
        assert!(near(&"a".repeat(5000), KEYS).is_empty());
    }

    #[test]
    fn at_most_three_and_paths_by_their_last_part() {
        assert_eq!(near("ab1", ["ab2", "ab3", "ab4", "ab5"]).len(), 3);
        assert_eq!(near("assessment.tilte", ["assessment.title", "assessment.test"]), ["assessment.title"]);
        assert_eq!(near("email", ["candidate.email", "candidate.name"]), ["candidate.email"]);
    }
}
