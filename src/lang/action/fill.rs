//! What `fill_form` and `fill_feedback` have in common: a template by name, its fields by their questions.

use super::{Action, Draft, Stop, keyed};
use crate::lang::bind::resolve;
use crate::lang::compile::check::{Check, node_path};
use crate::lang::form::{FieldUse, FormUse, Gives};
use crate::lang::rule::Operand;
use crate::lang::scope::Scope;
use crate::lang::template::Template;
use crate::lang::yaml::{Key as YamlKey, Kind as NodeKind, Node};
use crate::model::{Act, FilledField, FilledForm, Kind, Pinned, Said, Slot, Type, UserId, Value};
use std::sync::Arc;

/// A form to fill.
#[derive(Debug)]
pub(super) struct Fill {
    verb: &'static str,
    kind: Kind,
    template: Operand,
    /// As written, for the identity of a keyless one.
    source: String,
    fields: Vec<(String, Option<Operand>)>,
    key: Option<Arc<Template>>,
    user: Option<Operand>,
}

/// Compiles what stands under either verb.
pub(super) fn parse(
    check: &mut Check<'_, '_>,
    scope: &mut Scope<'_>,
    entries: &[&(YamlKey, Node)],
    route: &str,
    (verb, kind): (&'static str, Kind),
) -> Option<Arc<dyn Action>> {
    let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
    let named = get("template")?;
    let template = check.needed(scope, named, &Type::Named(kind), &format!("{route}.template"));
    let mut good = true;
    let key = get("key").and_then(|node| {
        let key = check.full_text(scope, node, "a key");
        good &= key.is_some();
        key
    });
    let user = get("as").and_then(|node| {
        let user = check.needed(scope, node, &Type::Named(Kind::User), &format!("{route}.as"));
        good &= user.is_some();
        user
    });
    let mut fields = Vec::new();
    let mut uses = Vec::new();
    for (name, value) in get("fields").and_then(|node| node.entries(check.found)).unwrap_or_default() {
        let Some((operand, gives)) = field(check, scope, value) else {
            good = false;
            continue;
        };
        fields.push((name.text.clone(), operand));
        uses.push(FieldUse { name: name.text.clone(), span: name.span, gives, value: value.span });
    }
    let template = template?;
    if !good {
        return None;
    }
    check.forms.push(FormUse { kind, template: template.clone(), span: named.span, fields: uses });
    let source = named.scalar().unwrap_or_default().to_owned();
    Some(Arc::new(Fill { verb, kind, template, source, fields, key, user }))
}

/// One value: a `$path`, a text with `{{…}}`, a plain one, several in a list, or `~` for none. The template's field decides later
/// whether it takes it.
fn field(check: &mut Check<'_, '_>, scope: &Scope<'_>, node: &Node) -> Option<(Option<Operand>, Gives)> {
    if node.is_null() {
        return Some((None, Gives::Nothing));
    }
    if let Some(path) = node_path(node) {
        let found = check.path(scope, path, node)?;
        let gives = Gives::Typed { ty: found.ty, maybe_absent: found.maybe_absent };
        return Some((Some(Operand::Place(found.place)), gives));
    }
    if let NodeKind::Seq(items) = &node.kind {
        let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_text(check.found)).collect();
        let value = Value::texts(texts?);
        return Some((Some(Operand::Literal(value.clone())), Gives::Literal(value)));
    }
    let text = node.as_text(check.found)?.to_owned();
    if text.contains("{{") {
        return Some((Some(Operand::Text(check.text(scope, node)?)), Gives::Text));
    }
    let value = Value::Text(text);
    Some((Some(Operand::Literal(value.clone())), Gives::Literal(value)))
}

impl Action for Fill {
    fn verb(&self) -> &'static str {
        self.verb
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(value) = draft.value(&self.template)? else {
            draft.say(Said::Skipped { reason: format!("no {} is set", self.kind) });
            return Ok(());
        };
        let template = resolve(draft.ruleset(), self.kind, &value);
        let catalogue = Arc::clone(&draft.ruleset().catalogue);
        let Some(template) = template.and_then(|named| catalogue.template(self.kind, &named.id)) else {
            draft.say(Said::Skipped { reason: format!("the account's catalogue has no {} `{value}`", self.kind) });
            return Ok(());
        };
        let mut fields = Vec::new();
        for field in &template.fields {
            let given = self.fields.iter().find(|(name, _)| template.field(name).is_some_and(|named| named.id == field.id));
            let value = match given {
                Some((_, Some(operand))) => draft.value(operand)?,
                _ => None,
            };
            let wrong =
                |why: String| Stop::Unrenderable(format!("the field `{}` of the form `{}`: {why}", field.text, template.name));
            let value = match value {
                Some(value) => field.fill(&value).map_err(wrong)?,
                None if field.required => return Err(wrong("it must not be empty".to_owned())),
                None => None,
            };
            // Feedback says only what it has to say; of a profile form Lever wants every field.
            if value.is_some() || self.kind == Kind::FormTemplate {
                fields.push(FilledField { id: field.id.clone(), text: field.text.clone(), ty: field.ty.clone(), value });
            }
        }
        let user = match &self.user {
            None => None,
            Some(user) => {
                let Some(user) = draft.value(user)?.and_then(|user| resolve(draft.ruleset(), Kind::User, &user)) else {
                    draft.say(Said::Skipped { reason: "no user is set who gives the feedback".to_owned() });
                    return Ok(());
                };
                Some(UserId::new(user.id))
            }
        };
        let key = match &self.key {
            Some(key) => Some(keyed(draft, key)?),
            None => None,
        };
        let filled = FilledForm {
            template: Pinned { id: template.id.clone(), name: template.name.clone() },
            fields,
            key: key.as_ref().map(|key| key.key.clone()),
            user,
            created_at: draft.now(),
        };
        let (slot, act) = match self.kind {
            Kind::FormTemplate => (key.map(Slot::Form), Act::Form(filled)),
            _ => (key.map(Slot::Feedback), Act::Feedback(filled)),
        };
        draft.effect(slot, &self.identity(), act);
        Ok(())
    }

    fn identity(&self) -> String {
        match &self.key {
            Some(key) => format!("key {}", key.source()),
            None => self.source.clone(),
        }
    }
}
