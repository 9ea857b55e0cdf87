//! Verbs of which the plain evaluator has no opinion: only that they do not fail.

use super::{Author, Sight};
use crate::promise::happens::{FEEDBACK, FORM, TESTS, USERS};
use crate::promise::written::{Piece, Right, Takes, Verb};
use leverd::model::{Kind, Type, Value};

impl Author<'_> {
    /// Invitations, files, forms and marks: what the ledger, the vendor and Lever make of them is not the language's.
    pub(super) fn unjudged(&mut self, sight: &Sight) -> Verb {
        let about = sight.about_attempt || self.slips();
        match self.dice.below(6) {
            0 if about => {
                let mark = *self.dice.pick(&["opted_out", "expired", "cancelled"]);
                Verb::Unjudged("mark", vec![("", Takes::Word(mark))])
            }
            1 if about => {
                let name = Takes::Text(self.text(sight, 1));
                Verb::Unjudged("add_file", vec![("report", Takes::Word("pdf")), ("name", name), ("key", Takes::Word("report"))])
            }
            2 => self.form(sight),
            3 => self.feedback(sight),
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

    fn form(&mut self, sight: &Sight) -> Verb {
        let fields = self.fields(sight, &FORM, true);
        let mut keys = vec![("template", self.template(sight, Kind::FormTemplate)), ("fields", Takes::Map(fields))];
        if self.chance(800) {
            keys.push(("key", Takes::Word("result")));
        }
        Verb::Unjudged("fill_form", keys)
    }

    fn feedback(&mut self, sight: &Sight) -> Verb {
        let fields = self.fields(sight, &FEEDBACK, false);
        let mut keys = vec![("template", self.template(sight, Kind::FeedbackTemplate)), ("fields", Takes::Map(fields))];
        if self.chance(500) {
            let user = self.name(&sight.names, |field| !field.optional && field.ty == Type::Named(Kind::User));
            let user = user.map_or_else(|| Takes::Word(USERS[0]), |(name, _)| Takes::Right(Right::Path(name)));
            keys.push(("as", user));
        }
        if self.chance(500) {
            keys.push(("key", Takes::Text(self.text(sight, 0))));
        }
        Verb::Unjudged("fill_feedback", keys)
    }

    /// The template by its name, or by a setting that holds it.
    fn template(&mut self, sight: &Sight, kind: Kind) -> Takes {
        let set = self.name(&sight.names, |field| !field.optional && field.ty == Type::Named(kind));
        match set.filter(|_| self.chance(500)) {
            Some((name, _)) => Takes::Right(Right::Path(name)),
            None => Takes::Word(if kind == Kind::FormTemplate { "Result" } else { "Opinion" }),
        }
    }

    /// A value for each field that wants one; a bold author forgets one now and then.
    fn fields(
        &mut self,
        sight: &Sight,
        fields: &[(&'static str, &'static str, bool)],
        all: bool,
    ) -> Vec<(&'static str, Takes)> {
        let mut given = Vec::new();
        for (name, ty, required) in fields {
            if self.slips() || (!all && !required && self.chance(400)) {
                continue;
            }
            given.push((*name, if !required && self.chance(200) { Takes::Nothing } else { self.value_of(sight, ty) }));
        }
        given
    }

    /// What a field of this type takes.
    fn value_of(&mut self, sight: &Sight, ty: &str) -> Takes {
        let path = match ty {
            "yes-no" => self.name(&sight.names, |field| !field.optional && field.ty == Type::Bool),
            "date" => self.name(&sight.names, |field| !field.optional && field.ty == Type::Date),
            "currency" => self.name(&sight.names, |field| !field.optional && matches!(field.ty, Type::Int | Type::Number)),
            "dropdown" => self.name(&sight.names, |field| {
                !field.optional && matches!(&field.ty, Type::OneOf(options) if *options == ["low", "mid", "high"])
            }),
            "textarea" => {
                self.name(&sight.names, |field| !field.optional && field.ty.prints()).filter(|_| self.dice.permille(400))
            }
            _ => None,
        };
        if let Some((name, _)) = path {
            return Takes::Right(Right::Path(name));
        }
        match ty {
            "textarea" => Takes::Text(self.text(sight, 2)),
            "yes-no" => Takes::Word("yes"),
            "date" => Takes::Word("2026-11-21T08:00:00Z"),
            "currency" => Takes::Right(Right::Lit(Value::Number(12.5))),
            "score" => Takes::Right(Right::Lit(Value::Int(i64::try_from(self.dice.between(1, 4)).unwrap()))),
            "multiple-select" => Takes::Right(Right::Lit(Value::texts(["low", "high"]))),
            "score-system" => Takes::Word("4 - Strong Hire"),
            _ => Takes::Word("low"),
        }
    }
}
