//! Names and helper calls between the braces, noted for what they are read for.

use super::ast::{Arg, Call, Expr, Name, PathUse, Role};
use super::helper::Helper;
use super::lex::{Token, TokenKind};
use super::parse::{Parser, REFUSED, SYNTAX};
use crate::lang::diagnostic::Diagnostic;
use std::ops::Range;

impl Parser<'_> {
    /// `NAME` or `HELPER ARGUMENT…`.
    pub(super) fn expr(&mut self, tokens: &[Token<'_>], range: Range<usize>) -> Option<Expr> {
        let (first, rest) = tokens.split_first()?;
        match first.kind {
            TokenKind::Word if rest.is_empty() && Helper::by_name(first.text).is_none() => {
                self.path(first, Some(Role::Print)).map(Expr::Path)
            }
            TokenKind::Word => self.call(tokens, range, 0).map(Expr::Call),
            _ => {
                self.refuse(REFUSED, first.range.clone(), "a name must stand here", "write plain text without braces");
                None
            }
        }
    }

    fn call(&mut self, tokens: &[Token<'_>], range: Range<usize>, depth: usize) -> Option<Call> {
        let (first, mut rest) = tokens.split_first()?;
        let Some(helper) = Helper::by_name(first.text) else {
            let span = (self.place)(first.range.clone());
            let known: Vec<&str> = Helper::ALL.iter().map(|helper| helper.name()).collect();
            let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.faults.push(
                Diagnostic::error(REFUSED, span, format!("there is no helper `{}`", first.text))
                    .suggest_near(span, first.text, known)
                    .help(format!("known helpers are {list}")),
            );
            return None;
        };
        let mut args = Vec::new();
        let before = self.faults.len();
        while let Some((token, more)) = rest.split_first() {
            rest = more;
            let role = if args.is_empty() { helper.role() } else { Role::Maybe };
            match token.kind {
                TokenKind::Text => args.push(Arg::Text(token.inner().to_owned(), (self.place)(token.range.clone()))),
                TokenKind::Number => args.push(Arg::Number(token.text.to_owned(), (self.place)(token.range.clone()))),
                TokenKind::Paren => {
                    let inner = matching(rest);
                    let (arguments, after) = rest.split_at_checked(inner).unwrap_or((rest, &[]));
                    let end = after.first().map_or(token.range.end, |close| close.range.end);
                    rest = after.get(1..).unwrap_or_default();
                    let whole = token.range.start..end;
                    if depth > 0 {
                        self.refuse(REFUSED, whole, "one helper inside another is the most", "use a `{{#if}}` instead");
                    } else if arguments.is_empty() {
                        self.refuse(SYNTAX, whole, "nothing stands between these brackets", "write a helper and its arguments");
                    } else if let Some(call) = self.call(arguments, whole, depth + 1) {
                        args.push(Arg::Call(call));
                    }
                }
                TokenKind::Word if helper == Helper::Band => {
                    let name = token.text;
                    if is_identifier(name) {
                        let up = self.loops.len() - 1;
                        self.note(Role::Band, name, up, token.range.clone());
                        args.push(Arg::Band(name.to_owned(), (self.place)(token.range.clone())));
                    } else {
                        self.refuse(
                            SYNTAX,
                            token.range.clone(),
                            format!("`{name}` is no name of a band"),
                            "bands are named under `bands`",
                        );
                    }
                }
                TokenKind::Word => args.extend(self.path(token, Some(role)).map(Arg::Path)),
                TokenKind::Open | TokenKind::Close | TokenKind::ParenEnd => {
                    self.refuse(
                        SYNTAX,
                        token.range.clone(),
                        format!("`{}` cannot stand here", token.text),
                        format!("write {}", helper.usage()),
                    );
                }
            }
        }
        if self.faults.len() > before {
            return None;
        }
        let (least, most) = helper.arity();
        if args.len() < least || args.len() > most {
            let message = format!("`{}` takes {} arguments, not {}", helper.name(), counted(least, most), args.len());
            self.refuse(SYNTAX, range, message, format!("write {}", helper.usage()));
            return None;
        }
        Some(Call { helper, span: (self.place)(range), args })
    }

    /// A name, noted for its role (unless the caller does that).
    pub(super) fn path(&mut self, token: &Token<'_>, role: Option<Role>) -> Option<PathUse> {
        let mut rest = token.text;
        let mut up = 0;
        while let Some(after) = rest.strip_prefix("../") {
            up += 1;
            rest = after;
        }
        if up >= self.loops.len() {
            let help = if self.loops.len() == 1 {
                "`../` leaves an `{{#each}}`, and there is none here"
            } else {
                "remove one `../`: there are not so many `{{#each}}` around"
            };
            self.refuse(SYNTAX, token.range.clone(), format!("`{}` leads out of the text's names", token.text), help);
            return None;
        }
        let inside = self.loops.len() - up > 1;
        let rest = rest.strip_prefix("./").unwrap_or(rest);
        let name = match rest {
            "this" | "." if inside => Name::This,
            "@index" | "@first" | "@last" if inside && up == 0 => match rest {
                "@index" => Name::Index,
                "@first" => Name::First,
                _ => Name::Last,
            },
            "this" | "." | "@index" | "@first" | "@last" => {
                self.refuse(
                    SYNTAX,
                    token.range.clone(),
                    format!("`{}` has a meaning inside of `{{{{#each}}}}` only", token.text),
                    "name what you mean",
                );
                return None;
            }
            _ if rest.starts_with('@') => {
                self.refuse(
                    REFUSED,
                    token.range.clone(),
                    format!("`{rest}` is not part of the rule language"),
                    "known are `@index`, `@first` and `@last`; `../` leaves an `{{#each}}`",
                );
                return None;
            }
            "true" | "false" | "null" => {
                self.refuse(
                    REFUSED,
                    token.range.clone(),
                    format!("`{rest}` is no name"),
                    "write a name, or plain text without braces",
                );
                return None;
            }
            _ => {
                let rest = rest.strip_prefix("this.").filter(|_| inside).unwrap_or(rest);
                if let Some(name) = rest.strip_suffix(',').filter(|name| name.split('.').all(is_identifier)) {
                    let span = (self.place)(token.range.clone());
                    let fault = Diagnostic::error(SYNTAX, span, "what stands between the braces takes no commas");
                    self.faults.push(fault.suggest_as("leave it out", span, name));
                    return None;
                }
                if !rest.split('.').all(is_identifier) {
                    self.refuse(
                        SYNTAX,
                        token.range.clone(),
                        format!("`{}` is no name", token.text),
                        "names are words of letters, digits and `_`, joined by `.`",
                    );
                    return None;
                }
                Name::Field(rest.to_owned())
            }
        };
        if let Some(role) = role
            && matches!(name, Name::Field(_) | Name::This)
        {
            self.note(role, name.as_str(), up, token.range.clone());
        }
        Some(PathUse { up, name, span: (self.place)(token.range.clone()) })
    }

    fn note(&mut self, role: Role, name: &str, up: usize, range: Range<usize>) {
        let frame = self.frame_of(up);
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.uses.insert((role, name.to_owned()));
        }
        self.edits.push((range, format!("{}[{}]", "../".repeat(up), role.key(name))));
    }
}

fn counted(least: usize, most: usize) -> String {
    match most - least {
        0 => least.to_string(),
        1 => format!("{least} or {most}"),
        _ => format!("{least} to {most}"),
    }
}

/// How many tokens stand before the bracket that closes.
fn matching(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Paren => depth += 1,
            TokenKind::ParenEnd if depth == 0 => return at,
            TokenKind::ParenEnd => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
