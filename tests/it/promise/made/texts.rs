//! Texts with `{{…}}`.

use super::{Author, Sight};
use crate::promise::written::{Piece, Text};
use leverd::model::{Field, Type};

impl Author<'_> {
    pub(super) fn text(&mut self, sight: &Sight, depth: u32) -> Text {
        let mut text = vec![Piece::Lit(self.lit())];
        for _ in 0..self.dice.below(4) {
            text.extend(self.piece(sight, depth));
        }
        text
    }

    fn piece(&mut self, sight: &Sight, depth: u32) -> Option<Piece> {
        let names = &sight.names;
        if !sight.believed.is_empty() && self.chance(250) {
            return Some(Piece::Print(self.dice.pick(&sight.believed).clone()));
        }
        Some(match self.dice.below(if depth == 0 { 9 } else { 13 }) {
            0 | 1 => Piece::Print(self.name(names, |field| !field.optional && field.ty.prints())?.0),
            2 => {
                let lit = self.lit();
                Piece::Default(self.name(names, |field| field.optional && field.ty.prints())?.0, lit)
            }
            3 => {
                let numeric = |field: &Field| !field.optional && matches!(field.ty, Type::Int | Type::Number);
                Piece::Round(self.name(names, numeric)?.0, u8::try_from(self.dice.below(3)).unwrap())
            }
            4 => Piece::Date(self.name(names, |field| !field.optional && field.ty == Type::Date)?.0),
            5 => {
                let list = |field: &Field| !field.optional && matches!(&field.ty, Type::List(item) if item.prints());
                Piece::Join(self.name(names, list)?.0, ", ".to_owned())
            }
            6 => Piece::Upper(self.name(names, |field| !field.optional && field.ty.prints())?.0),
            7 => Piece::Lower(self.name(names, |field| !field.optional && field.ty.prints())?.0),
            8 => {
                let (name, optional) = self.dice.pick(if sight.bands.is_empty() { return None } else { &sight.bands }).clone();
                let guarded = optional && !self.slips();
                Piece::Band(name, guarded.then(|| "none".to_owned()))
            }
            9 | 10 => {
                let asked = |field: &Field| field.optional || matches!(field.ty, Type::Bool | Type::List(_));
                let (name, _) = self.name(names, asked)?;
                let mut there = sight.clone();
                if let Some(field) = there.names.get_mut(&name) {
                    field.optional = false;
                }
                let then = self.text(&there, depth - 1);
                let mut outside = sight.clone();
                self.believe(&mut outside, &there);
                let otherwise = if self.chance(300) { self.text(&outside, depth - 1) } else { Vec::new() };
                Piece::If(name, then, otherwise)
            }
            11 => {
                let (name, _) = self.name(names, |field| field.optional || matches!(field.ty, Type::Bool | Type::List(_)))?;
                let then = self.text(sight, depth - 1);
                Piece::Unless(name, then)
            }
            _ => {
                let (name, field) = self.name(names, |field| !field.optional && matches!(field.ty, Type::List(_)))?;
                let Type::List(item) = field.ty else { return None };
                let mut inside = Sight::default();
                inside.names.insert("@index".to_owned(), Field::required(Type::Int));
                inside.names.insert("this".to_owned(), Field::required((*item).clone()));
                for part in item.members() {
                    inside.names.insert(part.clone(), item.member(&part)?);
                }
                let mut body = vec![Piece::Lit(self.lit())];
                for _ in 0..self.dice.between(1, 2) {
                    // `@index` can be printed, and nothing else.
                    body.extend(self.piece(&inside, 0).filter(|piece| match piece {
                        Piece::Print(_) | Piece::Default(..) => true,
                        Piece::Upper(name) | Piece::Lower(name) => !name.starts_with('@'),
                        _ => false,
                    }));
                }
                Piece::Each(name, body)
            }
        })
    }
}
