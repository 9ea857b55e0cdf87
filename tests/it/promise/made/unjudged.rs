//! Verbs of which the plain evaluator has no opinion: only that they do not fail.

use super::{Author, Sight};
use crate::promise::happens::TESTS;
use crate::promise::written::{Piece, Right, Takes, Verb};
use leverd::model::{Type, Value};

impl Author<'_> {
    /// Invitations, files, forms and marks: what the ledger, the vendor and Lever make of them is not the language's.
    pub(super) fn unjudged(&mut self, sight: &Sight) -> Verb {
        let about = sight.about_attempt || self.slips();
        match self.dice.below(5) {
            0 if about => {
                let mark = *self.dice.pick(&["opted_out", "expired", "cancelled"]);
                Verb::Unjudged("mark", vec![("", Takes::Word(mark))])
            }
            1 if about => {
                let name = Takes::Text(self.text(sight, 1));
                Verb::Unjudged("add_file", vec![("report", Takes::Word("pdf")), ("name", name), ("key", Takes::Word("report"))])
            }
            2 => {
                let number = self.name(&sight.names, |field| !field.optional && matches!(field.ty, Type::Int | Type::Number));
                let score =
                    number.map_or_else(|| Takes::Text(self.text(sight, 1)), |(name, _)| Takes::Right(Right::Path(name)));
                let fields = vec![("Score", score), ("Words", Takes::Text(self.text(sight, 2)))];
                let keys =
                    vec![("template", Takes::Word("Result")), ("key", Takes::Word("result")), ("fields", Takes::Map(fields))];
                Verb::Unjudged("fill_form", keys)
            }
            _ => {
                let test = self.name(&sight.names, |field| !field.optional && field.ty == Type::ASSESSMENT);
                let test = match test.filter(|_| self.chance(600)) {
                    Some((name, _)) => Right::Path(name),
                    None => Right::Lit(Value::text(*self.dice.pick(&TESTS))),
                };
                let mut keys = vec![("test", Takes::Right(test))];
                if self.chance(300) {
                    keys.push(("key", Takes::Word("second")));
                }
                if self.chance(300) {
                    let to = self.name(&sight.names, |field| !field.optional && field.ty == Type::Text);
                    keys.extend(to.map(|(name, _)| ("to", Takes::Text(vec![Piece::Print(name)]))));
                }
                if self.chance(500) {
                    let again = *self.dice.pick(&["waiting", "failed", "closed", "finished"]);
                    let choice = *self.dice.pick(&["invite", "refresh", "skip"]);
                    keys.push(("again", Takes::Map(vec![(again, Takes::Word(choice))])));
                }
                if self.chance(300) {
                    keys.push(("with", Takes::Map(vec![("note", Takes::Text(self.text(sight, 1)))])));
                }
                Verb::Unjudged("invite", keys)
            }
        }
    }
}
