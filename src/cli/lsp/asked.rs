//! What an editor asks about one place: completion, hover, definition. From the protocol to `lang::caret` and back.

use super::board::Board;
use super::check;
use super::desk::{self, Around};
use super::last;
use super::text::{offset_at, path_of, range_of, uri_of_name};
use crate::cli::files::{read, shown};
use crate::lang::caret::{self, Ask, File, Item, ItemKind, Pack, Page, Role, Told};
use crate::lang::source::{SourceId, Span};
use crate::lang::yaml;
use crate::model::RuleName;
use crate::suite;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a file, with what lies around it.
pub(super) struct Place {
    pub(super) path: PathBuf,
    text: Arc<str>,
    offset: usize,
    around: Arc<Around>,
}

impl Place {
    /// The place that a request names; nothing for what is no file that leverd knows.
    pub(super) fn of(board: &Board, params: &Value) -> Option<Self> {
        let path = params.pointer("/textDocument/uri").and_then(Value::as_str).and_then(path_of)?;
        let text = match board.text(&path) {
            Some(text) => text,
            None => String::from_utf8(read(&path).ok()?).ok()?.into(),
        };
        let offset = offset_at(&text, params.get("position")?)?;
        let around = around(board, &path)?;
        Some(Self { path, text, offset, around })
    }

    fn id(&self) -> Option<SourceId> {
        self.around.desk.file(&shown(&self.path)).map(|(_, file)| file.id).or(self.around.desk.spare)
    }

    fn pack(&self) -> Option<&Pack> {
        if let Some((pack, _)) = self.around.desk.file(&shown(&self.path)) {
            return pack;
        }
        // A file that was just made.
        let beside = |file: &File| {
            let source = self.around.desk.sources.get(file.id);
            source.is_some_and(|source| Path::new(source.name()).parent() == self.path.parent())
        };
        self.around.desk.packs.iter().find(|pack| pack.files.iter().any(beside))
    }

    fn ask<T>(&self, mark: bool, answer: impl FnOnce(&Ask<'_>) -> T) -> Option<T> {
        let id = self.id()?;
        let whole = if mark { caret::marked(id, &self.text, self.offset) } else { yaml::sketch(id, &self.text) };
        let role = Role::of(&shown(&self.path), &whole)?;
        let file = File { role, id, root: whole };
        let page = Page { file, text: &self.text, offset: self.offset, tests: suite::tests_shape() };
        Some(answer(&Ask { desk: &self.around.desk, pack: self.pack(), page: &page }))
    }

    /// What can stand here.
    pub(super) fn completion(&self) -> Value {
        let Some((items, more)) = self.ask(true, caret::offer) else { return Value::Null };
        let items: Vec<Value> = items.iter().enumerate().map(|(at, item)| self.item(at, item)).collect();
        json!({ "isIncomplete": more, "items": items })
    }

    fn item(&self, at: usize, item: &Item) -> Value {
        let kind = match item.kind {
            ItemKind::Key => 10,
            ItemKind::Verb | ItemKind::Function => 3,
            ItemKind::Variable => 6,
            ItemKind::Word => 12,
            ItemKind::Thing => 18,
            ItemKind::Event => 23,
        };
        json!({
            "label": item.label,
            "kind": kind,
            "detail": item.detail,
            "documentation": { "kind": "markdown", "value": item.doc },
            "filterText": item.filter,
            "sortText": format!("{}{at:04}", item.rank),
            // As it is: the lines are indented already.
            "insertTextMode": 1,
            "textEdit": { "range": range_of(&self.text, item.range.clone()), "newText": item.insert },
        })
    }

    /// What stands here in Markdown, and its range.
    pub(super) fn told(&self) -> Option<(String, Value)> {
        let told = self.ask(false, caret::tell)??;
        let range = range_of(&self.text, told.span.range());
        let last = self.last(&told).into_iter().map(|line| format!("\n\n{line}"));
        Some((last.fold(told.text.clone(), |text, line| text + &line), range))
    }

    /// What it was in the last run of the rule.
    fn last(&self, told: &Told) -> Vec<String> {
        let (Some((fact, Some(rule))), Some(pack)) = (&told.fact, self.pack()) else { return Vec::new() };
        let Some(store) = &self.around.store else { return Vec::new() };
        last::values(store, &pack.accounts, &last::named(&pack.written), &RuleName::new(rule), fact)
    }

    /// Where it is declared.
    pub(super) fn definition(&self) -> Value {
        let id = self.id();
        let spans = self.ask(false, caret::declared).unwrap_or_default();
        let places =
            spans.into_iter().filter_map(|span| if Some(span.source) == id { self.here(span) } else { self.there(span) });
        places.collect()
    }

    fn here(&self, span: Span) -> Option<Value> {
        let uri = uri_of_name(&shown(&self.path))?;
        Some(json!({ "uri": uri, "range": range_of(&self.text, span.range()) }))
    }

    fn there(&self, span: Span) -> Option<Value> {
        let source = self.around.desk.sources.get(span.source)?;
        Some(json!({ "uri": uri_of_name(source.name())?, "range": range_of(source.text(), span.range()) }))
    }
}

/// What lies around a file: as the last check found it, or looked for now.
fn around(board: &Board, path: &Path) -> Option<Arc<Around>> {
    let checked = board.checked();
    let name = shown(path);
    let holds = |around: &&Arc<Around>| around.desk.file(&name).is_some();
    if let Some(desk) = checked.desks.values().find(holds) {
        return Some(Arc::clone(desk));
    }
    let targets = check::targets(path);
    let target = targets.last()?;
    if let Some(desk) = checked.desks.get(target) {
        return Some(Arc::clone(desk));
    }
    Some(board.desk(target, || desk::lay(target, &board.open())))
}
