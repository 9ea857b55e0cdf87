//! Actions in words: verbs of the third person, after `leverd`.

use super::text::{filled, path, spaced, ticked};
use super::{Words, entries, joined};
use crate::lang::yaml::{Kind, Node};

impl Words<'_> {
    /// Several actions in one sentence.
    pub(super) fn actions(&self, node: &Node) -> String {
        let all: Vec<String> = node.items_or_self().iter().map(|item| self.action(item)).collect();
        joined(&all, "and")
    }

    /// One action of a list.
    pub(super) fn action(&self, item: &Node) -> String {
        let Some((verb, value)) = entries(item).iter().find(|(key, _)| key.text != "optional") else { return String::new() };
        let words = self.verb(&verb.text, value);
        let optional = item.get("optional").and_then(Node::scalar) == Some("true");
        if optional { format!("{words} (a move below does not wait for it)") } else { words }
    }

    fn verb(&self, verb: &str, value: &Node) -> String {
        // Most verbs take one value, or a map in which it has a name.
        let part = |key: &str| value.get(key);
        let main = |key: &str| part(key).unwrap_or(value);
        let says = |node: &Node| self.value(node);
        let quoted = |node: &Node| format!("“{}”", self.written(node));
        match verb {
            "invite" => self.invite(value),
            "call" => {
                let name = part("operation").and_then(Node::scalar).unwrap_or_default();
                let about = part("for").map(|row| format!(" for {}", says(row))).unwrap_or_default();
                format!("asks {} to do {}{about}", self.vendor, ticked(name))
            }
            "mark" => {
                let word = main("as").scalar().map(spaced).unwrap_or_default();
                format!("counts the test as {word} (without telling {})", self.vendor)
            }
            "ask" => {
                let title = part("title").map(quoted).unwrap_or_default();
                let rows = part("choose").map(|spec| self.each(spec)).unwrap_or_default();
                let time = part("expires").map(|time| self.length(time)).unwrap_or_default();
                let rows = match rows.strip_prefix("each ") {
                    Some(rest) => format!("one {rest}"),
                    None => format!("from {rows}"),
                };
                format!("asks in a note {title}, with a link to choose {rows}; the link works for {time}")
            }
            "set_tag" => {
                let sets = entries(value).iter().map(|(family, text)| {
                    format!("sets the tag {} and takes off any other of “{}”", says(text), spaced(&family.text))
                });
                joined(&sets.collect::<Vec<_>>(), "and")
            }
            "clear_tag" => format!("takes off the tag of “{}”", spaced(value.scalar().unwrap_or_default())),
            "add_tag" => format!("adds the tag {}", says(value)),
            "remove_tag" => format!("takes off the tag {}", says(value)),
            "rename_tag" => {
                let tag = |key: &str| part(key).map(says).unwrap_or_default();
                format!("puts the tag {} in the place of {}", tag("to"), tag("from"))
            }
            "add_note" => {
                let secret = part("secret").and_then(Node::scalar) == Some("true");
                let kind = if secret { "secret note" } else { "note" };
                let again = if part("key").is_some() { ", in the place of the one before" } else { "" };
                format!("writes the {kind} {}{again}", quoted(main("text")))
            }
            "add_link" => format!("adds {} to the candidate’s links, in the place of the one before", says(main("url"))),
            "remove_link" => "takes off the link that it put there".to_owned(),
            "add_file" => {
                let report = part("report").and_then(Node::scalar).map(ticked).unwrap_or_default();
                let name = part("name").map(quoted).unwrap_or_default();
                format!("adds the report {report} of {} as the file {name}, once it is there", self.vendor)
            }
            "fill_form" | "fill_feedback" => {
                let what = if verb == "fill_form" { "form" } else { "feedback form" };
                let template = part("template").map(says).unwrap_or_default();
                let fields: Vec<String> = part("fields")
                    .map(entries)
                    .unwrap_or_default()
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| format!("{}: {}", key.text, says(value)))
                    .collect();
                format!("fills the {what} {template} with {}", fields.join(", "))
            }
            "move_stage" => {
                let from =
                    part("from").map(|list| format!(", if the candidate is in {}", self.choices(list))).unwrap_or_default();
                format!("moves the candidate to {}{from}", says(main("to")))
            }
            "archive" => format!("archives the candidate as {}", says(value)),
            "alert" => format!("tells those who run leverd: {}", quoted(value)),
            other => format!("does {}", ticked(other)),
        }
    }

    fn invite(&self, value: &Node) -> String {
        let part = |key: &str| value.get(key);
        let test = part("test").unwrap_or(value);
        let mut words = match test.scalar().and_then(path) {
            Some(name) => format!("invites the candidate to {}", self.path(name)),
            None => format!("invites the candidate to the test {}", self.value(test)),
        };
        if let Some(to) = part("to") {
            words = format!("{words}, at {}", self.value(to));
        }
        if part("per").and_then(Node::scalar) == Some("contact") {
            words.push_str(", once for the person whatever the number of applications");
        }
        // What is done for several phases is said once.
        let mut again: Vec<(&str, Vec<String>)> = Vec::new();
        for (earlier, does) in part("again").map(entries).unwrap_or_default().iter().filter_map(|(phase, what)| {
            let earlier = match phase.text.as_str() {
                "failed" => "could not be sent",
                "waiting" => "waits for the candidate",
                "started" => "was started",
                "finished" => "is finished",
                _ => "was closed (expired, declined, cancelled …)",
            };
            match what.scalar()? {
                "invite" => Some((earlier, "sends it again")),
                "refresh" => Some((earlier, "has the vendor mail it again")),
                _ => None,
            }
        }) {
            match again.iter_mut().find(|(known, _)| *known == does) {
                Some((_, phases)) => phases.push(earlier.to_owned()),
                None => again.push((does, vec![earlier.to_owned()])),
            }
        }
        let again: Vec<String> =
            again.iter().map(|(does, phases)| format!("{does} if an earlier one {}", joined(phases, "or"))).collect();
        if again.is_empty() {
            words.push_str("; one that was sent before is not sent again");
            return words;
        }
        format!("{words}; {}", joined(&again, "and"))
    }

    /// A text as people will read it, without backticks.
    fn written(&self, node: &Node) -> String {
        match &node.kind {
            Kind::Scalar { text, .. } => match path(text) {
                Some(path) => self.path(path),
                None => filled(text).replace('`', "’"),
            },
            Kind::Seq(_) | Kind::Map(_) | Kind::Faulty => String::new(),
        }
    }
}
