//! What a step expects, and how the world looks after it.

use super::Reader;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::{Key, Node};
use crate::model::{AccountCatalogue, Kind};
use crate::suite::expect::{After, Expected, WORDS, Wanted};
use crate::suite::grammar::AFTER;

impl Reader<'_> {
    pub(super) fn expect(&mut self, node: &Node) -> Vec<Expected> {
        if node.scalar() == Some("nothing") {
            return Vec::new();
        }
        let mut expected = Vec::new();
        let help = "write `nothing`, or a list such as `[ { invite: TITLE }, { set_tag: { FAMILY: TEXT } } ]`";
        let Some(items) = node.items(self.found) else { return expected };
        for item in items {
            let Some(entries) = item.known_entries("`expect`", &WORDS, self.found) else { continue };
            if entries.is_empty() {
                self.found.extend(item.wrong_type("what leverd shall do", help));
            }
            for (key, value) in entries.iter().filter(|(key, _)| WORDS.contains(&key.text.as_str())) {
                expected.extend(self.wish(key, value));
            }
        }
        expected
    }

    fn wish(&mut self, key: &Key, value: &Node) -> Option<Expected> {
        if key.text == "set_tag" {
            let (family, member) = value.entries(self.found)?.first()?;
            if !self.pack.families.contains_key(&family.text) {
                let fault =
                    Diagnostic::error("unknown-family", family.span, format!("no tag family is called `{}`", family.text));
                let families: Vec<String> = self.pack.families.keys().map(|name| format!("`{name}`")).collect();
                let help = match families.as_slice() {
                    [] => "the pack declares no `tags`".to_owned(),
                    all => format!("families are {}", all.join(", ")),
                };
                let known = self.pack.families.keys().map(String::as_str);
                self.found.push(fault.suggest_near(family.span, &family.text, known).or_help(help));
            }
            return Some(Expected { word: format!("set_tag {}", family.text), value: self.wanted(member)? });
        }
        Some(Expected { word: key.text.clone(), value: self.wanted(value)? })
    }

    fn wanted(&mut self, node: &Node) -> Option<Wanted> {
        if node.get("contains").is_some() {
            let (_, text) = node.known_entries("what is expected", &["contains"], self.found)?.first()?;
            return Some(Wanted::Contains(text.as_text(self.found)?.to_owned()));
        }
        Some(Wanted::Is(node.as_text(self.found)?.to_owned()))
    }

    pub(super) fn after(&mut self, node: &Node, catalogue: &AccountCatalogue) -> Vec<After> {
        let mut after = Vec::new();
        for (key, value) in AFTER.entries(node, self.found) {
            match key.text.as_str() {
                "tags" => after.push(After::Tags(self.texts(value))),
                "stage" => after.extend(self.known(value, Kind::Stage, catalogue).map(|stage| After::Stage(stage.to_string()))),
                _ => {
                    for (test, phase) in value.entries(self.found).unwrap_or_default() {
                        after.extend(self.phase(phase).map(|phase| After::Attempt(test.text.clone(), phase)));
                    }
                }
            }
        }
        after
    }
}
