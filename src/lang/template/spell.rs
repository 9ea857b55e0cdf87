//! What a text may come out as, spelled out: each way through its blocks, with names left standing as `{{name}}`. For texts that must
//! be one of a few, such as members of a tag family.

use super::lex::{Lexer, TokenKind};

/// More ways than this are not looked at.
const MOST: usize = 64;
/// Stands for what a loop writes.
const LOOP: &str = "{{each}}";

struct Block {
    /// What was written before it.
    before: Vec<String>,
    /// The ways through the branches so far.
    through: Vec<String>,
    /// Whether one of its branches is taken in any case.
    otherwise: bool,
    each: bool,
}

/// The ways, without repetition; `None` where there are too many, or where the text does not parse.
pub(super) fn spelled(source: &str) -> Option<Vec<String>> {
    let source = tight(source);
    let (mut lexer, mut at) = (Lexer::new(&source), 0);
    let (mut ways, mut blocks) = (vec![String::new()], Vec::<Block>::new());
    while let Some(tag) = lexer.next_tag() {
        let tag = tag.ok()?;
        append(&mut ways, source.get(at..tag.range.start)?);
        at = tag.range.end;
        if tag.comment {
            continue;
        }
        let first = tag.tokens.first()?;
        match first.kind {
            TokenKind::Open => {
                blocks.push(Block { before: ways.clone(), through: Vec::new(), otherwise: false, each: first.text == "each" });
            }
            TokenKind::Close => {
                let block = blocks.pop()?;
                let mut through = block.through;
                if block.each {
                    let mut looped = block.before.clone();
                    append(&mut looped, LOOP);
                    // What is written for an empty list, or nothing.
                    through = looped.into_iter().chain(if block.otherwise { ways } else { block.before }).collect();
                } else {
                    through.extend(ways);
                    through.extend(if block.otherwise { Vec::new() } else { block.before });
                }
                ways = through;
            }
            TokenKind::Word if first.text == "else" => {
                let block = blocks.last_mut()?;
                block.through.append(&mut ways);
                block.otherwise |= tag.tokens.len() == 1;
                ways.clone_from(&block.before);
            }
            _ => {
                let inner = source.get(tag.range.start + 2..tag.range.end - 2)?.trim();
                let printed = printed(inner);
                ways = ways.iter().flat_map(|way| printed.iter().map(move |piece| format!("{way}{piece}"))).collect();
            }
        }
        if ways.len() > MOST {
            return None;
        }
    }
    append(&mut ways, source.get(at..)?);
    ways.sort();
    ways.dedup();
    (blocks.is_empty()).then_some(ways)
}

fn append(ways: &mut [String], text: &str) {
    for way in ways {
        way.push_str(text);
    }
}

/// What an expression prints: a name, a label of a band, or what stands in for it.
fn printed(inner: &str) -> Vec<String> {
    let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner).trim();
    if let Some(name) = inner.strip_prefix("band ") {
        return vec![format!("{{{{{}}}}}", name.trim())];
    }
    let Some(rest) = inner.strip_prefix("default ") else { return vec![format!("{{{{{inner}}}}}")] };
    let rest = rest.trim();
    // The last argument is a text in quotes, or a name.
    let quoted = rest.char_indices().filter(|(_, c)| matches!(c, '"' | '\'')).map(|(at, _)| at).collect::<Vec<_>>();
    let (first, second) = match quoted[..] {
        [.., open, close] if close + 1 == rest.len() => (rest.get(..open), rest.get(open + 1..close).map(str::to_owned)),
        _ => match rest.rsplit_once(' ') {
            Some((first, second)) => (Some(first), Some(format!("{{{{{second}}}}}"))),
            None => (Some(rest), None),
        },
    };
    let mut all = printed(first.unwrap_or_default().trim());
    all.extend(second);
    all
}

/// `{{~` takes the blanks before it along, `~}}` those behind it.
fn tight(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{{~") {
        out.push_str(rest.get(..at).unwrap_or_default().trim_end());
        out.push_str("{{");
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    out.push_str(rest);
    let mut tight = String::with_capacity(out.len());
    for (n, piece) in out.split("~}}").enumerate() {
        if n > 0 {
            tight.push_str("}}");
        }
        tight.push_str(if n > 0 { piece.trim_start() } else { piece });
    }
    tight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(source: &str) -> Vec<String> {
        spelled(source).unwrap()
    }

    #[test]
    fn each_way_through_the_blocks_is_one() {
        assert_eq!(ways("plain"), ["plain"]);
        assert_eq!(ways("{{ a.b }} - x"), ["{{a.b}} - x"]);
        assert_eq!(ways("A{{#if p}} b{{/if}}"), ["A", "A b"]);
        assert_eq!(ways("{{#if p}}b{{else if q}}c{{else}}d{{/if}}"), ["b", "c", "d"]);
        assert_eq!(ways("x {{~#unless p~}} y {{~else~}} z {{~/unless}}"), ["xy", "xz"]);
        assert_eq!(ways("{{#if a}}1{{#if b}}2{{/if}}{{else}}3{{/if}}4"), ["124", "14", "34"]);
        assert_eq!(ways("{{default result.grade 'none'}}"), ["none", "{{result.grade}}"]);
        assert_eq!(ways("{{default (band verdict) \"open\"}} {{band v}}"), ["open {{v}}", "{{verdict}} {{v}}"]);
        assert_eq!(ways("{{round n 1}} %{{! why }}"), ["{{round n 1}} %"]);
        assert_eq!(ways("a{{#each l}}{{this}},{{else}}none{{/each}}"), ["anone", "a{{each}}"]);
        assert_eq!(spelled(&"{{#if a}}1{{/if}}".repeat(7)).map(|ways| ways.len()), None);
    }
}
