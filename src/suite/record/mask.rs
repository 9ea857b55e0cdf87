//! Nobody is told of in a recorded test: names, addresses, numbers, places and links become those of an Ada Example, the same one for
//! the same everywhere.

use super::Happened;
use crate::model::{Act, Value};
use crate::suite::expect::Done;

/// What stands for what, the longest first.
#[derive(Debug, Default)]
pub(super) struct Mask(Vec<(String, String)>);

/// Facts of a candidate, and who they are of in a test. The first five are what every test begins with.
const STAND_INS: [(&str, &str); 8] = [
    ("candidate.name", "Ada Example"),
    ("candidate.email", "ada@example.com"),
    ("candidate.first_name", "Ada"),
    ("candidate.last_name", "Example"),
    ("candidate.phone", "+1 555 0100"),
    ("candidate.location", "Somewhere"),
    ("candidate.headline", "Engineer"),
    ("opportunity.url", "https://hire.lever.co/candidates/opportunity"),
];

impl Mask {
    /// Everything personal that a run knows.
    pub(super) fn of(happened: &Happened<'_>) -> Self {
        let mut mask = Self::default();
        for (name, stand_in) in STAND_INS {
            mask.add(happened.facts.values.get(name), stand_in);
            // An invitation says whom it is for.
            for effect in &happened.effects {
                if let Act::Invite(invite) = &effect.act {
                    mask.add(invite.inputs.get(name), stand_in);
                }
            }
        }
        for (n, email) in happened.facts.values.get("candidate.emails").map(Value::items).unwrap_or_default().iter().enumerate()
        {
            mask.add(Some(email), if n == 0 { "ada@example.com" } else { "ada.second@example.com" });
        }
        if let Some(id) = &happened.event.opportunity {
            mask.put(id.as_str(), "opportunity");
        }
        mask.add(happened.facts.values.get("opportunity.contact"), "contact");
        for (n, user) in happened.catalogue.users.iter().enumerate() {
            mask.put(&user.name, &format!("User {}", n + 1));
        }
        mask.0.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        mask
    }

    fn add(&mut self, value: Option<&Value>, stand_in: &str) {
        if let Some(text) = value.and_then(Value::as_text) {
            self.put(text, stand_in);
        }
    }

    fn put(&mut self, from: &str, to: &str) {
        let from = from.trim();
        if from.chars().count() > 1 && !self.0.iter().any(|(known, _)| known == from) {
            self.0.push((from.to_owned(), to.to_owned()));
        }
    }

    /// What a fact of the candidate is in a test.
    #[expect(clippy::unused_self, reason = "one place to ask")]
    pub(super) fn fact(&self, name: &str) -> Option<&'static str> {
        STAND_INS.iter().find(|(known, _)| *known == name).map(|(_, stand_in)| *stand_in)
    }

    /// A text in which nobody is told of: whatever is known to be personal, and whatever looks like an address.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (from, to) in &self.0 {
            out = replaced(&out, from, to);
        }
        let words: Vec<String> = out
            .split(' ')
            .map(|word| {
                let (at, known) = (word.contains('@'), word.contains("@example.com") || word.starts_with('@'));
                if at && !known && word.contains('.') {
                    "somebody@example.com".to_owned()
                } else if let Some(start) = word.find("https://").or_else(|| word.find("http://"))
                    && !word.contains("https://hire.lever.co/candidates/opportunity")
                {
                    format!("{}https://example.com/link", &word[..start])
                } else {
                    word.to_owned()
                }
            })
            .collect();
        words.join(" ")
    }

    /// What was done, with nobody in it.
    pub(super) fn done(&self, done: Done) -> Done {
        Done { value: self.text(&done.value), ..done }
    }
}

/// Replaces whole words only: `Li` in `List` is nobody.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let mut before = None;
    while let Some(at) = rest.find(from) {
        let (head, tail) = (&rest[..at], &rest[at + from.len()..]);
        let left = head.chars().next_back().or(before);
        let alone = left.is_none_or(|c: char| !c.is_alphanumeric()) && tail.chars().next().is_none_or(|c| !c.is_alphanumeric());
        out.push_str(head);
        out.push_str(if alone { to } else { from });
        before = from.chars().next_back();
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_replaced_and_addresses_that_nobody_knew_of() {
        let mut mask = Mask::default();
        mask.put("Li", "Ada");
        mask.put("Li Wei", "Ada Example");
        mask.0.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        assert_eq!(mask.text("Li Wei, List, Li: Li"), "Ada Example, List, Ada: Ada");
        assert_eq!(mask.text("write to li@corp.cn or @here"), "write to somebody@example.com or @here");
        assert_eq!(mask.text("see https://vendor.example/r/123?t=x now"), "see https://example.com/link now");
    }
}
