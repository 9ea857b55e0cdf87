//! GET and POST /form_templates; GET, PUT and DELETE /form_templates/:id (lever-api §3.5).

use serde_json::{Value, json};

use super::body::Body;
use super::error::LeverError;
use super::field::Purpose;
use super::page::{in_order, page};
use super::sheet::{Template, template_of};
use super::{Answer, Desk, select};
use crate::sim::wire::Reply;

pub(super) fn list(desk: &mut Desk) -> Answer {
    let rows = desk.world.form_templates.iter().map(|it| select::plain(desk, it.shown(Purpose::Form)));
    page(desk.ask, in_order(rows.collect::<Vec<_>>()))
}

pub(super) fn get(desk: &mut Desk, id: &str) -> Answer {
    let shown = select::plain(desk, find(desk, id)?.shown(Purpose::Form));
    Ok(answer(desk, 200, shown))
}

pub(super) fn create(desk: &mut Desk) -> Answer {
    let new = template_of(&Body::read(desk.ask)?)?;
    let now = desk.world.clock.now_ms();
    let made = Template::new(new, Purpose::Form, &mut desk.world.ids, now, None).map_err(LeverError::bad_request)?;
    let made = Template { by_api: true, ..made };
    let shown = made.shown(Purpose::Form);
    desk.world.form_templates.push(made);
    Ok(answer(desk, 201, shown))
}

/// The whole template is replaced; fields with the same type and text keep their ids.
pub(super) fn replace(desk: &mut Desk, id: &str) -> Answer {
    let before = find(desk, id)?.clone();
    let new = template_of(&Body::read(desk.ask)?)?;
    let now = desk.world.clock.now_ms();
    let made = Template::new(new, Purpose::Form, &mut desk.world.ids, now, Some(&before));
    let made = made.map_err(LeverError::bad_request)?;
    let shown = made.shown(Purpose::Form);
    if let Some(kept) = desk.world.form_templates.iter_mut().find(|it| it.id == id) {
        *kept = made;
    }
    Ok(answer(desk, 200, shown))
}

pub(super) fn delete(desk: &mut Desk, id: &str) -> Answer {
    if !find(desk, id)?.by_api {
        return Err(LeverError::bad_request("Only form templates created through the API can be deleted"));
    }
    desk.world.form_templates.retain(|it| it.id != id);
    Ok(Reply::no_content())
}

fn find<'a>(desk: &'a Desk, id: &str) -> Result<&'a Template, LeverError> {
    let found = desk.world.form_templates.iter().find(|it| it.id == id);
    found.ok_or_else(|| LeverError::not_found("form templates", id))
}

/// Lever's documents show these answers without the usual `data` around them; which it is nobody has recorded.
pub(super) fn answer(desk: &Desk, status: u16, shown: Value) -> Reply {
    Reply::new(status, if desk.faults.bare_forms { shown } else { json!({ "data": shown }) })
}
