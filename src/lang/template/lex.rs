//! Finds the `{{…}}` of a text and cuts each into tokens. What cannot be part of the subset is refused here.

use super::parse::{REFUSED, SYNTAX};
use std::ops::Range;

pub(super) struct Tag<'a> {
    /// With its braces.
    pub(super) range: Range<usize>,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) comment: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// For blocks the name without `#` or `/`; for texts with the quotes.
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
}

impl Token<'_> {
    /// A text without its quotes.
    pub(super) fn inner(&self) -> &str {
        self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// `#name`
    Open,
    /// `/name`
    Close,
    Word,
    Text,
    Number,
    Paren,
    ParenEnd,
}

/// Something that cannot be; the reading goes on after it.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How far the text was read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn rest(&self, from: usize) -> &'a str {
        self.text.get(from..).unwrap_or_default()
    }

    /// The next `{{…}}`; nothing after the last.
    pub(super) fn next_tag(&mut self) -> Option<Result<Tag<'a>, Fault>> {
        let start = self.at + self.rest(self.at).find("{{")?;
        let result = self.tag(start);
        // INVARIANT: every step moves on, so that reading ends.
        self.at = match &result {
            Ok(tag) => tag.range.end,
            Err(fault) => self.after(fault.range.start.max(start)),
        };
        self.at = self.at.max(start + 2);
        Some(result)
    }

    /// Behind the braces that close, or behind the braces that open when there are none.
    fn after(&self, from: usize) -> usize {
        let rest = self.rest(from);
        let close = rest.find("}}").map_or(rest.len(), |end| {
            // `}}}` closes `{{{`.
            end + rest.get(end..).map_or(2, |braces| braces.len() - braces.trim_start_matches('}').len())
        });
        from + close
    }

    fn tag(&self, start: usize) -> Result<Tag<'a>, Fault> {
        let fault = |code, range: Range<usize>, message: &str, help: &str| {
            Err(Fault { code, range, message: message.to_owned(), help: help.to_owned() })
        };
        if self.text.get(..start).is_some_and(|before| before.ends_with('\\')) {
            return fault(
                REFUSED,
                start - 1..start + 2,
                "`\\{{` is not part of the rule language",
                "put a space between the backslash and the braces",
            );
        }
        let body = self.rest(start + 2);
        if let Some(comment) = body.strip_prefix("!--") {
            return match comment.find("--}}") {
                Some(end) => Ok(Tag { range: start..start + 5 + end + 4, tokens: Vec::new(), comment: true }),
                None => fault(SYNTAX, start..start + 5, "this comment is never closed", "add `--}}`"),
            };
        }
        if let Some(comment) = body.strip_prefix('!') {
            return match comment.find("}}") {
                Some(end) => Ok(Tag { range: start..start + 3 + end + 2, tokens: Vec::new(), comment: true }),
                None => fault(SYNTAX, start..start + 3, "this comment is never closed", "add `}}`"),
            };
        }
        if body.starts_with('{') {
            return fault(
                REFUSED,
                start..start + 3,
                "three braces are not part of the rule language",
                "write two: nothing is escaped anyway; put a space before a brace that is text",
            );
        }
        let mut at = start + 2;
        if self.rest(at).starts_with('~') {
            at += 1;
        }
        let sign = self.rest(at).trim_start();
        let signed = at + (self.rest(at).len() - sign.len());
        for (prefix, what, help) in [
            (">", "partials are not part of the rule language", "write the text here"),
            ("#>", "partials are not part of the rule language", "write the text here"),
            ("*", "decorators are not part of the rule language", "remove it"),
            ("#*", "decorators are not part of the rule language", "remove it"),
            ("&", "`{{&` is not part of the rule language", "leave the `&` out: nothing is escaped anyway"),
            ("^", "`{{^` is not part of the rule language", "write `{{else}}` or `{{#unless NAME}}`"),
            ("!", "a comment starts with `{{!`", "remove what stands between the braces and the `!`"),
        ] {
            if sign.starts_with(prefix) {
                return fault(REFUSED, signed..signed + prefix.len(), what, help);
            }
        }
        self.tokens(start, at)
    }

    fn tokens(&self, start: usize, mut at: usize) -> Result<Tag<'a>, Fault> {
        let mut tokens: Vec<Token<'a>> = Vec::new();
        loop {
            let rest = self.rest(at);
            let Some(c) = rest.chars().next() else {
                return Err(unclosed(start));
            };
            let rest_end = |len: usize| at..at + len;
            let closing = if rest.starts_with("~}}") { 3 } else { 2 };
            if rest.starts_with("}}") || rest.starts_with("~}}") {
                return Ok(Tag { range: start..at + closing, tokens, comment: false });
            }
            let token = match c {
                c if c.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                '{' | '}' if rest.starts_with("{{") => return Err(unclosed(start)),
                '(' => Token { kind: TokenKind::Paren, text: "(", range: rest_end(1) },
                ')' => Token { kind: TokenKind::ParenEnd, text: ")", range: rest_end(1) },
                '"' | '\'' => self.quoted(at, c)?,
                '#' | '/' if tokens.is_empty() => {
                    let name = word(rest.get(1..).unwrap_or_default());
                    let kind = if c == '#' { TokenKind::Open } else { TokenKind::Close };
                    Token { kind, text: name, range: rest_end(1 + name.len()) }
                }
                _ => {
                    let text = word(rest);
                    if text.is_empty() || text.contains(['=', '|', '[', ']', '{', '}', '\0']) {
                        let len = text.len().max(c.len_utf8());
                        let (message, help) = if text.contains('=') && !text.starts_with('=') {
                            ("named arguments are not part of the rule language".to_owned(), "give the values in order")
                        } else {
                            (
                                format!(
                                    "`{}` cannot stand between the braces",
                                    if text.is_empty() { rest.get(..len).unwrap_or_default() } else { text }
                                ),
                                "write a name, such as `{{candidate.name}}`",
                            )
                        };
                        return Err(Fault { code: SYNTAX, range: rest_end(len), message, help: help.to_owned() });
                    }
                    let number = text.strip_prefix('-').unwrap_or(text);
                    let kind = if number.starts_with(|c: char| c.is_ascii_digit())
                        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                    {
                        TokenKind::Number
                    } else {
                        TokenKind::Word
                    };
                    Token { kind, text, range: rest_end(text.len()) }
                }
            };
            at = token.range.end;
            tokens.push(token);
        }
    }

    fn quoted(&self, at: usize, quote: char) -> Result<Token<'a>, Fault> {
        let rest = self.rest(at + 1);
        let end = rest.find([quote, '\n', '\\']);
        match end {
            Some(end) if rest.get(end..).is_some_and(|rest| rest.starts_with(quote)) => {
                let range = at..at + end + 2;
                let text = self.text.get(range.clone()).unwrap_or_default();
                Ok(Token { kind: TokenKind::Text, text, range })
            }
            Some(end) if rest.get(end..).is_some_and(|rest| rest.starts_with('\\')) => Err(Fault {
                code: REFUSED,
                range: at + 1 + end..at + 2 + end,
                message: "a backslash cannot stand in this text".to_owned(),
                help: "use the other kind of quotes around a quote".to_owned(),
            }),
            _ => Err(Fault {
                code: SYNTAX,
                range: at..at + 1,
                message: "this quote is never closed".to_owned(),
                help: format!("add `{quote}`"),
            }),
        }
    }
}

fn unclosed(start: usize) -> Fault {
    Fault {
        code: SYNTAX,
        range: start..start + 2,
        message: "these braces are never closed".to_owned(),
        help: "add `}}`".to_owned(),
    }
}

/// Everything up to a blank, a bracket, a quote or the closing braces.
fn word(rest: &str) -> &str {
    let stop = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '}' | '~');
    let end = rest.find(stop).unwrap_or(rest.len());
    // A single `}` is part of the word, so that it is named in the message.
    if end == 0 && rest.starts_with('}') && !rest.starts_with("}}") {
        return rest.get(..1).unwrap_or_default();
    }
    rest.get(..end).unwrap_or_default()
}
