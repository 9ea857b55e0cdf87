//! Finding the function that answers a request.

use crate::sim::wire::{Ask, Reply, match_path};

/// Method, path with holes, and what answers; the holes' values are given in order.
pub(crate) type Route<W> = (&'static str, &'static str, fn(&mut W, &Ask, &[&str]) -> Reply);

/// The answer of the first route that fits; `None` without one.
pub(crate) fn dispatch<W>(world: &mut W, ask: &Ask, routes: &[Route<W>]) -> Option<Reply> {
    let segments = ask.segments();
    let (handle, holes) = routes
        .iter()
        .filter(|(method, _, _)| *method == ask.method)
        .find_map(|(_, path, handle)| Some((handle, match_path(path, &segments)?)))?;
    Some(handle(world, ask, &holes))
}

/// The only hole of a path.
pub(crate) fn hole<'a>(holes: &[&'a str]) -> &'a str {
    holes.first().copied().unwrap_or_default()
}
