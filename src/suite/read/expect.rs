//! What a step expects, and how the world looks after it.

use super::Reader;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::{self, Key, Node};
use crate::model::{AccountCatalogue, Kind, RuleName};
use crate::suite::expect::{After, Because, Expected, Place, WORDS, Wanted};
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
            let place = self.place(key.span.to(value.span));
            return Some(Expected { word: format!("set_tag {}", family.text), value: self.wanted(member)?, place });
        }
        let place = self.place(key.span.to(value.span));
        Some(Expected { word: key.text.clone(), value: self.wanted(value)?, place })
    }

    fn wanted(&mut self, node: &Node) -> Option<Wanted> {
        if node.get("contains").is_some() {
            let (_, text) = node.known_entries("what is expected", &["contains"], self.found)?.first()?;
            return Some(Wanted::Contains(text.as_text(self.found)?.to_owned()));
        }
        Some(Wanted::Is(node.as_text(self.found)?.to_owned()))
    }

    pub(super) fn after(&mut self, node: &Node, catalogue: &AccountCatalogue) -> Vec<(After, Place)> {
        let mut after = Vec::new();
        for (key, value) in AFTER.entries(node, self.found) {
            let place = self.place(key.span.to(value.span));
            match key.text.as_str() {
                "tags" => after.push((After::Tags(self.texts(value)), place)),
                "stage" => {
                    let stage = self.known(value, Kind::Stage, catalogue);
                    after.extend(stage.map(|stage| (After::Stage(stage.to_string()), place)));
                }
                _ => {
                    for (test, phase) in value.entries(self.found).unwrap_or_default() {
                        let place = self.place(test.span.to(phase.span));
                        after.extend(self.phase(phase).map(|phase| (After::Attempt(test.text.clone(), phase), place)));
                    }
                }
            }
        }
        after
    }

    /// Texts that any reason contains, or `RULE: TEXT`, that a reason of the rule contains.
    pub(super) fn because(&mut self, node: &Node) -> Vec<Because> {
        let yaml::Kind::Map(entries) = &node.kind else { return self.reasons(node, None) };
        let mut all = Vec::new();
        for (rule, texts) in entries {
            if !self.pack.rules.iter().any(|known| known.name.as_str() == rule.text) {
                let fault = Diagnostic::error("unknown-rule", rule.span, format!("no rule is called `{}`", rule.text));
                let known = self.pack.rules.iter().map(|rule| rule.name.as_str());
                self.found
                    .push(fault.suggest_near(rule.span, &rule.text, known).or_help("write `RULE: TEXT`, or only the text"));
                continue;
            }
            all.extend(self.reasons(texts, Some(&RuleName::new(&rule.text))));
        }
        all
    }

    fn reasons(&mut self, node: &Node, rule: Option<&RuleName>) -> Vec<Because> {
        let mut all = Vec::new();
        for node in node.items_or_self() {
            let place = self.place(node.span);
            let text = node.as_text(self.found).map(str::to_owned);
            all.extend(text.map(|text| Because { rule: rule.cloned(), text, place }));
        }
        all
    }
}
